"""The random deformation: smooth, free of folds, and undone by its inverse."""

from __future__ import annotations

import numpy as np
import pytest

from shoulderseg.datasets.phantom.deformation import Deformation
from shoulderseg.datasets.phantom.sdf import FloatArray

STRENGTH_MM = 1.5


@pytest.fixture(scope="module", params=[0, 1])
def deformation(request: pytest.FixtureRequest) -> Deformation:
    return Deformation(np.random.default_rng(request.param), STRENGTH_MM)


@pytest.fixture(scope="module")
def places() -> FloatArray:
    """Points of what a scan shows, (3, n)."""
    return np.random.default_rng(7).uniform(-100, 100, (3, 20000))


def test_each_direction_undoes_the_other(deformation: Deformation, places: FloatArray) -> None:
    for there, back in (
        (deformation.to_anatomy, deformation.to_scan),
        (deformation.to_scan, deformation.to_anatomy),
    ):
        off = np.linalg.norm(back(there(places)) - places, axis=0)
        assert off.max() < 0.05
        assert np.linalg.norm(there(places) - places, axis=0).mean() > 1


def test_space_is_nowhere_folded_or_torn(deformation: Deformation, places: FloatArray) -> None:
    step = 0.5
    for way in (deformation.to_anatomy, deformation.to_scan):
        columns = [
            (way(places + step * unit[:, None]) - way(places - step * unit[:, None])) / (2 * step)
            for unit in np.eye(3)
        ]
        volume = np.linalg.det(np.stack(columns, axis=1).transpose(2, 0, 1))
        assert volume.min() > 0.6
        assert volume.max() < 1.6


def test_displacements_have_the_stated_size_and_are_smooth(places: FloatArray) -> None:
    moved = []
    for seed in range(2, 5):
        deformation = Deformation(np.random.default_rng(seed), STRENGTH_MM)
        moved.append(deformation.to_anatomy(places) - places)
        near = places + np.array([[4.0], [0.0], [0.0]])
        change = deformation.to_anatomy(near) - near - moved[-1]
        assert np.abs(change).max() < STRENGTH_MM
    assert np.concatenate(moved, axis=1).std() == pytest.approx(STRENGTH_MM, rel=0.2)


def test_without_strength_nothing_moves(places: FloatArray) -> None:
    still = Deformation(np.random.default_rng(0), 0.0)
    np.testing.assert_array_equal(still.to_anatomy(places), places)
    np.testing.assert_array_equal(still.to_scan(places), places)


def test_the_same_state_gives_the_same_deformation(
    deformation: Deformation, places: FloatArray
) -> None:
    first, second = (Deformation(np.random.default_rng(9), STRENGTH_MM) for _ in range(2))
    found = first.to_anatomy(places)
    np.testing.assert_array_equal(found, second.to_anatomy(places))
    assert np.abs(found - deformation.to_anatomy(places)).mean() > 0.5


def test_single_precision_stays_single(deformation: Deformation, places: FloatArray) -> None:
    single = deformation.to_anatomy(places.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, deformation.to_anatomy(places), atol=1e-3)


def test_far_away_the_displacement_of_the_nearest_known_point_holds(
    deformation: Deformation,
) -> None:
    far, edge = np.array([[900.0], [10.0], [0.0]]), np.array([[200.0], [10.0], [0.0]])
    np.testing.assert_allclose(
        deformation.to_anatomy(far) - far, deformation.to_anatomy(edge) - edge, atol=1e-9
    )
