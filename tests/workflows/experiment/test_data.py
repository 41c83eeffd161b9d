"""The experiment's own copy of the data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


def test_the_same_experiment_goes_on_and_another_is_refused(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    data = lay_out(source, out, Protocol("4"))
    (data.test_labels / f"{next(iter(data.assignment.test))}.nii.gz").unlink()
    assert lay_out(source, out, Protocol("4")) == data
    assert len(list(data.test_labels.iterdir())) == 3
    with pytest.raises(ValueError, match=r"experiment with seed 1, now 2; go on with the same"):
        lay_out(source, out, Protocol("4", seed=2))
    (source / "labelsTr" / "p.0.nii.gz").rename(source / "labelsTr" / "p.9.nii.gz")
    (source / "imagesTr" / "p.0_0000.nii.gz").rename(source / "imagesTr" / "p.9_0000.nii.gz")
    with pytest.raises(ValueError, match="experiment with other cases"):
        lay_out(source, out, Protocol("4"))


def test_what_is_missing_is_named(source: Path, tmp_path: Path) -> None:
    (source / "imagesTr" / "p.3_0000.nii.gz").unlink()
    with pytest.raises(ValueError, match=r"no image of case p\.3, expected p\.3_0000\.nii\.gz"):
        lay_out(source, tmp_path / "out", Protocol("4"))
    with pytest.raises(FileNotFoundError, match="no raw nnU-Net dataset"):
        lay_out(tmp_path / "nowhere", tmp_path / "out", Protocol("4"))
