"""Where wrong voxels go, on rows of voxels with the answer in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.glenoid_cut import COLUMNS, wrong_shares

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

SPACING_MM = (3.0, 0.5, 2.0)


def _row(text: str, letters: str) -> Mask:
    return np.array([[[letter in letters for letter in text]]])


def _shares(
    bone: str, found: str, spacing_mm: tuple[float, float, float] = SPACING_MM
) -> dict[str, float]:
    """A row in which G is glenoid and s scapula beyond the cut; x is what was found."""
    return wrong_shares(_row(found, "x"), _row(bone, "G"), _row(bone, "Gs"), spacing_mm)


def test_too_much_goes_to_the_cut_to_far_scapula_or_to_an_edge() -> None:
    # Voxels of 2 mm: five beyond the glenoid are near, the sixth is not.
    shares = _shares(
        bone=" GGGGssssss ",
        found="xxxxxxxxxxxx",
    )
    assert [shares[column] for column in COLUMNS] == pytest.approx(
        [5 / 16, 1 / 16, 2 / 16, 0, 0, 8 / 16, 1 - 3 / 11]
    )


def test_a_missed_voxel_goes_to_what_is_nearer() -> None:
    shares = _shares(
        bone=" GGGGGss",
        found="   xx   ",
    )
    # Missed are two at the edge and one, next to it, at the cut.
    assert [shares[column] for column in COLUMNS] == pytest.approx(
        [0, 0, 0, 1 / 7, 2 / 7, 4 / 7, 1 - 2 / 8]
    )


def test_distances_follow_the_spacing() -> None:
    # The missed corner is one row of 0.5 mm from air and one column of 2 mm from the cut.
    glenoid = np.array([[[True, True, False], [False, False, False]]])
    beyond = np.array([[[False, False, True], [False, False, False]]])
    found = np.array([[[True, False, False], [False, False, False]]])
    shares = wrong_shares(found, glenoid, glenoid | beyond, SPACING_MM)
    assert shares["missed, edge"] == pytest.approx(1 / 3)
    assert shares["missed, cut"] == 0


def test_a_scapula_without_cut_has_edges_only() -> None:
    shares = _shares(bone=" GGG ", found="  xxx")
    assert shares["missed, cut"] == shares["too much, cut"] == 0
    assert shares["Dice"] == shares["Dice without the cut"] == pytest.approx(4 / 6)


def test_nothing_there_and_nothing_found_is_right() -> None:
    shares = _shares(bone=" ss ", found="    ")
    assert shares["Dice"] == shares["Dice without the cut"] == 1
    # What was found far from any glenoid is not put down to the cut.
    assert _shares(bone=" ss ", found=" xx ")["too much, far"] == 1
