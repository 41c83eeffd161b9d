"""Scores of folders, asked for by a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image
from shoulderseg.workflows.scoring.evaluate import evaluate_folders

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def put(path: Path, bone_rows: int) -> None:
    path.parent.mkdir(exist_ok=True)
    array = np.zeros((2, 12, 10), np.uint8)
    array[:, :bone_rows] = 1
    write_image(path, Volume(array, (2.0, 1.0, 1.0), (0.0, 0.0, 0.0), IDENTITY))


def test_scores_come_back_and_what_has_none_is_named(tmp_path: Path) -> None:
    put(tmp_path / "ref" / "a.nii.gz", 4)
    put(tmp_path / "ref" / "b.nii.gz", 4)
    put(tmp_path / "pred" / "a.nii.gz", 8)
    found = evaluate_folders(tmp_path / "pred", tmp_path / "ref", {"bone": 1}, 1.0)
    (score,) = found.scores
    # Four rows of the eight, and all four of the reference: 2 * 4 / 12.
    assert score.dice == pytest.approx(2 / 3)
    assert found.means["bone"]["dice"].mean == pytest.approx(2 / 3)
    (reason,) = found.failed
    assert reason.startswith("b: no prediction of this name")


def test_empty_folders_are_an_error(tmp_path: Path) -> None:
    put(tmp_path / "ref" / "a.nii.gz", 4)
    (tmp_path / "pred").mkdir()
    with pytest.raises(ValueError, match="no label maps in"):
        evaluate_folders(tmp_path / "pred", tmp_path / "ref", {"bone": 1}, 1.0)


def test_a_prediction_is_scored_against_one_reference(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path / "ref" / f"{name}.nii.gz", 4)
        put(tmp_path / "pred" / f"{name}.nii.gz", 8)
    names = tmp_path / "names.csv"
    names.write_text("b,a\n")
    folders = (tmp_path / "pred", tmp_path / "ref")
    found = evaluate_folders(*folders, {"bone": 1}, 1.0, names=names)
    assert [score.case for score in found.scores] == ["a"]
    assert found.failed[0].startswith("b: no prediction of this name")
    names.write_text("b,a\na,b\n")
    assert len(evaluate_folders(*folders, {"bone": 1}, 1.0, names=names).scores) == 2
