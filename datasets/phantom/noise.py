"""Smooth random textures that have a value at every point of space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.sdf import FloatArray, Point

_SIZE = 48


class Noise:
    """A periodic random texture of mean 0 and standard deviation 1.

    Args:
        rng: Source of the lattice, 48 values a side.
        octaves: How many times detail of half the size and half the strength is added.
    """

    def __init__(self, rng: np.random.Generator, octaves: int = 2) -> None:
        lattice = np.zeros((_SIZE, _SIZE, _SIZE), dtype=np.float32)
        for octave in range(octaves):
            white = rng.standard_normal(lattice.shape, dtype=np.float32)
            width = 2.0 / 2**octave
            smooth = ndimage.gaussian_filter(white, width, mode="wrap")
            lattice += smooth / smooth.std() * 0.5**octave
        self._lattice = (lattice - lattice.mean()) / lattice.std()

    def at(self, points: FloatArray, grain_mm: Point) -> FloatArray:
        """Gives the texture at each point.

        Args:
            points: Coordinates in mm, shape (3, n).
            grain_mm: Size of the grains along each coordinate.

        Returns:
            Values, float32, shape (n,).
        """
        # A grain, from crest to trough, is about four lattice steps wide.
        steps = np.array([4.0 / float(size) for size in grain_mm], dtype=np.float32)[:, None]
        values: FloatArray = ndimage.map_coordinates(
            self._lattice, points.astype(np.float32) * steps, order=1, mode="grid-wrap"
        )
        return values
