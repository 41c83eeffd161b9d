"""Trainings that are prepared, without any that runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from shoulderseg.workflows.training.size import plans_name
from shoulderseg.workflows.training.train import (
    Schedule,
    TrainingOrder,
    command_line,
    prepare_trainings,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable / "Dataset004_X").mkdir(parents=True)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    return tmp_path


def test_a_schedule_reaches_the_processes_alone(root: Path) -> None:
    (root / "nnUNet_preprocessed/Dataset004_X/nnUNetPlans.json").write_text("{}")
    order = TrainingOrder(
        "4", "cpu", variants=["glenoid"], folds=["2"], schedule=Schedule(epochs=7)
    )
    run = prepare_trainings(order)
    (training,) = run.trainings
    assert run.environment["SHOULDERSEG_EPOCHS"] == "7"
    assert "SHOULDERSEG_ITERATIONS" not in run.environment
    assert command_line(run, training).endswith(
        "nnUNetv2_train Dataset004_X 2d 2 -tr nnUNetTrainerShoulderGlenoid "
        "-p nnUNetPlans -device cpu"
    )


def test_a_dataset_that_is_not_planned_says_what_to_run(root: Path) -> None:
    with pytest.raises(FileNotFoundError, match="shoulderseg plan 4 --size small"):
        prepare_trainings(TrainingOrder("4", "cpu", size="small"))


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_odd_learning_rates(rate: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        Schedule(learning_rate=rate)


def test_unknown_sizes() -> None:
    with pytest.raises(ValueError, match="expected auto or small"):
        plans_name("huge")
