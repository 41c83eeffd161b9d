"""How a bone is found to have moved, where its edges say little."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from shoulderseg.refine.examination.align import Expectation, Motion, align, joined, still
from shoulderseg.refine.examination.field import Field
from tests.refine.examination.bones import ball


def field_of_a_ball() -> Field:
    grid = Field(np.zeros((33, 33, 33)), np.full(3, -32.0), 2.0)
    distance = ball(grid.places()).reshape(grid.distance_mm.shape)
    return Field(distance, grid.first_mm, grid.step_mm)


def moved_mm(points: int) -> float:
    """How far the bone is taken to have moved where points on its right side lie 1 mm too far."""
    edge = np.tile([21.0, 0.0, 0.0], (points, 1))
    origin = np.zeros(3)
    at_rest = Expectation(origin, origin, 1.0)
    motion = align(edge, field_of_a_ball(), still(origin), 150.0, at_rest)
    return float(motion.shift_mm[0])


def test_few_points_count_for_no_more_than_they_are() -> None:
    """One point is as sure as where the bone is expected, so the bone moves about half the way."""
    assert moved_mm(1) == pytest.approx(0.45, abs=0.1)
    assert moved_mm(150) > 0.9
    # Neighbours err together.
    assert moved_mm(3000) == pytest.approx(moved_mm(150), abs=0.01)


def test_motion_from_one_series_to_another() -> None:
    """A point goes from the one through the examination into the other."""
    rng = np.random.default_rng(4)
    first, second = (
        Motion(rng.normal(size=3), 3 * rng.normal(size=3), 0.1 * rng.normal(size=3))
        for _ in range(2)
    )
    centre, points = np.array([5.0, -2.0, 8.0]), 20 * rng.normal(size=(6, 3))

    motion = joined(first, second, centre)

    np.testing.assert_allclose(motion.apply(points), second.apply(first.undo(points)), atol=1e-9)
    np.testing.assert_array_equal(motion.centre_mm, centre)
    turned = Rotation.from_rotvec(motion.turn).magnitude()
    assert np.degrees(turned) == pytest.approx(first.turn_to_deg(second))
