from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shoulderseg.evaluation.surface import (
    SurfaceDistances,
    assd_mm,
    hd95_mm,
    surface_dice,
    surface_distances,
    surface_voxels,
)

if TYPE_CHECKING:
    import numpy.typing as npt

_SPACING = (3.0, 0.5, 0.8)
_MASKS = arrays(bool, st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 5)))


@st.composite
def _mask_pairs(
    draw: st.DrawFn,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    first: npt.NDArray[np.bool_] = draw(_MASKS)
    second: npt.NDArray[np.bool_] = draw(arrays(bool, first.shape))
    assume(first.any() and second.any())
    return first, second


def _box(*sides: tuple[int, int], shape: tuple[int, int, int]) -> npt.NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(slice(*side) for side in sides)] = True
    return mask


def _pairwise(
    first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], spacing_mm: tuple[float, ...]
) -> list[float]:
    """Nearest distances by plain loops over every voxel, neighbour and pair."""

    def surface(mask: npt.NDArray[np.bool_]) -> list[tuple[int, ...]]:
        axes = [axis for axis in range(3) if mask.shape[axis] > 1] or [0]
        found = []
        for voxel in itertools.product(*map(range, mask.shape)):
            if not mask[voxel]:
                continue
            for axis, step in itertools.product(axes, (-1, 1)):
                near = list(voxel)
                near[axis] += step
                if not 0 <= near[axis] < mask.shape[axis] or not mask[tuple(near)]:
                    found.append(voxel)
                    break
        return found

    def gap(a: tuple[int, ...], b: tuple[int, ...]) -> float:
        return math.dist(np.multiply(a, spacing_mm), np.multiply(b, spacing_mm))

    others = surface(second)
    return [min(gap(voxel, other) for other in others) for voxel in surface(first)]


def test_surface_of_a_box_is_its_shell() -> None:
    mask = _box((1, 4), (1, 5), (2, 7), shape=(5, 7, 9))
    surface = surface_voxels(mask)
    assert surface.sum() == 3 * 4 * 5 - 1 * 2 * 3
    assert not surface[2, 2:4, 3:6].any()


def test_edge_of_the_image_is_outside() -> None:
    assert surface_voxels(np.ones((3, 4, 5), dtype=bool)).sum() == 60 - 1 * 2 * 3


def test_single_slice_has_an_outline_and_one_slice_of_many_is_all_surface() -> None:
    assert surface_voxels(_box((0, 1), (1, 5), (1, 6), shape=(1, 6, 7))).sum() == 20 - 6
    assert surface_voxels(_box((1, 2), (1, 5), (1, 6), shape=(3, 6, 7))).sum() == 20


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_single_slice_scores_alike_whichever_axis_it_lies_across(axis: int) -> None:
    first = _box((0, 1), (1, 5), (1, 6), shape=(1, 6, 7))
    second = _box((0, 1), (0, 5), (2, 5), shape=(1, 6, 7))
    expected = surface_distances(first, second, _SPACING)
    stood = [np.moveaxis(mask, 0, axis) for mask in (first, second)]
    assert surface_voxels(stood[0]).sum() == 20 - 6
    steps = np.insert(_SPACING[1:], axis, _SPACING[0])
    found = surface_distances(stood[0], stood[1], steps.tolist())
    for metric in (hd95_mm, assd_mm):
        assert metric(found) == pytest.approx(metric(expected))
    assert surface_dice(found, 0.5) == pytest.approx(surface_dice(expected, 0.5))


def test_a_lone_voxel_is_surface() -> None:
    assert surface_voxels(np.ones((1, 1, 1), dtype=bool)).all()


@pytest.mark.parametrize("place", [0, 3])
def test_first_or_last_slice_of_many_is_all_surface(place: int) -> None:
    mask = _box((place, place + 1), (1, 5), (1, 6), shape=(4, 6, 7))
    assert len(surface_distances(mask, mask, _SPACING).from_predicted_mm) == 20


def test_one_voxel_apart_along_each_axis() -> None:
    first = _box((1, 2), (2, 3), (3, 4), shape=(4, 6, 8))
    for axis, length in enumerate(_SPACING):
        distances = surface_distances(first, np.roll(first, 1, axis), _SPACING)
        assert hd95_mm(distances) == assd_mm(distances) == pytest.approx(length)
        assert surface_dice(distances, length) == 1.0
        assert surface_dice(distances, length - 0.01) == 0.0


