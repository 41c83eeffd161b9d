"""Circles and spheres nearest to points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.morphometry.sphere import circle_of_arc, fit_ball

numbers = st.floats(-100, 100)
MIDDLE = np.array([3.0, -5.0])


def arc(degrees: float, radius: float = 14.0, count: int = 60) -> np.ndarray:
    """A circle's points about (3, -5)."""
    angles = np.radians(np.linspace(200, 200 + degrees, count))
    return MIDDLE + radius * np.column_stack([np.cos(angles), np.sin(angles)])


@given(x=numbers, y=numbers, z=numbers, radius=st.floats(1, 60), seed=st.integers(0, 999))
def test_points_on_a_sphere_give_the_sphere(
    x: float, y: float, z: float, radius: float, seed: int
) -> None:
    towards = np.random.default_rng(seed).normal(size=(40, 3))
    points = np.array([x, y, z]) + radius * towards / np.linalg.norm(towards, axis=1)[:, None]

    centre, found = fit_ball(points)

    assert centre == pytest.approx([x, y, z], abs=1e-5)
    assert found == pytest.approx(radius, abs=1e-5)


@given(x=numbers, y=numbers, radius=st.floats(1, 60), degrees=st.floats(40, 360))
def test_an_arc_gives_its_circle(x: float, y: float, radius: float, degrees: float) -> None:
    points = arc(degrees, radius) - MIDDLE + (x, y)

    centre, found = circle_of_arc(points)

    assert centre == pytest.approx([x, y], abs=1e-4)
    assert found == pytest.approx(radius, abs=1e-4)


def test_an_uneven_arc_is_not_taken_for_one_of_a_smaller_circle() -> None:
    rng = np.random.default_rng(0)
    clean = arc(110)
    uneven = [clean + rng.normal(0, 0.8, clean.shape) for _ in range(300)]

    assert np.mean([circle_of_arc(points)[1] for points in uneven]) == pytest.approx(14, abs=0.15)
    assert np.mean([fit_ball(points)[1] for points in uneven]) < 13


def test_points_without_weight_do_not_count() -> None:
    points = np.concatenate([arc(90), [[50.0, 50.0]]])

    centre, radius = fit_ball(points, np.append(np.ones(60), 0.0))

    assert centre == pytest.approx([3, -5], abs=1e-6)
    assert radius == pytest.approx(14, abs=1e-6)


def test_what_is_no_circle() -> None:
    line = np.column_stack([np.arange(9.0), 2 * np.arange(9.0)])

    assert circle_of_arc(line)[1] == np.inf
    assert circle_of_arc(np.ones((5, 2)))[1] == 0
    for fit in (fit_ball, circle_of_arc):
        with pytest.raises(ValueError, match="needs 3 points, got 2"):
            fit(arc(90, count=2))
