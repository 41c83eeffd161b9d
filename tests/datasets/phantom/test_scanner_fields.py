"""Coil sensitivity, shading and fat saturation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.scanner.coils import (
    LOOP_RADIUS_MM,
    interpolation,
    knot_points_mm,
    knots,
    sensitivity,
)
from shoulderseg.datasets.phantom.scanner.fields import field_offset, saturation, smooth_random

SEEDS = st.integers(0, 2**32 - 1)
GRID = ScanGrid((3, 40, 25), (4.0, 0.5, 0.8), 3.5, (-10, 5, 30), (0, 0, 1, 1, 0, 0, 0, 1, 0))


def test_a_loop_hears_its_axis_by_biot_savart() -> None:
    # Between two equal loops the sensitivity is 1; far away on the axis of one it follows the law.
    coils_mm = np.array([[0.0, 0.0, 0.0]])
    points_mm = np.array([[0, 0, 0], [0, LOOP_RADIUS_MM, 0], [0, 0, np.sqrt(3) * LOOP_RADIUS_MM]])
    np.testing.assert_allclose(sensitivity(points_mm, coils_mm, 1.0), [1, 2**-1.5, 1 / 8])
    np.testing.assert_allclose(sensitivity(points_mm, coils_mm, 0.5), [1, 2**-0.75, 8**-0.5])
    np.testing.assert_array_equal(sensitivity(points_mm, coils_mm, 0.0), 1)


def test_channels_add_as_squares_and_the_middle_of_the_coils_is_1() -> None:
    radius = LOOP_RADIUS_MM
    coils_mm = np.array([[-radius, 0, 0], [radius, 0, 0]])
    at_middle, at_coil = sensitivity(np.array([[0, 0, 0], [radius, 0, 0]]), coils_mm, 1.0)
    assert at_middle == pytest.approx(1)
    # (1^2 + (5^-1.5)^2) over 2 (2^-1.5)^2.
    assert at_coil == pytest.approx(np.sqrt((1 + 5**-3) / (2 * 2**-3)))


@pytest.mark.parametrize("shape", [(0, 3), (2, 2), (3,)])
def test_coils_need_positions(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape \(N, 3\)"):
        sensitivity(np.zeros((4, 3)), np.zeros(shape), 1.0)


def test_knots_span_the_slices_and_interpolate_planes_exactly() -> None:
    rows, columns = knots(GRID)
    assert rows[[0, -1]].tolist() == [0, 39]
    assert columns[[0, -1]].tolist() == [0, 24]
    points_mm = knot_points_mm(GRID)
    assert points_mm.shape == (3, len(rows), len(columns), 3)
    steps = GRID.axes_mm()
    corner = np.array(GRID.origin_mm) + 2 * steps[0] + 39 * steps[1] + 24 * steps[2]
    np.testing.assert_allclose(points_mm[2, -1, -1], corner)
    # What is linear in space is reproduced between the knots.
    to_rows, to_columns = interpolation(40, rows), interpolation(25, columns)
    plane = to_rows @ (points_mm[1] @ [1.0, 2.0, 3.0]) @ to_columns.T
    voxels = (
        np.array(GRID.origin_mm)
        + steps[0]
        + np.arange(40)[:, None, None] * steps[1]
        + np.arange(25)[:, None] * steps[2]
    )
    np.testing.assert_allclose(plane, voxels @ [1.0, 2.0, 3.0], rtol=1e-5)


@given(
    count=st.integers(1, 60),
    step=st.floats(0.2, 80, allow_nan=False),
)
def test_every_knot_has_voxels_that_count_for_it(count: int, step: float) -> None:
    rows, _ = knots(ScanGrid((2, count, 9), (4.0, step, 1.0), 3.5, (0, 0, 0), GRID.direction))
    weights = interpolation(count, rows)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    assert (weights.sum(axis=0) > 0).all()


@given(seed=SEEDS, shape=st.tuples(st.integers(2, 9), st.integers(8, 30), st.integers(8, 30)))
def test_random_fields_are_smooth_and_of_unit_size(seed: int, shape: tuple[int, int, int]) -> None:
    field = smooth_random(shape, np.random.default_rng(seed))
    assert field.shape == shape
    assert abs(field.mean()) < 1e-9
    assert np.abs(field).max() == pytest.approx(1)
    for axis, count in enumerate(shape):
        # The finest cosine has three half waves along the axis.
        assert np.abs(np.diff(field, axis=axis)).max() < 2 * 3 * np.pi / count


def test_a_single_voxel_has_no_field() -> None:
    rng = np.random.default_rng(0)
    assert smooth_random((1, 1, 1), rng).tolist() == [[[0]]]
    offset = field_offset(np.zeros((1, 1, 1, 3)), np.zeros((1, 1, 1)), rng)
    assert offset.tolist() == [[[0]]]


@given(seed=SEEDS)
def test_field_is_off_beside_air(seed: int) -> None:
    step = np.array([4.0, 3.0, 3.0])
    points_mm = np.moveaxis(np.indices((5, 40, 30)), 0, -1) * step
    air = np.zeros((5, 40, 30))
    plain = field_offset(points_mm, air, np.random.default_rng(seed))
    air[:, :8] = 1
    beside = field_offset(points_mm, air, np.random.default_rng(seed))
    assert plain.std() == pytest.approx(1)
    assert abs(np.median(beside)) < 1e-9
    # Far from the air only the scale and the shim have changed; the filter ends after 20 rows.
    slope, shift = np.polyfit(plain[:, 29:].ravel(), beside[:, 29:].ravel(), 1)
    by_air = np.abs(beside - slope * plain - shift).mean(axis=(0, 2))
    assert by_air[29:].max() < 1e-9
    assert (np.diff(by_air[:20]) < 0).all()
    assert by_air[8] > 0.5


@given(seed=SEEDS, failure=st.floats(0, 0.4))
def test_the_stated_share_of_fat_survives(seed: int, failure: float) -> None:
    rng = np.random.default_rng(seed)
    offset, fat = rng.normal(size=(4, 12, 9)), rng.uniform(size=(4, 12, 9))
    fat_left, water_left = saturation(offset, fat, failure)
    assert (fat_left * fat).sum() / fat.sum() == pytest.approx(failure, abs=1e-4)
    # Some is left everywhere, however good the field.
    assert fat_left.min() >= 0.3 * failure
    assert fat_left.max() <= 1
    assert water_left.min() >= 0.5
    assert water_left.max() <= 1 + 1e-12


def test_perfect_saturation_takes_all_fat_and_no_water() -> None:
    offset = np.linspace(-3, 3, 60).reshape(3, 4, 5)
    fat_left, water_left = saturation(offset, np.ones((3, 4, 5)), 0.0)
    np.testing.assert_allclose(fat_left, 0, atol=1e-12)
    np.testing.assert_allclose(water_left, 1, atol=1e-12)


def test_fat_survives_where_the_field_is_off_and_water_suffers_on_one_side() -> None:
    offset = np.linspace(-3, 3, 61).reshape(1, 1, 61)
    fat_left, water_left = saturation(offset, np.ones((1, 1, 61)), 0.3)
    assert fat_left[0, 0, 30] < 0.1
    assert min(fat_left[0, 0, 0], fat_left[0, 0, -1]) > 0.6
    assert water_left[0, 0, 0] < 0.95
    assert water_left[0, 0, -1] == pytest.approx(1)


def test_an_image_without_fat_is_weighed_evenly() -> None:
    offset = np.random.default_rng(0).normal(size=(2, 6, 7))
    fat_left, _ = saturation(offset, np.zeros((2, 6, 7)), 0.2)
    assert fat_left.mean() == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize("failure", [-0.1, 1.0, float("nan")])
def test_failure_must_be_a_share(failure: float) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        saturation(np.zeros((1, 2, 2)), np.ones((1, 2, 2)), failure)
