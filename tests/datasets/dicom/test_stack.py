"""Where the slices of a stack lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.errors import UnreadableVolumeError

from .findings import only, refusal, used
from .writing import (
    ACROSS,
    ALONG_ROW,
    COLUMNS,
    COUNT,
    DOWN,
    ORIGIN_MM,
    ROWS,
    STEP_MM,
    changed,
    series,
    voxels,
    write,
)

if TYPE_CHECKING:
    from pydicom import Dataset


def test_a_missing_slice_is_named(tmp_path: Path) -> None:
    slices = series()
    del slices[3]
    write(tmp_path, slices)
    assert "1 slice missing after slice 3 of 6" in refusal(tmp_path)
    assert "6.6 mm, the others are 3.3 mm" in refusal(tmp_path)


def test_a_missing_first_slice_is_a_note(tmp_path: Path) -> None:
    write(tmp_path, series()[1:])
    one = only(tmp_path)
    assert used(one).shape == (COUNT - 1, ROWS, COLUMNS)
    assert any("begin with 2" in note for note in one.notes)


def test_the_same_slice_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path / "one", series())
    write(tmp_path / "two", series()[2:4], "b")
    one = only(tmp_path)
    np.testing.assert_array_equal(used(one), voxels())
    assert "2 slices twice; each counts once" in one.notes


def test_another_image_at_the_same_place_is_refused(tmp_path: Path) -> None:
    write(tmp_path, series())
    other = series()[2:3]
    other[0].pixels = other[0].pixels + 1
    write(tmp_path, other, "b")
    stack = only(tmp_path).stack
    assert stack is not None
    with pytest.raises(
        UnreadableVolumeError, match=r"^slice 3 of 7: another image lies at the same place"
    ):
        read_stack(stack)


def test_a_skewed_stack_is_refused_with_its_angle(tmp_path: Path) -> None:
    def shift(dataset: Dataset, index: int) -> None:
        aside = np.tan(np.radians(10)) * index * STEP_MM * DOWN
        place = ORIGIN_MM + index * STEP_MM * ACROSS + aside
        dataset.ImagePositionPatient = [*place.round(9)]

    write(tmp_path, changed(series(), shift))
    assert "skewed stack: its slices are shifted by 10.0 degrees" in refusal(tmp_path)


def test_a_slice_out_of_line_is_refused(tmp_path: Path) -> None:
    slices = series()
    place = ORIGIN_MM + 3 * STEP_MM * ACROSS + 2.0 * DOWN
    slices[3].dataset.ImagePositionPatient = [*place.round(9)]
    write(tmp_path, slices)
    assert "slice 4 of 7 lies 2 mm beside the others" in refusal(tmp_path)


def test_uneven_steps_are_refused(tmp_path: Path) -> None:
    slices = series()
    place = ORIGIN_MM + 3.3 * STEP_MM * ACROSS
    slices[3].dataset.ImagePositionPatient = [*place.round(9)]
    write(tmp_path, slices)
    assert "unevenly spaced: steps of 2.31 to 4.29 mm" in refusal(tmp_path)


@pytest.mark.parametrize(("jitter", "verdict"), [(1e-6, "use"), (1e-4, "use"), (1e-2, "refuse")])
def test_axes_may_jitter_by_rounding_only(tmp_path: Path, jitter: float, verdict: str) -> None:
    def turn(dataset: Dataset, index: int) -> None:
        angle = jitter * (-1) ** index
        rows = np.cos(angle) * ALONG_ROW + np.sin(angle) * DOWN
        down = np.cos(angle) * DOWN - np.sin(angle) * ALONG_ROW
        dataset.ImageOrientationPatient = [*rows.round(12), *down.round(12)]

    write(tmp_path, changed(series(), turn))
    one = only(tmp_path)
    assert one.verdict == verdict, one.reason
    if verdict == "use":
        assert one.stack is not None
        axes = np.reshape(one.stack.direction, (3, 3))
        np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        (6.6, "2 stacks seem to be mixed"),
        (1.1, "only one of 3 slices seems to be here"),
        (1.65, "only one of 2 slices seems to be here"),
    ],
)
def test_a_spacing_that_is_a_multiple_is_no_rounding(
    tmp_path: Path, stated: float, words: str
) -> None:
    write(tmp_path, series(SpacingBetweenSlices=stated))
    assert words in refusal(tmp_path)


def test_a_gap_that_is_stated_as_spacing_is_no_contradiction(tmp_path: Path) -> None:
    write(tmp_path, series(SpacingBetweenSlices=1.1, SliceThickness=2.2))
    assert only(tmp_path).verdict == "use"


def test_every_other_slice_is_not_taken_for_a_thick_stack(tmp_path: Path) -> None:
    write(tmp_path, series()[::2])
    assert "only one of 2 slices seems to be here" in refusal(tmp_path)


@pytest.mark.parametrize("stated", [0.3, 3.0])
def test_positions_win_over_the_stated_spacing(tmp_path: Path, stated: float) -> None:
    write(tmp_path, series(SpacingBetweenSlices=stated))
    one = only(tmp_path)
    assert one.stack is not None
    assert one.stack.spacing_mm[0] == pytest.approx(STEP_MM)
    assert any(f"{stated:g} mm by the header" in note for note in one.notes)


def test_the_position_of_a_cut_off_slice_stays_known(tmp_path: Path) -> None:
    paths = write(tmp_path, series())
    whole = paths[2].read_bytes()
    paths[2].write_bytes(whole[:-100])
    assert refusal(tmp_path).startswith("image number 3: file ends early: 1436 of 1536 bytes")
    (tmp_path / "again.dcm").write_bytes(whole)
    one = only(tmp_path)
    np.testing.assert_array_equal(used(one), voxels())
    assert any(note.startswith("image number 3 left out") for note in one.notes)
