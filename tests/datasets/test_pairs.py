from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from shoulderseg.datasets.converters.source import Rejected
from shoulderseg.datasets.nnunet_raw import DatasetSpec, write_case
from shoulderseg.datasets.pairs import (
    ConversionError,
    ConversionReport,
    convert_pairs,
    survey_pairs,
)
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.volume import Volume, same_grid
from shoulderseg.datasets.writer import write_image

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

_SPEC = DatasetSpec(7, "Shoulder")
_VALUES = {3: "humerus", 5: "glenoid"}
_CASES = ["p1_a", "p1_b", "p2_a", "p3_a", "p4_a"]


@pytest.fixture
def source(tmp_path: Path, oblique: Volume, labels: Volume) -> Path:
    """Five cases of four patients in mixed formats, each with other voxels."""
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for number, case in enumerate(_CASES):
        suffix = ".mha" if number % 2 else ".nii.gz"
        image = replace(oblique, array=oblique.array + number)
        write_image(tmp_path / "images" / f"{case}_0000{suffix}", image)
        write_image(tmp_path / "labels" / f"{case}.nii.gz", labels)
    return tmp_path


def _convert(source: Path, **change: object) -> ConversionReport:
    options: dict[str, Any] = {"patient_pattern": r"^(p\d+)_", "folds": 3, **change}
    return convert_pairs(
        source / "images",
        source / "labels",
        source / "out",
        options.pop("spec", _SPEC),
        options.pop("label_values", _VALUES),
        rng=np.random.default_rng(0),
        **options,
    )


def _problems(source: Path, **change: object) -> tuple[str, ...]:
    with pytest.raises(ConversionError) as caught:
        _convert(source, **change)
    assert not (source / "out").exists()
    for problem in caught.value.problems:
        assert problem in str(caught.value)
    return caught.value.problems


def _surveyed(source: Path, *, allow_missing: bool = False) -> list[Rejected]:
    folders = source / "images", source / "labels"
    found = survey_pairs(*folders, _SPEC, _VALUES, allow_missing=allow_missing)
    return [entry for entry in found if isinstance(entry, Rejected)]


def test_dataset_holds_the_images_the_new_labels_and_folds_by_patient(
    source: Path, oblique: Volume, labels: Volume
) -> None:
    report = _convert(source, test_cases=["p3_a"])
    assert report.folder == source / "out/Dataset007_Shoulder"
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
    assert [entry.name for entry in (source / "out").iterdir()] == ["Dataset007_Shoulder"]


def test_each_case_is_its_own_patient_by_default(source: Path) -> None:
    report = _convert(source, patient_pattern=None, folds=5)
    assert report.training_patients == 5


def test_drawn_test_patients_take_all_their_cases(source: Path) -> None:
    for count in (1, 2):
        report = _convert(source, test_cases=count, folds=2, overwrite=True)
        tested = {case[:2] for case in report.test_cases}
        assert len(tested) == count
        assert not tested & {case[:2] for case in report.training_cases}


def test_all_problems_are_listed_at_once(source: Path, labels: Volume) -> None:
    (source / "labels/p2_a.nii.gz").unlink()
    write_image(source / "labels/p9_a.nii.gz", labels)
    cut = source / "images/p1_a_0000.nii.gz"
    cut.write_bytes(cut.read_bytes()[:-9])
    shifted = replace(labels, origin_mm=(0.0, 0.0, 0.0))
    write_image(source / "labels/p1_b.nii.gz", shifted)
    odd = labels.array.copy()
    odd[0, 0, :2] = (9, 4)
    write_image(source / "labels/p3_a.nii.gz", replace(labels, array=odd))
    found = "\n".join(_problems(source, test_cases=["zz"]))
    assert "image p2_a_0000.nii.gz: there is no label map named p2_a" in found
    assert "label map p9_a.nii.gz: there is no image named p9_a" in found
    assert "image p1_a_0000.nii.gz: file ends early" in found
    assert "label map p1_b.nii.gz: grid differs from its image. origin" in found
    assert "found (0, 0, 0), expected (-180.0582, -97.14777, 112.828)" in found
    assert "label map p3_a.nii.gz: unknown label values [4, 9], expected [0, 3, 5]" in found
    assert "test case zz: there is no such case" in found
    assert len(found.splitlines()) == 6


def test_pairs_without_a_structure(source: Path, labels: Volume) -> None:
    partly = replace(labels, array=np.where(labels.array == 5, 0, labels.array))
    write_image(source / "labels/p2_a.nii.gz", partly)
    (problem,) = _problems(source)
    assert problem.startswith("label map p2_a.nii.gz: no voxel of it is glenoid.")
    (found,) = _surveyed(source)
    assert (found.name, found.reason, found.fault) == ("p2_a", problem, True)
    assert _surveyed(source, allow_missing=True) == []
    assert "p2_a" in _convert(source, allow_missing=True).training_cases


