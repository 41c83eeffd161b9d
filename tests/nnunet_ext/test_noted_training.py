"""What trainings keep beside their checkpoints, with nnU-Net's own part replaced."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from shoulderseg.nnunet_ext.learned_with import NOTE_FILE
from shoulderseg.nnunet_ext.trainers import nnUNetTrainerScheduled
from shoulderseg.nnunet_ext.trainings import is_whole
from tests.whole_checkpoints import write_broken, write_checkpoint

LATEST, BEST = "checkpoint_latest.pth", "checkpoint_best.pth"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What nnU-Net is given to load."""
    files: list[str] = []

    def load(self: nnUNetTrainer, filename: str) -> None:
        files.append(Path(filename).name)

    def begin(self: nnUNetTrainer, plans: dict[str, Any], *_: object) -> None:
        self.output_folder = plans["folder"]
        self.local_rank, self.disable_checkpointing = 0, False
        self.plans_manager = SimpleNamespace(plans=plans)
        self.configuration_name = "2d"
        self.dataset_json = {"labels": {"background": 0, "humerus": 1, "glenoid": 2}}
        self.print_to_log_file = print

    monkeypatch.setattr(nnUNetTrainer, "__init__", begin)
    monkeypatch.setattr(nnUNetTrainer, "load_checkpoint", load)
    monkeypatch.setattr(nnUNetTrainer, "on_train_start", lambda self: None)
    return files


def trainer(folder: Path, *, resuming: bool = False, patch: int = 256, batch: int = 4) -> Any:  # noqa: ANN401
    configuration = {"patch_size": [patch, patch], "spacing": [0.5, 0.5], "batch_size": batch}
    plans = {"folder": str(folder), "configurations": {"2d": configuration}}
    return nnUNetTrainerScheduled(plans | {"continue_training": resuming}, "2d", 0, {})


@pytest.mark.usefixtures("loaded")
def test_a_full_disk_leaves_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training, path = trainer(tmp_path), tmp_path / LATEST
    monkeypatch.setattr(
        nnUNetTrainer, "save_checkpoint", lambda _, name: write_checkpoint(Path(name))
    )
    training.save_checkpoint(str(path))
    kept = path.read_bytes()

    def fail(self: nnUNetTrainer, name: str) -> None:
        write_broken(Path(name))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(nnUNetTrainer, "save_checkpoint", fail)
    with pytest.raises(OSError, match="No space left"):
        training.save_checkpoint(str(path))
    assert is_whole(path)
    assert path.read_bytes() == kept
    assert not list(tmp_path.glob("*.part"))


def test_a_broken_checkpoint_is_not_gone_on_from(
    tmp_path: Path, loaded: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write_broken(tmp_path / LATEST)
    write_checkpoint(tmp_path / BEST)
    trainer(tmp_path, resuming=True).load_checkpoint(str(tmp_path / LATEST))
    assert loaded == [BEST]
    assert f"goes on from {tmp_path / BEST}" in capsys.readouterr().out
    (tmp_path / BEST).unlink()
    trainer(tmp_path).on_train_start()
    assert f"{LATEST} is not whole; the training begins anew" in capsys.readouterr().out


@pytest.mark.usefixtures("loaded")
def test_a_training_does_not_go_on_with_other_plans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        nnUNetTrainer, "save_checkpoint", lambda _, name: write_checkpoint(Path(name))
    )
    path = tmp_path / LATEST
    begun = trainer(tmp_path)
    begun.on_train_start()
    begun.save_checkpoint(str(path))
    trainer(tmp_path, resuming=True, batch=8).load_checkpoint(str(path))
    with pytest.raises(ValueError, match=r"other plans or labels .*patch_size differ"):
        trainer(tmp_path, resuming=True, patch=128).load_checkpoint(str(path))
    # One of an earlier version goes on as before, and nobody knows what it began with.
    (tmp_path / NOTE_FILE).unlink()
    unknown = trainer(tmp_path, resuming=True, patch=128)
    unknown.load_checkpoint(str(path))
    unknown.save_checkpoint(str(path))
    assert not (tmp_path / NOTE_FILE).exists()
    (tmp_path / NOTE_FILE).write_text(json.dumps([]))
    with pytest.raises(ValueError, match=r"learned_with\.json is damaged"):
        trainer(tmp_path, resuming=True).load_checkpoint(str(path))
