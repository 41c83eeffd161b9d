"""A smooth random deformation of space that can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.sdf import FloatArray

_STEP_MM = 10.0
_REACH_MM = 200.0
_SQUARINGS = 5


class Deformation:
    """A diffeomorphism of the body, the flow of a random smooth velocity field.

    Integrated by scaling and squaring (Arsigny et al., MICCAI 2006) and undone by fixed-point
    iteration (Chen et al., Med Phys 2008). Beyond 200 mm from the joint the displacement of the
    nearest known point holds.

    Args:
        rng: Source of the velocities.
        strength_mm: Standard deviation of the displacement along each axis; 0 for none.
        smooth_mm: Width of the Gaussian that smooths the velocities.
    """

    def __init__(
        self, rng: np.random.Generator, strength_mm: float, smooth_mm: float = 50.0
    ) -> None:
        size = 2 * int(_REACH_MM / _STEP_MM) + 1
        white = rng.standard_normal((3, size, size, size))
        smooth = ndimage.gaussian_filter(white, (0, *(smooth_mm / _STEP_MM,) * 3))
        # The filter leaves more variance at the walls than inside.
        inside = (slice(None), *(slice(size // 4, -(size // 4)),) * 3)
        velocity = smooth / smooth[inside].std() * strength_mm
        self._to_anatomy = _flow(velocity)

    def to_anatomy(self, points: FloatArray) -> FloatArray:
        """Where in the undeformed body each point of the scanned one comes from, (3, n) mm."""
        return points + _interpolated(self._to_anatomy, points)

    def to_scan(self, points: FloatArray) -> FloatArray:
        """Where each point of the undeformed body ends up, (3, n) mm; undoes `to_anatomy`."""
        found = points
        # Displacements differ by less than a quarter of the way between two points, so that each
        # turn leaves less than a quarter of the error.
        for _ in range(12):
            found = points - _interpolated(self._to_anatomy, found)
        return found


def _flow(velocity: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Displacements after unit time."""
    moved = velocity / 2**_SQUARINGS
    axis = np.arange(moved.shape[1]) * _STEP_MM - _REACH_MM
    places = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"))
    for _ in range(_SQUARINGS):
        there = (places + moved).reshape(3, -1)
        moved = moved + _interpolated(moved, there).reshape(moved.shape)
    flow: npt.NDArray[np.float32] = moved.astype(np.float32)
    return flow


def _interpolated(field: npt.NDArray[np.floating], points: FloatArray) -> FloatArray:
    steps = (points + _REACH_MM) / _STEP_MM
    values: FloatArray = np.stack(
        [ndimage.map_coordinates(part, steps, order=1, mode="nearest") for part in field]
    )
    return values.astype(points.dtype)