def test_pairs_without_any_label(source: Path, labels: Volume) -> None:
    write_image(source / "labels/p2_a.nii.gz", replace(labels, array=np.zeros_like(labels.array)))
    for allowed in (False, True):
        (problem,) = _problems(source, allow_missing=allowed)
        assert problem.startswith("label map p2_a.nii.gz: no voxel of it is labelled.")
        (found,) = _surveyed(source, allow_missing=allowed)
        assert (found.name, found.reason) == ("p2_a", problem)


def test_doubled_case_and_doubled_content(source: Path, oblique: Volume, labels: Volume) -> None:
    write_image(source / "images/p2_a.nrrd", replace(oblique, array=oblique.array + 50))
    write_image(source / "images/p8_a.nrrd", oblique)
    write_image(source / "labels/p8_a.nrrd", labels)
    doubled, same = _problems(source)
    assert doubled == "image p2_a_0000.nii.gz: same case name as p2_a.nrrd. Remove one."
    assert same == "image p8_a.nrrd: same voxels as p1_a_0000.nii.gz. Remove one."


def test_patient_in_test_and_training(source: Path) -> None:
    (problem,) = _problems(source, test_cases=["p1_a"])
    assert problem.startswith("test case p1_a: its patient is also in training with p1_b")


def test_fewer_patients_than_folds(source: Path) -> None:
    (problem,) = _problems(source, folds=5)
    assert "4 patients (5 cases) for 5 folds" in problem


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [(r"p\d", "has 0 groups"), (r"(p", "no regular expression"), (r"^(p[1-3])_", "case p4_a")],
)
def test_patient_pattern_that_does_not_work(source: Path, pattern: str, reason: str) -> None:
    assert any(reason in problem for problem in _problems(source, patient_pattern=pattern))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({3: "humerus", 5: "scapula"}, "mapped to 'scapula'"),
        ({3: "humerus"}, "'glenoid' has no label value"),
        ({0: "humerus", 3: "humerus", 5: "glenoid"}, "0 is mapped"),
        ({-1: "background", 3: "humerus", 5: "glenoid"}, "-1 is mapped"),
        ({}, "has no label value"),
    ],
)
def test_label_map_of_values_that_does_not_work(
    source: Path, values: dict[int, str], reason: str
) -> None:
    assert any(reason in problem for problem in _problems(source, label_values=values))


def test_two_values_may_share_a_name(source: Path, labels: Volume) -> None:
    spec = DatasetSpec(8, "Bone", labels={"background": 0, "bone": 1})
    report = _convert(source, spec=spec, label_values={3: "bone", 5: "bone"})
    written = read_label_map(report.folder / "labelsTr/p2_a.nii.gz")
    assert np.array_equal(written.array, labels.array > 0)


def test_existing_dataset_is_replaced_only_on_request(source: Path) -> None:
    folder = _convert(source).folder
    with pytest.raises(ConversionError, match="not empty"):
        _convert(source)
    (source / "images/p4_a_0000.nii.gz").unlink()
    (source / "labels/p4_a.nii.gz").unlink()
    report = _convert(source, overwrite=True)
    assert "p4_a" not in report.training_cases
    assert not list(folder.rglob("p4_a*"))
    (folder / "thesis.txt").touch()
    with pytest.raises(ConversionError, match=r"also holds thesis\.txt"):
        _convert(source, overwrite=True)


def test_number_of_another_dataset(source: Path) -> None:
    _convert(source)
    with pytest.raises(ConversionError, match="Dataset007_Shoulder: it has the dataset number 7"):
        _convert(source, spec=DatasetSpec(7, "Other"))


def test_inputs_in_the_folder_to_be_replaced(source: Path) -> None:
    folder = _convert(source).folder
    with pytest.raises(ConversionError, match="imagesTr: it lies in the dataset folder"):
        convert_pairs(
            folder / "imagesTr",
            folder / "labelsTr",
            source / "out",
            _SPEC,
            {1: "humerus", 2: "glenoid"},
            rng=np.random.default_rng(0),
            folds=3,
            overwrite=True,
        )


def test_empty_and_missing_folders(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/notes.txt").touch()
    found = "\n".join(_problems(tmp_path))
    assert "image folder images: no images found. It holds notes.txt" in found
    assert "label map folder labels: there is no such file or folder" in found


def test_interrupted_conversion_keeps_what_is_written(
    source: Path, monkeypatch: pytest.MonkeyPatch
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
            _convert(source)
        assert [entry.name for entry in (source / "out").iterdir()] == [
            ".Dataset007_Shoulder.converting"
        ]
        with pytest.raises(KeyboardInterrupt):
            _convert(source)
    assert written == ["p1_a", "p1_b"]
    report = _convert(source)
    assert report.training_cases == tuple(_CASES)
    assert [entry.name for entry in (source / "out").iterdir()] == ["Dataset007_Shoulder"]
