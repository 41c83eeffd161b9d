from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import label

from shoulderseg.refine.connected_components import (
    keep_component_at_joint,
    keep_largest_component,
    keep_one_piece,
)
from shoulderseg.refine.new_components import restore_new_components

MAPS = arrays(np.uint8, st.tuples(*[st.integers(0, 6)] * 3), elements=st.integers(0, 2))


def test_the_larger_of_two_pieces_stays_and_other_bones_are_left_alone() -> None:
    label_map = np.zeros((3, 8, 9), np.uint8)
    label_map[0, 1:3, 1:3] = 2
    # Over a corner this is still the same piece: five voxels against four.
    label_map[1, 3, 3] = 2
    label_map[1:3, 6:8, 7] = 2
    label_map[0, 5, 5] = label_map[2, 0, 0] = 1
    expected = label_map.copy()
    expected[1:3, 6:8, 7] = 0
    before = label_map.copy()
    np.testing.assert_array_equal(keep_largest_component(label_map, [2]), expected)
    np.testing.assert_array_equal(label_map, before)


def test_where_nothing_is_to_be_removed_the_map_is_returned() -> None:
    label_map = np.zeros((2, 3, 4), np.uint8)
    assert keep_largest_component(label_map, [1, 2]) is label_map
    label_map[0, 1, 1:3] = 1
    assert keep_largest_component(label_map, [1, 2]) is label_map


@given(MAPS)
@example(np.array([[[2, 0, 2]]], np.uint8))
@example(np.array([[[2]], [[0]], [[2]], [[0]], [[1]]], np.uint8))
def test_what_stays_is_one_piece_of_the_bone_and_none_was_larger(label_map: np.ndarray) -> None:
    kept = keep_largest_component(label_map, [2])
    np.testing.assert_array_equal(kept == 1, label_map == 1)
    corners = np.ones((3, 3, 3))
    pieces, count = label(label_map == 2, corners)
    assert label(kept == 2, corners)[1] == min(count, 1)
    sizes = np.bincount(pieces.ravel())[1:]
    assert (kept == 2).sum() == max(sizes, default=0)
    assert not ((kept == 2) & (label_map != 2)).any()


@pytest.mark.parametrize("shape", product(range(5), repeat=3), ids=str)
def test_single_voxels_on_a_thin_grid_are_components_too(shape: tuple[int, int, int]) -> None:
    """Given a bool mask, cc3d provides for too few labels on small and thin grids."""
    places = np.indices(shape)
    label_map = np.where((places % 2 == 0).all(axis=0), 2, 0).astype(np.uint8)
    kept = keep_largest_component(label_map, [1, 2])
    assert np.count_nonzero(kept) == min(label_map.size, 1)
    voted = label_map.copy()
    restore_new_components(label_map, voted)
    np.testing.assert_array_equal(label_map, voted)


def joint(spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """A bone of 100 mm, a piece beside its upper end, and a larger one away from it, 1 apart."""
    fine = np.zeros((120, 40, 80), np.uint8)
    fine[10:110, 10:30, 60:70] = 1
    fine[10:26, 10:30, 45:57] = 2
    fine[60:90, 10:30, 5:25] = 2
    return fine[tuple(slice(None, None, int(step)) for step in spacing_mm)]


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (5.0, 1.0, 2.0), (1.0, 4.0, 1.0)])
def test_the_piece_at_the_joint_stays_where_a_larger_one_lies_away(
    spacing_mm: tuple[float, float, float],
) -> None:
    label_map = joint(spacing_mm)
    expected = label_map.copy()
    expected[:, :, : int(30 / spacing_mm[2])][label_map[:, :, : int(30 / spacing_mm[2])] == 2] = 0
    found = keep_component_at_joint(label_map, (2, 1), spacing_mm)
    np.testing.assert_array_equal(found, expected)
    assert keep_component_at_joint(found, (2, 1), spacing_mm) is found


def test_a_speck_at_the_joint_is_no_bone() -> None:
    label_map = joint((1.0, 1.0, 1.0))
    label_map[12:, :, 40:58][label_map[12:, :, 40:58] == 2] = 0
    expected = keep_largest_component(label_map, [2])
    assert (label_map[:12] == 2).any()
    found = keep_component_at_joint(label_map, (2, 1), (1.0, 1.0, 1.0))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("humerus", ["far", "none"])
def test_without_a_joint_the_largest_piece_stays(humerus: str) -> None:
    label_map = joint((1.0, 1.0, 1.0))
    if humerus == "none":
        label_map[label_map == 1] = 0
    # The same voxels, ten times as large: nothing lies near anything.
    found = keep_component_at_joint(label_map, (2, 1), (10.0, 10.0, 10.0))
    np.testing.assert_array_equal(found, keep_largest_component(label_map, [2]))


@given(MAPS)
def test_one_whole_piece_is_left_at_the_joint(label_map: np.ndarray) -> None:
    found = keep_component_at_joint(label_map, (2, 1), (2.0, 1.0, 1.0))
    pieces, count = label(label_map == 2, np.ones((3, 3, 3)))
    kept = np.unique(pieces[found == 2])
    assert len(kept) == min(count, 1)
    np.testing.assert_array_equal(found == 2, np.isin(pieces, kept) & (pieces > 0))
    np.testing.assert_array_equal(found == 1, label_map == 1)


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_what_is_near_is_told_in_millimetres(axes: tuple[int, int, int]) -> None:
    """The larger piece lies four voxels of 5 mm away, the smaller ten of 1 mm."""
    label_map = np.zeros((30, 40, 20), np.uint8)
    label_map[:14, :20] = 1
    label_map[18:, :20] = label_map[:14, 30:] = 2
    spacing_mm = (5.0, 1.0, 3.0)
    expected = label_map.copy()
    expected[18:] = 0
    first, second, third = (spacing_mm[axis] for axis in axes)
    found = keep_one_piece(label_map.transpose(axes), [1, 2], (first, second, third))
    np.testing.assert_array_equal(found, expected.transpose(axes))
    largest = keep_one_piece(label_map, [2], spacing_mm)
    np.testing.assert_array_equal(largest, keep_largest_component(label_map, [2]))
    assert (largest[18:] == 2).any()


def test_a_piece_that_nobody_is_sure_of_is_not_the_one_at_the_joint() -> None:
    """Of the humerus a part is missed, which the whole alone calls bone."""
    label_map = np.zeros((4, 10, 40), np.uint8)
    label_map[:, :, 10:20] = 1
    label_map[:, :5, 21:26] = label_map[:, :, 2:9] = 2
    probability = np.where(label_map == 2, np.float32(0.55), np.float32(0))
    probability[:, :5, 21:26] = 0.95
    spacing_mm = (1.0, 1.0, 1.0)

    found = keep_one_piece(label_map, [1, 2], spacing_mm, probability)

    assert (found[:, :5, 21:26] == 2).all()
    assert not (found[:, :, 2:9] == 2).any()
    alike = keep_one_piece(label_map, [1, 2], spacing_mm)
    assert (alike[:, :, 2:9] == 2).all()
    unsure = np.minimum(probability, np.float32(0.5))
    np.testing.assert_array_equal(keep_one_piece(label_map, [1, 2], spacing_mm, unsure), alike)
