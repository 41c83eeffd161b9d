"""The boundary band against brute force and against answers known on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shoulderseg.refine.boundary import boundary_band, refinement_region

SPACING_MM = (3.0, 0.5, 0.8)


def brute_force(
    label_map: NDArray[np.uint8], spacing_mm: tuple[float, ...], band_mm: float
) -> NDArray[np.bool_]:
    band = np.zeros(label_map.shape, np.bool_)
    for z, y, x in np.ndindex(label_map.shape):
        for v, u in np.ndindex(label_map.shape[1:]):
            far = math.hypot((y - v) * spacing_mm[1], (x - u) * spacing_mm[2])
            if label_map[z, v, u] != label_map[z, y, x] and far <= band_mm + 1e-6:
                band[z, y, x] = True
    return band


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 2), st.integers(1, 7), st.integers(1, 6)),
    st.integers(0, 2**32),
    st.sampled_from([0.05, 0.3, 0.7]),
    st.floats(0.0, 4.0),
    st.sampled_from([(2.0, 1.0, 1.0), (2.0, 0.4, 0.9), (0.1, 1.3, 0.3)]),
)
def test_same_as_brute_force(
    shape: tuple[int, int, int],
    seed: int,
    density: float,
    band_mm: float,
    spacing_mm: tuple[float, float, float],
) -> None:
    rng = np.random.default_rng(seed)
    label_map = (rng.integers(1, 3, shape) * (rng.random(shape) < density)).astype(np.uint8)
    expected = brute_force(label_map, spacing_mm, band_mm)
    np.testing.assert_array_equal(boundary_band(label_map, spacing_mm, band_mm), expected)


def test_rectangle_on_paper() -> None:
    label_map = np.zeros((3, 20, 25), np.uint8)
    label_map[1, 5:13, 9:15] = 2
    band = boundary_band(label_map, SPACING_MM, 1.0)
    # Two rows of 0.5 mm and one column of 0.8 mm either way, and the corners at (1, 1).
    assert np.count_nonzero(band & (label_map == 2)) == 8 * 6 - 4 * 4
    assert np.count_nonzero(band & (label_map == 0)) == 2 * 2 * 6 + 2 * 8 + 4
    assert not band[[0, 2]].any()


def test_disk_area() -> None:
    y, x = np.mgrid[:201, :301]
    disk = np.hypot((y - 90) * 0.3, (x - 160) * 0.2) <= 20.0
    band = boundary_band(disk[None].astype(np.uint8), (4.0, 0.3, 0.2), 2.0)
    ring_mm2 = np.count_nonzero(band) * 0.3 * 0.2
    # The centres of edge pixels lie up to half a pixel off the circle on either side.
    assert ring_mm2 == pytest.approx(math.pi * (22.0**2 - 18.0**2), rel=0.08)


def test_distance_equal_to_the_band_counts_in_spite_of_rounding() -> None:
    label_map = np.zeros((1, 1, 20), np.uint8)
    label_map[0, 0, 10:] = 1
    assert 3 * 0.4 > 1.2
    band = boundary_band(label_map, (1.0, 0.4, 0.4), 1.2)
    assert np.flatnonzero(band[0, 0]).tolist() == [7, 8, 9, 10, 11, 12]


def test_touching_bones_have_a_band_between_them() -> None:
    label_map = np.ones((1, 4, 12), np.uint8)
    label_map[:, :, 5:] = 2
    band = boundary_band(label_map, (1.0, 1.0, 1.0), 1.0)
    assert np.unique(np.argwhere(band)[:, 2]).tolist() == [4, 5]


@pytest.mark.parametrize("label", [0, 1])
def test_uniform_slices_have_no_band(label: int) -> None:
    assert not boundary_band(np.full((2, 5, 6), label, np.uint8), SPACING_MM, 9.0).any()
    assert boundary_band(np.full((0, 5, 6), label, np.uint8), SPACING_MM, 9.0).shape == (0, 5, 6)


def test_region_joins_band_and_disagreement_in_c_order() -> None:
    label_map = np.zeros((2, 3, 6), np.uint8)
    label_map[1, :, 4:] = 1
    disagreement = np.zeros(label_map.shape, np.bool_)
    disagreement[0, 2, 0] = disagreement[1, 1, 4] = True
    region = refinement_region(label_map, disagreement, (1.0, 1.0, 1.0), 1.0)
    expected = [[0, 2, 0]] + [[1, y, x] for y in range(3) for x in (3, 4)]
    assert np.argwhere(region).tolist() == expected
    assert region.dtype == np.bool_
    nothing = refinement_region(label_map * 0, disagreement & False, (1.0, 1.0, 1.0), 1.0)
    assert nothing.shape == (2, 3, 6)
    assert not nothing.any()


@pytest.mark.parametrize(
    ("spacing_mm", "band_mm"),
    [((1.0, 0.0, 1.0), 1.0), ((1.0, 1.0), 1.0), (SPACING_MM, -1.0), (SPACING_MM, math.nan)],
)
def test_bad_lengths_are_refused(spacing_mm: tuple[float, ...], band_mm: float) -> None:
    with pytest.raises(ValueError, match="_mm is"):
        boundary_band(np.zeros((1, 2, 3), np.uint8), spacing_mm, band_mm)


def test_bad_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="float64"):
        boundary_band(np.zeros((1, 2, 3)), SPACING_MM, 1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="disagreement is"):
        refinement_region(
            np.zeros((1, 2, 3), np.uint8), np.zeros((1, 3, 2), np.bool_), SPACING_MM, 1.0
        )
