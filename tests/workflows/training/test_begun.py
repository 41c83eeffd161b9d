"""Trainings that have begun, with other plans or with checkpoints that were cut short."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoulderseg.nnunet_ext.learned_with import keep_learned_with
from shoulderseg.workflows.training.train import TrainingOrder, prepare_trainings
from tests.whole_checkpoints import write_broken, write_checkpoint


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset that is planned, without its raw cases."""
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable / "Dataset004_X").mkdir(parents=True)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    (tmp_path / "nnUNet_preprocessed/Dataset004_X/nnUNetPlans.json").write_text("{}")
    return tmp_path


def test_trainings_that_began_otherwise_or_were_cut_short(
    planned: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plans = planned / "nnUNet_preprocessed/Dataset004_X/nnUNetPlans.json"
    order = TrainingOrder("4", "cpu", variants=["glenoid"], folds=["2"])
    folder = prepare_trainings(order).trainings[0].folder
    write_broken(folder / "checkpoint_latest.pth")
    assert prepare_trainings(order).trainings[0].state == "new"
    assert "checkpoint_latest.pth is not whole" in caplog.text
    assert "the training begins anew" in caplog.text
    write_checkpoint(folder / "checkpoint_best.pth")
    assert prepare_trainings(order).trainings[0].command[-1] == "--c"
    assert "the training goes on from checkpoint_best.pth" in caplog.text

    planned_now = {"configurations": {"2d": {"patch_size": [256, 256]}}}
    keep_learned_with(folder, planned_now, "2d", {})
    plans.write_text(json.dumps(planned_now))
    assert prepare_trainings(order).trainings
    planned_now["configurations"]["2d"]["patch_size"] = [128, 128]
    plans.write_text(json.dumps(planned_now))
    with pytest.raises(ValueError, match=r"glenoid fold 2 learned with other plans .*patch_size"):
        prepare_trainings(order)
    (folder / "validation").mkdir()
    (folder / "validation/summary.json").touch()
    assert prepare_trainings(order).trainings[0].state == "finished"
    assert "export refuses to join it" in caplog.text
