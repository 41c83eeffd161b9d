from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.nnunet_ext.trainings import Training, list_trainings
from tests.whole_checkpoints import write_broken, write_checkpoint


def listed(results: Path, variants: tuple[str, ...] = ("glenoid",)) -> list[Training]:
    return list_trainings(
        results, "7", variants=variants, folds=["0", "1", "2"], plans_name="P", device="cpu"
    )


def test_states_and_commands(tmp_path: Path) -> None:
    model = tmp_path / "nnUNetTrainerShoulderGlenoid__P__2d"
    (model / "fold_0" / "validation").mkdir(parents=True)
    (model / "fold_0" / "validation" / "summary.json").touch()
    (model / "fold_0" / "checkpoint_final.pth").touch()
    write_checkpoint(model / "fold_1" / "checkpoint_latest.pth")
    finished, half, new = listed(tmp_path)
    assert [t.state for t in (finished, half, new)] == ["finished", "half-finished", "new"]
    expected = "nnUNetv2_train 7 2d 1 -tr nnUNetTrainerShoulderGlenoid -p P -device cpu --c"
    assert half.command == expected.split()
    assert new.command == expected.replace(" 1 ", " 2 ").replace(" --c", "").split()


def test_a_training_without_validation_is_not_finished(tmp_path: Path) -> None:
    fold = tmp_path / "nnUNetTrainerShoulderGlenoid__P__2d" / "fold_0"
    write_checkpoint(fold / "checkpoint_final.pth")
    assert listed(tmp_path)[0].state == "half-finished"


def test_a_checkpoint_that_was_cut_short_is_none(tmp_path: Path) -> None:
    fold = tmp_path / "nnUNetTrainerShoulderGlenoid__P__2d" / "fold_0"
    write_broken(fold / "checkpoint_latest.pth")
    (fold / "checkpoint_final.pth").touch()
    assert listed(tmp_path)[0].state == "new"
    write_checkpoint(fold / "checkpoint_best.pth")
    assert listed(tmp_path)[0].command[-1] == "--c"


def test_variant_by_variant(tmp_path: Path) -> None:
    order = [(t.variant, t.fold) for t in listed(tmp_path, ("whole", "humerus"))]
    assert order == [(v, f) for v in ("whole", "humerus") for f in "012"]


def test_unknown_variant(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'scapula'"):
        listed(tmp_path, ("scapula",))
