"""The experiment's own copy of the data."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoulderseg.datasets import output_file
from shoulderseg.datasets.case_patients import read_patients, write_patients
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.writer import write_label_map
from shoulderseg.workflows.experiment.data import lay_out
from shoulderseg.workflows.experiment.protocol import Protocol
from tests.workflows.experiment.made_experiment import write_raw

CASES = [f"p.{number}" for number in range(8)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_raw(tmp_path / "raw" / "Dataset004_Made", CASES)


def test_test_patients_lie_where_no_training_looks(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    data = lay_out(source, out, Protocol("4"))
    learned = {path.name.removesuffix("_0000.nii.gz") for path in (data.raw / "imagesTr").iterdir()}
    tested = {path.name.removesuffix(".nii.gz") for path in data.test_labels.iterdir()}
    assert learned == set(data.assignment.train)
    assert tested == set(data.assignment.test)
    assert learned | tested == set(CASES)
    assert not learned & tested
    described = json.loads((data.raw / "dataset.json").read_text())
    assert described["numTraining"] == len(list((data.raw / "labelsTr").iterdir())) == 5
    splits = json.loads((data.raw / "splits_final.json").read_text())
    assert [len(fold["val"]) for fold in splits] == [1] * 5
    for case in tested:
        source_image = source / "imagesTr" / f"{case}_0000.nii.gz"
        assert data.image(case).read_bytes() == source_image.read_bytes()
    # Nothing of the user's is changed.
    assert json.loads((source / "dataset.json").read_text())["numTraining"] == 8


def test_the_datasets_own_patients_stay_together(source: Path, tmp_path: Path) -> None:
    known = {case: f"p.{int(case[2:]) // 2 * 2}" for case in CASES}
    write_patients(source, known)
    protocol = Protocol("4", train=3, test=1, test_on=("p.3",))
    data = lay_out(source, tmp_path / "out", protocol)
    assert data.assignment.test == {"p.2": "p.2", "p.3": "p.2"}
    learned = read_patients(data.raw, data.assignment.train)
    assert learned == {case: known[case] for case in data.assignment.train}
    assert read_patients(data.test_images.parent, ["p.2", "p.3"]) == data.assignment.test
    # A pattern goes before them.
    other = lay_out(source, tmp_path / "other", Protocol("4", patient_pattern="(.+)"))
    assert len(other.assignment.train) == 5
    assert read_patients(other.raw, other.assignment.train) is None


def test_the_same_experiment_goes_on_and_another_is_refused(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    data = lay_out(source, out, Protocol("4"))
    (data.test_labels / f"{next(iter(data.assignment.test))}.nii.gz").unlink()
    assert lay_out(source, out, Protocol("4")) == data
    assert len(list(data.test_labels.iterdir())) == 3
    with pytest.raises(ValueError, match=r"experiment with seed 1, now 2; go on with the same"):
        lay_out(source, out, Protocol("4", seed=2))
    # What is scored, and beside what, may change; so may how the dataset is called.
    other = Protocol("Dataset004_Made", tolerance_mm=2.0, stock=("3d_fullres",))
    assert lay_out(source, out, other) == data


def test_changes_of_the_dataset_afterwards_count_for_nothing(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    data = lay_out(source, out, Protocol("4"))
    described = json.loads((source / "dataset.json").read_text())
    turned = {"background": 0, "glenoid": 2, "humerus": 1}
    (source / "dataset.json").write_text(json.dumps(described | {"labels": turned}))
    write_raw(source.parent / "more", ["p.9"])
    for part in ("imagesTr", "labelsTr"):
        for path in (source.parent / "more" / part).iterdir():
            path.rename(source / part / path.name)
    again = lay_out(source, out, Protocol("4"))
    assert again == data
    assert list(again.labels) == ["humerus", "glenoid"]


def test_a_copy_that_was_stopped_never_goes_on_with_another_draw(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    copy, copied = output_file.copy_file, 0

    def stop(path: Path, target: Path) -> None:
        nonlocal copied
        copied += 1
        if copied == 5:
            raise KeyboardInterrupt
        copy(path, target)

    monkeypatch.setattr(output_file, "copy_file", stop)
    with pytest.raises(KeyboardInterrupt):
        lay_out(source, out, Protocol("4"))
    with pytest.raises(ValueError, match="seed 1, now 2"):
        lay_out(source, out, Protocol("4", seed=2))
    changed = source / "labelsTr" / "p.0.nii.gz"
    kept = changed.read_bytes()
    changed.write_bytes(kept + b"\0")
    image = source / "imagesTr" / "p.0_0000.nii.gz"
    image.write_bytes(image.read_bytes() + b"\0")
    for path in (out / "nnUNet_raw" / source.name, out / "test"):
        shutil.rmtree(path, ignore_errors=True)
    # p.0 is either trained on or tested with these eight patients.
    with pytest.raises(ValueError, match=r"p\.0.*has changed since the experiment began"):
        lay_out(source, out, Protocol("4"))


def test_nothing_of_the_users_is_written_over(source: Path, tmp_path: Path) -> None:
    before = (source / "dataset.json").read_bytes()
    (tmp_path / "root").mkdir()
    source.parent.rename(tmp_path / "root" / "nnUNet_raw")
    own = tmp_path / "root" / "nnUNet_raw" / source.name
    for out in (tmp_path / "root", own, own / "experiment"):
        with pytest.raises(ValueError, match="holds the dataset, or lies in it"):
            lay_out(own, out, Protocol("4"))
    other = tmp_path / "other"
    (other / "nnUNet_results").mkdir(parents=True)
    with pytest.raises(ValueError, match="holds nnUNet_results and no experiment"):
        lay_out(own, other, Protocol("4"))
    assert (own / "dataset.json").read_bytes() == before
    assert not (own / "splits_final.json").exists()


def test_a_list_of_files_does_not_lead_to_test_patients(source: Path, tmp_path: Path) -> None:
    described = json.loads((source / "dataset.json").read_text())
    listed = described | {"dataset": {case: {"images": []} for case in CASES}}
    (source / "dataset.json").write_text(json.dumps(listed))
    data = lay_out(source, tmp_path / "out", Protocol("4"))
    assert "dataset" not in json.loads((data.raw / "dataset.json").read_text())


def test_what_is_missing_is_named(source: Path, tmp_path: Path) -> None:
    (source / "imagesTr" / "p.3_0000.nii.gz").unlink()
    with pytest.raises(ValueError, match=r"no image of case p\.3, expected p\.3_0000\.nii\.gz"):
        lay_out(source, tmp_path / "out", Protocol("4"))
    (source / "dataset.json").write_text("{bad")
    with pytest.raises(ValueError, match=r"dataset\.json is no JSON"):
        lay_out(source, tmp_path / "out", Protocol("4"))
    (source / "dataset.json").write_text("{}")
    with pytest.raises(
        ValueError, match="does not describe a dataset; expected channel_names, labels"
    ):
        lay_out(source, tmp_path / "out", Protocol("4"))
    with pytest.raises(FileNotFoundError, match="no raw nnU-Net dataset"):
        lay_out(tmp_path / "nowhere", tmp_path / "out", Protocol("4"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"labels": {"background": 0, "humerus": 1, "glenoid": 2, "ignore": 3}}, "ignore label"),
        ({"labels": {"background": 0, "humerus": 1, "glenoid": 2, "third": 3}}, "found 3"),
        ({"labels": {"background": 0, "bone": [1, 2], "glenoid": 2}}, "found regions"),
        ({"labels": {"background": 0, "humerus": 1, "glenoid": 3}}, "without gaps"),
        ({"channel_names": {"0": "T1", "1": "PD"}}, r"has 2 channels \(T1, PD\)"),
        ({"channel_names": 1}, "has the channel_names 1, expected"),
        ({"file_ending": None}, "does not describe a dataset"),
    ],
)
def test_a_description_that_was_refused_can_be_mended(
    source: Path, tmp_path: Path, changed: dict[str, object], told: str
) -> None:
    path = source / "dataset.json"
    sound = path.read_text()
    other = json.loads(sound) | changed
    path.write_text(json.dumps({name: value for name, value in other.items() if value is not None}))
    with pytest.raises(ValueError, match=told):
        lay_out(source, tmp_path / "out", Protocol("4"))
    assert not (tmp_path / "out").exists()
    path.write_text(sound)
    assert len(lay_out(source, tmp_path / "out", Protocol("4")).assignment.train) == 5


@pytest.mark.parametrize("fault", ["grid", "value"])
def test_a_case_that_was_refused_can_be_mended(source: Path, tmp_path: Path, fault: str) -> None:
    learned = next(iter(lay_out(source, tmp_path / "first", Protocol("4")).assignment.train))
    path = source / "labelsTr" / f"{learned}.nii.gz"
    sound = path.read_bytes()
    label_map = read_label_map(path)
    if fault == "grid":
        # nnU-Net only warns, and trains.
        x, y, z = label_map.origin_mm
        write_label_map(path, label_map.array, replace(label_map, origin_mm=(x + 0.5, y, z)))
        told = r"does not lie on the grid of its image"
    else:
        write_label_map(path, np.where(label_map.array > 1, 7, label_map.array), label_map)
        told = r"has the values \[7\], which are no labels; expected 0 and 1, 2"
    with pytest.raises(ValueError, match=rf"{re.escape(path.name)} {told}"):
        lay_out(source, tmp_path / "second", Protocol("4"))
    assert not (tmp_path / "second").exists()
    path.write_bytes(sound)
    lay_out(source, tmp_path / "second", Protocol("4"))


def test_an_image_that_is_trained_on_is_not_tested(
    source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drawn = lay_out(source, tmp_path / "first", Protocol("4")).assignment
    learned, other, *_ = drawn.train
    tested, *_ = drawn.test
    images = {case: source / "imagesTr" / f"{case}_0000.nii.gz" for case in CASES}
    kept = images[tested].read_bytes()
    images[tested].write_bytes(images[learned].read_bytes())
    told = rf"image of {learned}, which is trained on, and that of {tested}, which is tested, are"
    with pytest.raises(ValueError, match=told):
        lay_out(source, tmp_path / "second", Protocol("4"))
    assert not (tmp_path / "second").exists()
    # Said to be of one patient, they are on one side.
    write_patients(source, {case: learned if case == tested else case for case in CASES})
    lay_out(source, tmp_path / "second", Protocol("4", test=1))
    assert "count as two patients" not in caplog.text
    (source / "case_patients.json").unlink()
    images[tested].write_bytes(kept)
    images[other].write_bytes(images[learned].read_bytes())
    lay_out(source, tmp_path / "third", Protocol("4"))
    assert f"the images of {learned} and {other} are the same file" in caplog.text


def test_images_that_nnunet_would_turn_are_refused(source: Path, tmp_path: Path) -> None:
    described = json.loads((source / "dataset.json").read_text())
    described["overwrite_image_reader_writer"] = "NibabelIOWithReorient"
    (source / "dataset.json").write_text(json.dumps(described))
    with pytest.raises(ValueError, match="Dataset004_Made has its images read by 'NibabelIOWith"):
        lay_out(source, tmp_path / "out", Protocol("4"))
    assert not (tmp_path / "out").exists()
