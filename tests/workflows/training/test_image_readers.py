"""Datasets whose images nnU-Net would read otherwise than this package does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoulderseg.workflows.training.plan import plan_dataset
from shoulderseg.workflows.training.train import TrainingOrder, prepare_trainings

NAME = "Dataset004_X"
ORDER = TrainingOrder("4", "cpu")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """nnU-Net's folders, with a dataset that is planned."""
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable / NAME).mkdir(parents=True)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    (tmp_path / "nnUNet_preprocessed" / NAME / "nnUNetPlans.json").write_text("{}")
    return tmp_path


def describe(root: Path, **changed: Any) -> None:  # noqa: ANN401
    described = {
        "channel_names": {"0": "MRI"},
        "labels": {"background": 0, "humerus": 1, "glenoid": 2},
        "file_ending": ".nii.gz",
    }
    path = root / "nnUNet_raw" / NAME / "dataset.json"
    path.write_text(json.dumps(described | changed))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"overwrite_image_reader_writer": "NibabelIOWithReorient"},
            "read by 'NibabelIOWithReorient' .*, expected NibabelIO or SimpleITKIO: .*remove this",
        ),
        ({"file_ending": ".png"}, r"end in '\.png', .*`shoulderseg convert slices`"),
        ({"file_ending": ".TIF"}, r"end in '\.TIF', .*`shoulderseg convert slices`"),
    ],
)
def test_a_dataset_that_is_read_otherwise_is_refused_at_once(
    root: Path, changed: dict[str, Any], reason: str
) -> None:
    describe(root, **changed)
    with pytest.raises(ValueError, match=reason):
        prepare_trainings(ORDER)
    with pytest.raises(ValueError, match=reason):
        plan_dataset("4", "small", None, pytest.fail)


@pytest.mark.parametrize("reader", ["SimpleITKIO", "NibabelIO", "None"])
def test_readers_that_read_alike_are_taken(root: Path, reader: str) -> None:
    describe(root, overwrite_image_reader_writer=reader)
    assert prepare_trainings(ORDER).trainings


def test_images_that_were_preprocessed_by_another_reader(root: Path) -> None:
    describe(root)
    plans = root / "nnUNet_preprocessed" / NAME / "nnUNetPlans.json"
    plans.write_text(json.dumps({"image_reader_writer": "NibabelIO"}))
    assert prepare_trainings(ORDER).trainings
    # As it was before its entry was removed from the dataset.json.
    plans.write_text(json.dumps({"image_reader_writer": "NibabelIOWithReorient"}))
    told = r"nnUNetPlans\.json names the image reader 'NibabelIOWithReorient'.* Remove .*anew"
    with pytest.raises(ValueError, match=told):
        prepare_trainings(ORDER)
    plans.write_text("{bad")
    with pytest.raises(ValueError, match=r"nnUNetPlans\.json is damaged"):
        prepare_trainings(ORDER)
