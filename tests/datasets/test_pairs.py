"""Pairs of images and label maps become a dataset."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.case_patients import read_patients
from shoulderseg.datasets.nnunet_raw import DatasetSpec, write_case
from shoulderseg.datasets.pairs import ConversionError, convert_pairs
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.volume import Volume, same_grid
from tests.datasets.mixed_pairs import CASES, SPEC, convert

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt


def test_dataset_holds_the_images_the_new_labels_and_folds_by_patient(
    pairs: Path, oblique: Volume, labels: Volume
) -> None:
    report = convert(pairs, test_cases=["p3_a"])
    assert report.folder == pairs / "out/Dataset007_Shoulder"
    assert report.training_cases == ("p1_a", "p1_b", "p2_a", "p4_a")
    assert report.test_cases == ("p3_a",)
    assert report.training_patients == 3
    names = sorted(str(p.relative_to(report.folder)) for p in report.folder.rglob("*.nii.gz"))
    assert names == sorted(
        [f"imagesTr/{case}_0000.nii.gz" for case in report.training_cases]
        + [f"labelsTr/{case}.nii.gz" for case in report.training_cases]
        + ["imagesTs/p3_a_0000.nii.gz", "labelsTs/p3_a.nii.gz"]
    )
    image = read_image(report.folder / "imagesTr/p1_b_0000.nii.gz")
    assert np.array_equal(image.array, oblique.array + 1)
    assert same_grid(image, oblique)
    label_map = read_label_map(report.folder / "labelsTr/p1_b.nii.gz")
    assert np.array_equal(label_map.array, (labels.array == 3) + 2 * (labels.array == 5))
    splits = json.loads((report.folder / "splits_final.json").read_text())
    assert sorted(split["val"] for split in splits) == [["p1_a", "p1_b"], ["p2_a"], ["p4_a"]]
    assert json.loads((report.folder / "dataset.json").read_text())["numTraining"] == 4
    own = {"p2_a": "p2_a", "p3_a": "p3_a", "p4_a": "p4_a"}
    cases = [*report.training_cases, *report.test_cases]
    assert read_patients(report.folder, cases) == {"p1_a": "p1_a", "p1_b": "p1_a", **own}
    assert [entry.name for entry in (pairs / "out").iterdir()] == ["Dataset007_Shoulder"]
    assert list((pairs / "out").rglob(".part-*")) == []


def test_each_case_is_its_own_patient_by_default(pairs: Path) -> None:
    report = convert(pairs, patient_pattern=None, folds=5)
    assert report.training_patients == 5


def test_drawn_test_patients_take_all_their_cases(pairs: Path) -> None:
    for count in (1, 2):
        report = convert(pairs, test_cases=count, folds=2, overwrite=True)
        tested = {case[:2] for case in report.test_cases}
        assert len(tested) == count
        assert not tested & {case[:2] for case in report.training_cases}


def test_two_values_may_share_a_name(pairs: Path, labels: Volume) -> None:
    spec = DatasetSpec(8, "Bone", labels={"background": 0, "bone": 1})
    report = convert(pairs, spec=spec, label_values={3: "bone", 5: "bone"})
    written = read_label_map(report.folder / "labelsTr/p2_a.nii.gz")
    assert np.array_equal(written.array, labels.array > 0)


def test_existing_dataset_is_replaced_only_on_request(pairs: Path) -> None:
    folder = convert(pairs).folder
    with pytest.raises(ConversionError, match="not empty"):
        convert(pairs)
    (pairs / "images/p4_a_0000.nii.gz").unlink()
    (pairs / "labels/p4_a.nii.gz").unlink()
    report = convert(pairs, overwrite=True)
    assert "p4_a" not in report.training_cases
    assert not list(folder.rglob("p4_a*"))
    (folder / "thesis.txt").touch()
    with pytest.raises(ConversionError, match=r"also holds thesis\.txt"):
        convert(pairs, overwrite=True)


def test_number_of_another_dataset(pairs: Path) -> None:
    convert(pairs)
    with pytest.raises(ConversionError, match="Dataset007_Shoulder: it has the dataset number 7"):
        convert(pairs, spec=DatasetSpec(7, "Other"))


def test_inputs_in_the_folder_to_be_replaced(pairs: Path) -> None:
    folder = convert(pairs).folder
    with pytest.raises(ConversionError, match="imagesTr: it lies in the dataset folder"):
        convert_pairs(
            folder / "imagesTr",
            folder / "labelsTr",
            pairs / "out",
            SPEC,
            {1: "humerus", 2: "glenoid"},
            rng=np.random.default_rng(0),
            folds=3,
            overwrite=True,
        )


def test_interrupted_conversion_keeps_what_is_written(
    pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def stop_at_third(
        folder: Path, case: str, image: Volume, label_map: npt.NDArray[np.uint8]
    ) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(case)
        write_case(folder, case, image, label_map)

    with monkeypatch.context() as patch:
        patch.setattr("shoulderseg.datasets.converters.case_notes.write_case", stop_at_third)
        with pytest.raises(KeyboardInterrupt):
            convert(pairs)
        assert [entry.name for entry in (pairs / "out").iterdir()] == [
            ".Dataset007_Shoulder.converting"
        ]
        with pytest.raises(KeyboardInterrupt):
            convert(pairs)
    assert written == ["p1_a", "p1_b"]
    # What a killed process leaves of a file that it was writing.
    unfinished = pairs / "out/.Dataset007_Shoulder.converting/dataset/imagesTr/.part-ab12"
    unfinished.mkdir()
    (unfinished / "part.nii.gz").write_bytes(b"half")
    report = convert(pairs)
    assert report.training_cases == tuple(CASES)
    assert [entry.name for entry in (pairs / "out").iterdir()] == ["Dataset007_Shoulder"]
