"""Signed distances against values on paper, against brute force, and how fast they change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from shoulderseg.datasets.phantom import sdf

SEEDS = st.integers(0, 2**32 - 1)
LENGTH = st.floats(1.0, 40.0)
ORIGIN = (0.0, 0.0, 0.0)
SQUARE = [(0, 0), (4, 0), (4, 4), (0, 4)]
# Not convex, with level and upright edges and corners at equal heights.
ARROW = [(0, 0), (6, 0), (6, 4), (3, 2), (0, 4)]


def points(*places: tuple[float, ...]) -> sdf.FloatArray:
    return np.array(places, dtype=float).T


def scattered(seed: int, count: int, reach_mm: float, size: int = 3) -> sdf.FloatArray:
    return np.random.default_rng(seed).uniform(-reach_mm, reach_mm, (size, count))


def test_sphere() -> None:
    found = sdf.sphere(points((1, 2, 3), (4, 6, 3), (1, 2, 13)), (1, 2, 3), 5.0)
    np.testing.assert_allclose(found, [-5, 0, 5])


def test_half_space_has_a_normal_of_any_length() -> None:
    found = sdf.half_space(points((1, 1, 1), (1, 9, 3)), (0, 0, 1), (0, 0, 7))
    np.testing.assert_allclose(found, [0, 2])


def test_ellipsoid_is_right_on_its_axes_and_on_its_surface() -> None:
    radii = np.array([3.0, 5.0, 8.0])
    on_axes = np.concatenate([np.diag(radii), np.diag(radii + 2), np.diag(radii * 0.9)], axis=1)
    found = sdf.ellipsoid(on_axes, ORIGIN, radii)
    np.testing.assert_allclose(found, [0, 0, 0, 2, 2, 2, *(-0.1 * radii)], atol=1e-9)
    outward = scattered(0, 200, 1.0)
    surface = outward / np.linalg.norm(outward, axis=0) * radii[:, None]
    np.testing.assert_allclose(sdf.ellipsoid(surface, ORIGIN, radii), 0, atol=1e-9)
    assert sdf.ellipsoid(points(ORIGIN), ORIGIN, radii) == pytest.approx(-3)


@given(LENGTH, st.floats(1.0, 3.0), st.floats(1.0, 3.0), SEEDS)
def test_ellipsoid_is_exact_near_its_surface(
    radius: float, second: float, third: float, seed: int
) -> None:
    radii = radius * np.array([1.0, second, third])
    outward = scattered(seed, 50, 1.0)
    outward /= np.linalg.norm(outward, axis=0)
    surface = outward * radii[:, None]
    normal = surface / radii[:, None] ** 2
    normal /= np.linalg.norm(normal, axis=0)
    step = 0.01 * radius / max(second, third) ** 2
    for off in (-step, step):
        found = sdf.ellipsoid(surface + off * normal, ORIGIN, radii)
        np.testing.assert_allclose(found, off, rtol=0.05)


def test_a_chain_of_round_cones() -> None:
    # A cylinder of radius 2 along x that widens to radius 4 and ends in balls.
    chain, radii = [(0, 0, 0), (10, 0, 0), (20, 0, 0)], (2, 2, 4)
    places = points((5, 0, 0), (5, 7, 0), (-3, 0, 0), (15, 3, 0), (26, 0, 0), (10, 0, 2))
    np.testing.assert_allclose(sdf.round_cones(places, chain, radii), [-2, 5, 1, 0, 2, 0])


@given(SEEDS)
def test_a_capsule_is_the_nearest_of_many_balls(seed: int) -> None:
    start, end, places = np.split(scattered(seed, 42, 20.0), [1, 2], axis=1)
    exact = sdf.round_cones(places, [start[:, 0], end[:, 0]], (3, 3))
    balls = start + np.linspace(0, 1, 2001) * (end - start)
    brute = np.linalg.norm(places[:, :, None] - balls[:, None], axis=0).min(axis=1) - 3
    np.testing.assert_allclose(exact, brute, atol=0.02)


def test_a_strap_has_its_half_widths() -> None:
    tube = sdf.Strap([(0, 0, 0), (30, 0, 0)], [(8, 2), (8, 4)], (0, 0, 1))
    middle = points((15, 8, 0), (15, 0, 3), (15, 9, 0), (15, 0, 4), (15, 0, 0))
    np.testing.assert_allclose(sdf.strap(middle, tube), [0, 0, 1, 1, -3], atol=1e-9)
    # The ends are as round as the tube is thin.
    ends = points((-2, 0, 0), (34, 0, 0), (36, 0, 0))
    np.testing.assert_allclose(sdf.strap(ends, tube), [0, 0, 2], atol=1e-9)


def test_thin_need_not_be_across_the_line() -> None:
    leaning = sdf.Strap([(0, 0, 0), (30, 0, 0)], [(8, 2), (8, 2)], (5, 0, 1))
    upright = sdf.Strap([(0, 0, 0), (30, 0, 0)], [(8, 2), (8, 2)], (0, 0, 3))
    places = scattered(1, 100, 30.0)
    np.testing.assert_allclose(sdf.strap(places, leaning), sdf.strap(places, upright))


@pytest.mark.parametrize("corners", [SQUARE, ARROW, SQUARE[::-1], ARROW[::-1]])
def test_polygon_against_brute_force(corners: list[tuple[float, float]]) -> None:
    # Whole numbers meet the heights of the corners, where crossings are easily counted twice.
    x, y = (axis.ravel() for axis in np.mgrid[-2:9, -2:7].astype(float))
    x, y = np.concatenate([x, x + 0.3]), np.concatenate([y, y + 0.4])
    ring = np.array([*corners, corners[0]], dtype=float)
    dense = [
        first + (second - first) * np.linspace(0, 1, 601)[:, None]
        for first, second in pairwise(ring)
    ]
    edge = np.concatenate(dense)
    away = np.hypot(x[:, None] - edge[:, 0], y[:, None] - edge[:, 1]).min(axis=1)
    found = sdf.polygon(x, y, corners)
    np.testing.assert_allclose(np.abs(found), away, atol=0.01)
    # Winding number: all angles under which the edge is seen add up to a turn, or to nothing.
    seen = np.unwrap(np.arctan2(edge[:, 1] - y[:, None], edge[:, 0] - x[:, None]), axis=1)
    inside = np.abs(seen[:, -1] - seen[:, 0]) > np.pi
    clear = away > 0.01
    np.testing.assert_array_equal((found < 0)[clear], inside[clear])


def test_polygon_on_paper() -> None:
    x, y = points((2, 2), (2, 3.5), (7, 8), (2, -1))
    np.testing.assert_allclose(sdf.polygon(x, y, SQUARE), [-2, -0.5, 5, 1])


@given(SEEDS, st.floats(1, 20), st.floats(1, 20), st.floats(0.5, 40))
def test_uneven_capsule_against_brute_force(
    seed: int, low_mm: float, high_mm: float, gap_mm: float
) -> None:
    # Discs of which neither holds the other, the condition under which the hull has tangents.
    height = abs(low_mm - high_mm) + gap_mm
    across, up = scattered(seed, 40, 40.0, size=2)
    found = sdf.uneven_capsule(across, up, (-3.0, low_mm), (height - 3.0, high_mm))
    share = np.linspace(0, 1, 4001)
    discs = np.hypot(across[:, None], up[:, None] - (height * share - 3.0)) - (
        low_mm + share * (high_mm - low_mm)
    )
    # The hull is the union of all discs between; outside, the nearest of them tells the way.
    outside = found > 0.05
    np.testing.assert_allclose(found[outside], discs.min(axis=1)[outside], atol=0.05)
    np.testing.assert_array_equal(found < 0, discs.min(axis=1) < np.where(found < 0, 0.05, 0))


def test_uneven_capsule_on_paper() -> None:
    # Equal discs of radius 5 at heights 0 and 10: straight sides.
    x, y = points((0, 0), (5, 5), (0, 17), (0, -8), (9, 4))
    np.testing.assert_allclose(sdf.uneven_capsule(x, y, (0, 5), (10, 5)), [-5, 0, 2, 3, 4])


def test_soft_combinations_on_paper() -> None:
    level, far = np.zeros(1), np.full(1, 9.0)
    # Where both are 0 the crease is filled by a quarter of the blend; away from it nothing changes.
    assert sdf.smooth_union(level, level, 4.0) == pytest.approx(-1)
    assert sdf.smooth_union(level, far, 4.0) == pytest.approx(0)
    assert sdf.smooth_intersection(level, level, 4.0) == pytest.approx(1)
    assert sdf.smooth_difference(-far, 2 * far, 4.0) == pytest.approx(-9)
    assert sdf.smooth_difference(-2 * far, -far, 4.0) == pytest.approx(9)


@given(st.floats(-20, 20), st.floats(-20, 20), st.floats(0.1, 15))
def test_a_soft_union_is_the_union_but_for_its_crease(
    first: float, second: float, blend_mm: float
) -> None:
    found = float(sdf.smooth_union(np.array([first]), np.array([second]), blend_mm)[0])
    hard = min(first, second)
    assert hard - blend_mm / 4 - 1e-9 <= found <= hard + 1e-9
    mirrored = float(sdf.smooth_intersection(np.array([first]), np.array([second]), blend_mm)[0])
    assert max(first, second) - 1e-9 <= mirrored <= max(first, second) + blend_mm / 4 + 1e-9


Shape = Callable[[sdf.FloatArray], sdf.FloatArray]
TUBES = [
    sdf.Strap([(-30, 0, 0), (0, 0, 0), (20, 22, 5)], widths, (0, 0.2, 1))
    for widths in (
        [(9.0, 2.5), (20.0, 5.0), (9.0, 2.5)],
        [(8.0, 2.0), (3.0, 8.0), (2.0, 6.0)],
        [(24.0, 8.0), (24.0, 8.0), (16.0, 8.0)],
    )
]
SHAPES: list[Shape] = [
    partial(sdf.ellipsoid, centre_mm=ORIGIN, radii_mm=(10, 10, 20)),
    partial(sdf.ellipsoid, centre_mm=ORIGIN, radii_mm=(10, 13, 20)),
    partial(sdf.ellipsoid, centre_mm=ORIGIN, radii_mm=(5, 20, 20)),
    *(partial(sdf.strap, shape=tube) for tube in TUBES),
]


def surface_spots(shape: Shape, seed: int) -> sdf.FloatArray:
    """Points that went down (or up) to the surface from all around, (3, n)."""
    places = scattered(seed, 60000, 1.0) * np.array([[50.0], [40.0], [30.0]])
    for _ in range(25):
        found = shape(places)
        slopes = np.stack([shape(places + step[:, None]) - found for step in np.eye(3) * 1e-4])
        slopes /= 1e-4
        places = places - slopes * found / np.maximum(np.square(slopes).sum(axis=0), 0.05)
    spots: sdf.FloatArray = places[:, np.abs(shape(places)) < 1e-3]
    return spots


@pytest.mark.parametrize("number", range(len(SHAPES)))
def test_distances_overstate_the_way_to_the_surface_no_more_than_stated(number: int) -> None:
    # Painting leaves out what is farther than the size of a tile, with a reserve of a third.
    shape = SHAPES[number]
    spots = surface_spots(shape, number)
    places = scattered(number + 100, 30000, 55.0)
    way = np.asarray(cKDTree(spots.T).query(places.T)[0])
    found = shape(places)
    # Near the surface the way to its nearest sample is too long to compare with.
    clear = way > 2
    outside, inside = clear & (found > 0), clear & (found < 0)
    assert outside.sum() > 1000
    assert inside.sum() > 10
    assert (found[outside] / way[outside]).max() < 1.1
    assert (-found[inside] / way[inside]).max() < (1.4 if number < 2 else 5 / 3)


FLAT: list[Shape] = [
    lambda places: sdf.polygon(places[0], places[1], ARROW),
    lambda places: sdf.uneven_capsule(places[0], places[1], (0, 5), (12, 3)),
    lambda places: sdf.sphere(places, (1, 2, 3), 8.0),
    lambda places: sdf.round_cones(places, [(0, 0, 0), (9, 0, 0)], (3, 5)),
]


@pytest.mark.parametrize("shape", [*SHAPES, *FLAT])
@given(SEEDS)
def test_single_precision_gives_the_same_distances(shape: Shape, seed: int) -> None:
    places = scattered(seed, 50, 40.0)
    single = shape(places.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.astype(float), shape(places).astype(float), atol=1e-3)
