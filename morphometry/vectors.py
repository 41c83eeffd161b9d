"""Unit vectors, frames and directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def unit(vector: Floats) -> Floats:
    """The vector at length 1; the null vector stays."""
    length = float(np.linalg.norm(vector))
    scaled: Floats = vector / length if length else vector
    return scaled


def angle_deg(first: Floats, second: Floats) -> float:
    """Angle between two vectors, 0 to 180 degrees."""
    return float(np.degrees(np.arccos(np.clip(unit(first) @ unit(second), -1, 1))))


def distances_to(points_mm: Floats, places_mm: Floats) -> Floats:
    """Distance of each place (n, 3) to the nearest of some points (m, 3), (n,)."""
    found, _ = cKDTree(points_mm).query(places_mm)
    distances: Floats = np.asarray(found, np.float64)
    return distances


def directions(count: int) -> Floats:
    """Unit vectors all over a sphere, evenly (a Fibonacci lattice), (count, 3)."""
    number = np.arange(count) + 0.5
    height = 1 - 2 * number / count
    around = np.pi * (1 + np.sqrt(5)) * number
    off = np.sqrt(1 - height**2)
    found: Floats = np.stack([off * np.cos(around), off * np.sin(around), height], axis=1)
    return found
