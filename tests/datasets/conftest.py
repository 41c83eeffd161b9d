"""Volumes that give away a swapped, mirrored or rescaled axis."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from shoulderseg.datasets.volume import Volume


@pytest.fixture
def oblique() -> Volume:
    """An asymmetric, anisotropic, oblique, non-square image."""
    array = np.random.default_rng(5).normal(100, 20, (5, 7, 11)).astype(np.float32)
    array[1, 2:4, 3:9] = 400
    axes = Rotation.from_euler("xyz", [20, 35, -50], degrees=True).as_matrix()
    direction = tuple(float(number) for number in axes.ravel())
    return Volume(array, (3.0, 0.5, 0.7), (-180.058222, -97.147766, 112.827990), direction)


@pytest.fixture
def labels(oblique: Volume) -> Volume:
    """Labels 3 and 5 on the grid of the oblique image."""
    array = np.zeros(oblique.array.shape, dtype=np.uint8)
    array[1, 2:4, 3:9] = 3
    array[3, 5, 1:3] = 5
    return Volume(array, oblique.spacing_mm, oblique.origin_mm, oblique.direction)
