"""Trainings that are prepared, without any that runs."""

from __future__ import annotations

import json
import math
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from shoulderseg.cli.app import app
from shoulderseg.workflows.training.fold_lock import fold_held
from shoulderseg.workflows.training.plan import plan_dataset
from shoulderseg.workflows.training.size import plans_name
from shoulderseg.workflows.training.train import (
    Schedule,
    TrainingOrder,
    TrainingRun,
    command_line,
    prepare_trainings,
)

if TYPE_CHECKING:
    from pathlib import Path

    from shoulderseg.nnunet_ext.trainings import Training


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable / "Dataset004_X").mkdir(parents=True)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    return tmp_path


def test_a_schedule_reaches_the_processes_alone(root: Path) -> None:
    (root / "nnUNet_preprocessed/Dataset004_X/nnUNetPlans.json").write_text("{}")
    _describe(root)
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


def _describe(root: Path, **changed: Any) -> None:  # noqa: ANN401
    described = {
        "channel_names": {"0": "MRI"},
        "labels": {"background": 0, "humerus": 1, "glenoid": 2},
        "file_ending": ".nii.gz",
    }
    path = root / "nnUNet_raw/Dataset004_X/dataset.json"
    path.write_text(json.dumps(described | changed))


_BOTH = {"humerus": 1, "glenoid": 2}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"channel_names": {"0": "T1", "1": "PD"}}, r"has 2 channels \(T1, PD\)"),
        ({"labels": {"background": 0, **_BOTH, "ignore": 3}}, "ignore label"),
        ({"labels": {"background": 0, "bone": [1, 2], "glenoid": 2}}, "found regions"),
        ({"labels": {"background": 0, **_BOTH, "scapula": 3}}, "found 3"),
        ({"labels": {"background": 0, "humerus": 1}}, "found 1"),
        ({"labels": {"background": 0, "Glenoid": 1, "Humerus": 2}}, "put humerus first"),
        ({"labels": []}, "Dataset004_X"),
    ],
    ids=str,
)
def test_a_dataset_that_would_fail_later_is_refused_at_once(
    root: Path, changed: dict[str, Any], reason: str
) -> None:
    """Before `plan` begins, and again before `train` does."""
    (root / "nnUNet_preprocessed/Dataset004_X/nnUNetPlans.json").write_text("{}")
    _describe(root, **changed)
    with pytest.raises(ValueError, match=reason):
        prepare_trainings(TrainingOrder("4", "cpu"))
    with pytest.raises(ValueError, match=reason):
        plan_dataset("4", "small", None, pytest.fail)


@pytest.fixture
def planned(root: Path) -> Path:
    """The dataset with six cases, planned."""
    (root / "nnUNet_preprocessed/Dataset004_X/nnUNetPlans.json").write_text("{}")
    _describe(root)
    labels = root / "nnUNet_raw/Dataset004_X/labelsTr"
    labels.mkdir()
    (labels.parent / "imagesTr").mkdir()
    for number in range(6):
        (labels / f"c{number}.nii.gz").touch()
    return root


def test_cases_that_came_after_the_folds_were_drawn_are_named(
    planned: Path, caplog: pytest.LogCaptureFixture
) -> None:
    splits = planned / "nnUNet_preprocessed/Dataset004_X/splits_final.json"
    splits.write_text(json.dumps([{"train": ["c0", "c1"], "val": ["c2"]}] * 2))
    assert len(prepare_trainings(TrainingOrder("4", "cpu")).trainings) == 6
    assert "3 cases are in no fold (first: c3)" in caplog.text
    assert str(splits) in caplog.text
    splits.write_text(json.dumps([{"train": ["c0", "gone"], "val": ["c2"]}] * 2))
    with pytest.raises(ValueError, match=r"1 cases that are not in .*first: gone"):
        prepare_trainings(TrainingOrder("4", "cpu"))
    assert prepare_trainings(TrainingOrder("4", "cpu", folds=["all"])).trainings


def test_so_few_cases_that_no_folds_can_be_drawn(planned: Path) -> None:
    assert prepare_trainings(TrainingOrder("4", "cpu")).trainings
    for number in (4, 5):
        (planned / f"nnUNet_raw/Dataset004_X/labelsTr/c{number}.nii.gz").unlink()
    with pytest.raises(ValueError, match="has 4 cases, and nnU-Net draws 5 folds"):
        prepare_trainings(TrainingOrder("4", "cpu"))
    assert prepare_trainings(TrainingOrder("4", "cpu", folds=["all"])).trainings


