"""Which commands stock nnU-Net still needs on a dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoulderseg.nnunet_ext.stock_trainings import StockCommands, is_planned, stock_commands
from tests.whole_checkpoints import write_checkpoint

NAME, CASES = "Dataset012_Made", ("a", "b", "c")


@pytest.fixture
def preprocessed(tmp_path: Path) -> Path:
    """A dataset of three cases that is planned in 2D alone, and preprocessed."""
    folder = tmp_path / "preprocessed" / NAME
    cases = folder / "P_2d"
    cases.mkdir(parents=True)
    (folder / "P.json").write_text(
        json.dumps({"configurations": {"2d": {"data_identifier": "P_2d"}}})
    )
    (folder / "dataset.json").write_text(json.dumps({"numTraining": len(CASES)}))
    for case in CASES:
        (cases / f"{case}.pkl").touch()
    return folder


def commands(preprocessed: Path, results: Path) -> StockCommands:
    return stock_commands(
        preprocessed, results, "2d", plans_name="P", folds=["0", "1"], device="cpu"
    )


def test_what_is_finished_is_left_out_and_what_is_begun_goes_on(
    preprocessed: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results" / NAME
    new = f"nnUNetv2_train {NAME} 2d 0 -tr nnUNetTrainerScheduled -p P -device cpu".split()
    assert commands(preprocessed, results).trainings[0] == new
    model = results / "nnUNetTrainerScheduled__P__2d"
    (model / "fold_0" / "validation").mkdir(parents=True)
    (model / "fold_0" / "validation" / "summary.json").touch()
    write_checkpoint(model / "fold_1" / "checkpoint_latest.pth")
    left = commands(preprocessed, results)
    assert [command[3:4] + command[-1:] for command in left.trainings] == [["1", "--c"]]
    assert left.model[-5:] == ["-f", "0", "1", "-device", "cpu"]
    assert left.model[: left.model.index("-f")] == [
        *("-d", NAME, "-c", "2d", "-tr", "nnUNetTrainerScheduled", "-p", "P")
    ]


def test_an_interrupted_preprocessing_is_made_again(preprocessed: Path, tmp_path: Path) -> None:
    (preprocessed / "P_2d" / "c.pkl").unlink()
    (preprocessed / "P_2d" / "._a.pkl").touch()
    first = commands(preprocessed, tmp_path / "results").trainings[0]
    expected = "nnUNetv2_preprocess -d 12 -c 2d -plans_name P -np 1"
    assert first == expected.split()


def test_a_configuration_that_is_not_planned_is_told(preprocessed: Path) -> None:
    assert is_planned(preprocessed, "P", "2d")
    assert not is_planned(preprocessed, "P", "3d_fullres")
    with pytest.raises(FileNotFoundError):
        is_planned(preprocessed, "Q", "2d")
