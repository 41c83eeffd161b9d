"""Needs the trained dataset of the session: what nnUNetv2_train left behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from shoulderseg.nnunet_ext.checkpoints import load_checkpoint
from shoulderseg.nnunet_ext.variants import CHECKPOINT, TRAINERS, model_folder
from tests.trainings import EPOCHS, ITERATIONS

if TYPE_CHECKING:
    from tests.conftest import TrainedDataset

PLANS = "shoulderSmallPlans"


@pytest.mark.parametrize("variant", TRAINERS)
def test_each_unet_found_its_bone(trained: TrainedDataset, variant: str) -> None:
    folder = model_folder(trained.results, variant, PLANS) / "fold_0" / "validation"
    mean = json.loads((folder / "summary.json").read_text())["mean"]
    # nnU-Net draws its patches without a seed; a mix-up of labels gives 0.
    assert min(scores["Dice"] for scores in mean.values()) > 0.25


@pytest.mark.parametrize("variant", TRAINERS)
def test_length_is_the_one_asked_for(trained: TrainedDataset, variant: str) -> None:
    fold = model_folder(trained.results, variant, PLANS) / "fold_0"
    assert load_checkpoint(fold / CHECKPOINT)["current_epoch"] == EPOCHS
    told = json.loads((fold / "schedule.json").read_text())
    lengths = {"epochs": EPOCHS, "iterations": ITERATIONS[variant]}
    assert told == {**lengths, "learning_rate": 0.01, "augmentation": "usual"}


def test_an_interrupted_training_went_on_where_it_stopped(trained: TrainedDataset) -> None:
    fold = model_folder(trained.results, "humerus", PLANS) / "fold_0"
    logs = [path.read_text() for path in sorted(fold.glob("training_log_*.txt"))]
    epochs = [[f": Epoch {number}" in log for number in (0, 1, 2)] for log in logs]
    assert epochs == [[True, False, False], [False, True, False]]


def test_folds_are_those_of_the_raw_dataset(trained: TrainedDataset) -> None:
    folders = (trained.root / "nnUNet_raw", trained.root / "nnUNet_preprocessed")
    raw, used = (json.loads((f / trained.name / "splits_final.json").read_text()) for f in folders)
    assert raw == used
    validated = model_folder(trained.results, "whole", PLANS) / "fold_0" / "validation"
    assert {path.name for path in validated.glob("*.nii.gz")} == {
        f"{case}.nii.gz" for case in raw[0]["val"]
    }