def test_a_bundle_that_cannot_start_all_is_refused_before_any_begins(
    planned: Path, untrained: Path, tmp_path: Path
) -> None:
    order = TrainingOrder("4", "cpu", start_from=str(tmp_path / "bundle"))
    shutil.copytree(untrained, tmp_path / "bundle")
    assert prepare_trainings(order).trainings
    (tmp_path / "bundle/whole_fold_0.safetensors").unlink()
    manifest = json.loads((tmp_path / "bundle/bundle.json").read_text())
    del manifest["files"]["whole_fold_0.safetensors"]
    (tmp_path / "bundle/bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(FileNotFoundError, match=r"whole_fold_0\.safetensors"):
        prepare_trainings(order)
    only = replace(order, variants=["humerus"])
    assert prepare_trainings(only).trainings


def test_trainers_and_raw_dataset_have_to_agree_on_the_labels(planned: Path) -> None:
    copied = planned / "nnUNet_preprocessed/Dataset004_X/dataset.json"
    shutil.copy(planned / "nnUNet_raw/Dataset004_X/dataset.json", copied)
    assert prepare_trainings(TrainingOrder("4", "cpu")).trainings
    described = json.loads(copied.read_text())
    described["labels"] = {"background": 0, "glenoid": 2, "humerus": 1}
    copied.write_text(json.dumps(described))
    with pytest.raises(ValueError, match="the trainers go by the second"):
        prepare_trainings(TrainingOrder("4", "cpu"))

    def begins(command: str) -> None:
        raise InterruptedError(command)

    # Of images that are preprocessed anew the copy is made anew, too.
    with pytest.raises(InterruptedError, match="nnUNetv2_plan_and_preprocess"):
        plan_dataset("4", "small", None, begins)


def test_two_datasets_of_one_number_are_not_planned(planned: Path) -> None:
    # nnU-Net looks at folders alone.
    (planned / "nnUNet_raw/Dataset004_X.zip").touch()
    (planned / "nnUNet_results/Dataset004_Old").mkdir()
    with pytest.raises(ValueError, match="Dataset004_Old has that of Dataset004_X too"):
        plan_dataset("Dataset004_X", "small", None, pytest.fail)


def test_a_damaged_description(root: Path) -> None:
    (root / "nnUNet_raw/Dataset004_X/dataset.json").write_text("[1, 2")
    with pytest.raises(ValueError, match=r"dataset\.json is damaged"):
        plan_dataset("4", "small", None, pytest.fail)


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


def test_a_dataset_that_was_changed_after_it_was_planned_is_said(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    preprocessed = root / "nnUNet_preprocessed/Dataset004_X"
    for kind, name in (("imagesTr", "a_0000.nii.gz"), ("labelsTr", "a.nii.gz")):
        (root / "nnUNet_raw/Dataset004_X" / kind).mkdir()
        (root / "nnUNet_raw/Dataset004_X" / kind / name).touch()
    _describe(root)
    folds = [{"train": ["a"], "val": ["a"]}] * 3
    (root / "nnUNet_raw/Dataset004_X/splits_final.json").write_text(json.dumps(folds))
    (preprocessed / "nnUNetPlans_2d").mkdir()
    (preprocessed / "nnUNetPlans_2d/a.pkl").touch()
    (preprocessed / "nnUNetPlans.json").write_text("{}")
    order = TrainingOrder("4", "cpu", variants=["glenoid"], folds=["2"])
    prepare_trainings(order)
    assert not caplog.records

    os.utime(root / "nnUNet_raw/Dataset004_X/labelsTr/a.nii.gz", (2e9, 2e9))
    prepare_trainings(order)

    assert "run `shoulderseg plan` again before you train" in caplog.text
    assert "trained before" not in caplog.text
    checkpoint = prepare_trainings(order).trainings[0].folder / "checkpoint_latest.pth"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    os.utime(checkpoint, (1e9, 1e9))
    prepare_trainings(order)
    assert "glenoid fold 2 was trained before the dataset was planned" in caplog.text


def test_a_fold_that_another_process_trains_is_left_to_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "nnUNet_preprocessed/Dataset004_X/nnUNetPlans.json").write_text("{}")
    _describe(root)
    order = TrainingOrder("4", "cpu", variants=["glenoid"], folds=["1", "2"])
    first, second = prepare_trainings(order).trainings
    ran: list[str] = []

    def note(run: TrainingRun, training: Training, kept_open: list[int]) -> bool:
        ran.append(training.fold)
        return True

    monkeypatch.setattr("shoulderseg.workflows.training.train.run_training", note)
    with fold_held(first) as (now, _):
        assert now.state == first.state
        words = ["train", "4", "--variants", "glenoid", "--folds", "1,2", "--device", "cpu"]
        outcome = CliRunner().invoke(app, words)
    assert outcome.exit_code == 1, outcome.output
    assert "glenoid fold 1 (another process trains glenoid fold 1)" in " ".join(
        outcome.output.split()
    )
    assert ran == [second.fold]
