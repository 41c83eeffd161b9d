"""In-plane resampling keeps places and millimetres."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.refine.inputs import patch_inputs
from shoulderseg.refine.resampling import (
    check_pixel_mm,
    interpolation_corners,
    map_centres,
    resample_in_plane,
    resample_inputs,
)


@pytest.mark.parametrize(("pixel_mm", "size", "tolerance_mm"), [(0.8, 25, 0.04), (0.4, 50, 1e-5)])
def test_linear_ramp_stays_in_place(pixel_mm: float, size: int, tolerance_mm: float) -> None:
    # Value = position in mm of the pixel's centre, along the rows.
    rows = (torch.arange(40) + 0.5) * 0.5
    image = rows[None, :, None].expand(2, 40, 30).contiguous()
    resampled = resample_in_plane(image, (3.0, 0.5, pixel_mm), pixel_mm)
    assert resampled.shape == (2, size, 30)
    error = (resampled[1, :, 4] - (torch.arange(size) + 0.5) * pixel_mm)[3:-3]
    # Smoothing samples its kernel on the native grid, which costs a little either way.
    assert float(error.abs().max()) < tolerance_mm
    assert abs(float(error.mean())) < 2e-3


def test_shrinking_smooths_and_keeps_the_mean() -> None:
    image = torch.zeros(1, 30, 32)
    image[:, :, ::4] = 1.0
    resampled = resample_in_plane(image, (3.0, 0.5, 0.5), 2.0)
    torch.testing.assert_close(resampled[0, :, 1:-1], torch.full((8, 6), 0.25))


@pytest.mark.parametrize("pixel_mm", [None, 0.5, 0.504])
def test_nothing_happens_within_one_percent(pixel_mm: float | None) -> None:
    image = torch.rand(1, 6, 8)
    assert resample_in_plane(image, (3.0, 0.5, 0.501), pixel_mm) is image


def test_more_than_one_percent_in_one_axis_is_resampled() -> None:
    assert resample_in_plane(torch.rand(1, 400, 500), (3.0, 0.5, 0.51), 0.5).shape == (1, 400, 510)


def test_centres_map_to_the_pixel_that_holds_them() -> None:
    centres = np.array([[0, 0, 0], [1, 3, 4], [2, 5, 9]])
    shrunk = map_centres(centres, (3, 6, 10), (3, 3, 5))
    assert shrunk.tolist() == [[0, 0, 0], [1, 1, 2], [2, 2, 4]]
    grown = map_centres(centres, (3, 6, 10), (3, 18, 30))
    assert grown.tolist() == [[0, 1, 1], [1, 10, 13], [2, 16, 28]]
    np.testing.assert_array_equal(map_centres(centres, (3, 6, 10), (3, 6, 10)), centres)


@pytest.mark.parametrize("pixel_mm", [0.0, -1.0, 1e-3, 99.0, math.nan])
def test_absurd_pixels_are_refused(pixel_mm: float) -> None:
    with pytest.raises(ValueError, match="pixel_mm"):
        check_pixel_mm(pixel_mm)


@settings(max_examples=40)
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
)
def test_interpolation_is_torchs_own(shape: tuple[int, int, int], new: tuple[int, int]) -> None:
    grid = torch.rand((shape[0], *new), generator=torch.Generator().manual_seed(1))
    voxels = np.argwhere(np.ones(shape, np.bool_))
    corners = interpolation_corners(voxels, shape, grid.shape)
    assert len(np.unique(corners.pixels, axis=0)) == len(corners.pixels)
    np.testing.assert_allclose(corners.weight.sum(axis=1), 1.0, atol=1e-6)
    values = grid.numpy()[tuple(corners.pixels.T)]
    found = (values[corners.corners] * corners.weight).sum(axis=1).reshape(shape)
    expected = torch.nn.functional.interpolate(
        grid[:, None], size=shape[1:], mode="bilinear", align_corners=False
    )[:, 0]
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


def test_interpolation_on_the_same_grid_asks_for_each_voxel_itself() -> None:
    voxels = np.array([[1, 2, 3], [0, 0, 0]])
    corners = interpolation_corners(voxels, (2, 5, 6), (2, 5, 6))
    np.testing.assert_array_equal(corners.pixels, [[0, 0, 0], [1, 2, 3]])
    np.testing.assert_array_equal(corners.pixels[corners.corners[:, 0]], voxels)
    np.testing.assert_array_equal(corners.weight, [[1], [1]])
    assert interpolation_corners(voxels[:0], (2, 5, 6), (2, 4, 4)).pixels.shape == (0, 3)


def test_votes_are_resampled_like_the_image() -> None:
    image = torch.rand(2, 30, 20)
    inputs = patch_inputs(image, "cpu", votes=torch.stack([image, 1 - image]), neighbours=1)
    found = resample_inputs(inputs, (3.0, 0.5, 0.5), 0.8)
    torch.testing.assert_close(found.image, resample_in_plane(image, (3.0, 0.5, 0.5), 0.8))
    torch.testing.assert_close(found.votes[0], found.image)
    torch.testing.assert_close(found.votes[1], 1 - found.image)
    assert found.neighbours == 1
    assert resample_inputs(inputs, (3.0, 0.5, 0.5), None) is inputs
