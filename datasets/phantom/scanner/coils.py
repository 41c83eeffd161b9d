"""What a set of surface coils hears of each place, and the smooth maps that scale an image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.grid import ScanGrid

# Of one loop of a shoulder array.
LOOP_RADIUS_MM = 60.0
# Smooth maps are computed this far apart in the slice and interpolated: coil sensitivity, the
# quickest of them, bends over a loop radius.
KNOT_SPACING_MM = 3.0


def sensitivity(
    points_mm: npt.NDArray[np.floating], coils_mm: npt.NDArray[np.floating], falloff: float
) -> npt.NDArray[np.float32]:
    """Gives the receive sensitivity of a coil array whose channels are combined.

    A loop hears a point on its axis with (1 + (d/r)^2)^-1.5, d away (Biot-Savart); the same
    falloff is taken in all directions. Channels are combined as root of the sum of squares
    (Roemer et al., Magn Reson Med 1990;16:192-225), relative to the middle of the coils.

    Args:
        points_mm: Places in patient coordinates, shape (..., 3).
        coils_mm: Centres of the loops in patient coordinates, shape (N, 3).
        falloff: Exponent on the result: 1 leaves it, 0 is what perfect intensity correction or a
            body coil gives.

    Returns:
        Shape (...), 1 at the mean of `coils_mm`.

    Raises:
        ValueError: If `coils_mm` does not hold at least one position.
    """
    coils = np.asarray(coils_mm, dtype=np.float64)
    if coils.ndim != 2 or coils.shape[1] != 3 or not len(coils):
        msg = f"Coil positions need the shape (N, 3) with N of at least 1, got {coils.shape}."
        raise ValueError(msg)

    def squares(points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        total = np.zeros(points.shape[:-1])
        for coil in coils:
            reach = 1 + np.square(points - coil).sum(axis=-1) / LOOP_RADIUS_MM**2
            total += reach**-3.0
        return total

    relative = squares(points_mm) / squares(coils.mean(axis=0))
    return (relative ** (falloff / 2)).astype(np.float32)


def knots(grid: ScanGrid) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Chooses the rows and columns of a grid at which smooth maps are computed.

    Args:
        grid: The slices.

    Returns:
        Positions in voxels along Y and along X, from the first voxel to the last; never more than
        there are voxels.
    """
    _, rows, columns = (
        np.linspace(0, count - 1, min(count, math.ceil((count - 1) * step / KNOT_SPACING_MM) + 1))
        for count, step in zip(grid.shape, grid.spacing_mm, strict=True)
    )
    return rows, columns


def knot_points_mm(grid: ScanGrid) -> npt.NDArray[np.float64]:
    """Gives the places of the knots of all slices.

    Args:
        grid: The slices.

    Returns:
        Patient coordinates, shape (Z, rows, columns, 3).
    """
    rows, columns = knots(grid)
    slices, across, along = grid.axes_mm()
    points: npt.NDArray[np.float64] = (
        np.array(grid.origin_mm)
        + np.arange(grid.shape[0])[:, None, None, None] * slices
        + rows[:, None, None] * across
        + columns[:, None] * along
    )
    return points


def interpolation(count: int, positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Gives the matrix that interpolates linearly between equally spaced knots.

    Args:
        count: Voxels along the axis.
        positions: Of the knots, in voxels, from 0 to `count - 1`.

    Returns:
        Weights, shape (count, knots); every row sums to 1. A single voxel has a single knot.
    """
    if count == 1:
        return np.ones((1, 1), dtype=np.float32)
    step = positions[1] - positions[0]
    distance = np.abs(np.arange(count)[:, None] - positions) / step
    weights = np.clip(1 - distance, 0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