def test_parallel_planes() -> None:
    # Planes one voxel thick at x = 2 and x = 7: 5 x 0.8 mm apart everywhere.
    first = _box((0, 4), (0, 6), (2, 3), shape=(4, 6, 9))
    second = _box((0, 4), (0, 6), (7, 8), shape=(4, 6, 9))
    distances = surface_distances(first, second, _SPACING)
    assert hd95_mm(distances) == pytest.approx(4.0)
    assert assd_mm(distances) == pytest.approx(4.0)
    assert surface_dice(distances, 4.0) == 1.0
    assert surface_dice(distances, 3.9) == 0.0


def test_bars_of_unequal_length() -> None:
    # Bars along x in one slice, 10 and 12 voxels from the same start. The shorter lies inside the
    # longer: 10 + 10 distances of 0 and two of 0.8 and 1.6 mm.
    first = _box((0, 1), (1, 2), (0, 10), shape=(1, 3, 14))
    second = _box((0, 1), (1, 2), (0, 12), shape=(1, 3, 14))
    distances = surface_distances(first, second, _SPACING)
    assert assd_mm(distances) == pytest.approx(2.4 / 22)
    # Rank 0.95 x 11 = 10.45 of the 12 sorted values lies between 0.8 and 1.6.
    assert hd95_mm(distances) == pytest.approx(0.8 + 0.45 * 0.8)
    assert surface_dice(distances, 0.8) == pytest.approx(21 / 22)
    assert surface_dice(distances, 0.0) == pytest.approx(20 / 22)


def test_box_shifted_along_y() -> None:
    # 2 x 3 x 4 voxels, all surface. Shifted by 2 along y: a third stays, per column the distances
    # are 1.0, 0.5 and 0 mm.
    first = _box((0, 2), (1, 4), (1, 5), shape=(3, 7, 6))
    distances = surface_distances(first, np.roll(first, 2, axis=1), _SPACING)
    assert assd_mm(distances) == pytest.approx(0.5)
    assert hd95_mm(distances) == pytest.approx(1.0)
    assert surface_dice(distances, 0.5) == pytest.approx(2 / 3)


def test_percentiles_are_directed_and_linear() -> None:
    distances = SurfaceDistances(np.arange(21.0), np.zeros(100))
    assert hd95_mm(distances) == 19.0
    assert assd_mm(distances) == pytest.approx(210 / 121)


@settings(max_examples=80)
@given(masks=_mask_pairs())
def test_distances_equal_those_of_plain_loops(
    masks: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
) -> None:
    distances = surface_distances(*masks, _SPACING)
    assert distances.from_predicted_mm == pytest.approx(_pairwise(*masks, _SPACING))
    assert distances.from_reference_mm == pytest.approx(_pairwise(*masks[::-1], _SPACING))


@settings(max_examples=40)
@given(masks=_mask_pairs(), factor=st.floats(0.1, 10))
def test_symmetric_and_proportional_to_the_spacing(
    masks: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]], factor: float
) -> None:
    there = surface_distances(*masks, _SPACING)
    back = surface_distances(*masks[::-1], _SPACING)
    scaled = surface_distances(*masks, [size * factor for size in _SPACING])
    for metric in (hd95_mm, assd_mm):
        assert metric(there) == pytest.approx(metric(back))
        assert metric(scaled) == pytest.approx(factor * metric(there))
    assert surface_dice(there, 0.9) == pytest.approx(surface_dice(back, 0.9))
    assert surface_dice(surface_distances(masks[0], masks[0], _SPACING), 0.0) == 1.0


@settings(max_examples=30)
@given(masks=_mask_pairs(), axis=st.integers(0, 2))
def test_mirroring_both_masks_changes_nothing(
    masks: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]], axis: int
) -> None:
    there = surface_distances(*masks, _SPACING)
    mirrored = surface_distances(np.flip(masks[0], axis), np.flip(masks[1], axis), _SPACING)
    assert hd95_mm(mirrored) == pytest.approx(hd95_mm(there))
    assert assd_mm(mirrored) == pytest.approx(assd_mm(there))


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1.0, 0.0, 1.0), (1.0, math.nan, 1.0)])
def test_impossible_spacing(spacing: tuple[float, ...]) -> None:
    mask = np.ones((2, 3, 4), dtype=bool)
    with pytest.raises(ValueError, match="Spacing"):
        surface_distances(mask, mask, spacing)


def test_empty_mask_wrong_shape_and_tolerance() -> None:
    mask = np.ones((2, 3, 4), dtype=bool)
    with pytest.raises(ValueError, match="empty"):
        surface_distances(mask, ~mask, _SPACING)
    with pytest.raises(ValueError, match="equal shapes"):
        surface_distances(mask, mask[:1], _SPACING)
    with pytest.raises(ValueError, match="expected"):
        surface_voxels(mask[0])
    with pytest.raises(ValueError, match="Tolerance"):
        surface_dice(surface_distances(mask, mask, _SPACING), -1.0)
