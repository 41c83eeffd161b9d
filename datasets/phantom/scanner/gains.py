"""Smooth factors of the water and fat signal: coil, shading and fat saturation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.scanner.coils import (
    interpolation,
    knot_points_mm,
    knots,
    sensitivity,
)
from shoulderseg.datasets.phantom.scanner.fields import field_offset, saturation, smooth_random
from shoulderseg.datasets.phantom.scanner.signals import FAT_SATURATED

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.grid import ScanGrid
    from shoulderseg.datasets.phantom.scanner.protocol import Protocol

    FloatImage = npt.NDArray[np.float32]

# Below this share of the reference signal a place counts as air for the main field.
AIR_LEVEL = 0.1


class Gains(NamedTuple):
    """Factors at the knots of all slices.

    Attributes:
        water: Shape (Z, rows, columns).
        fat: Shape (Z, rows, columns).
        to_rows: Interpolates rows, shape (Y, rows).
        to_columns: Interpolates columns, shape (X, columns).
    """

    water: FloatImage
    fat: FloatImage
    to_rows: FloatImage
    to_columns: FloatImage

    def apply(self, part: FloatImage, factors: FloatImage) -> FloatImage:
        """Scales a slice of shape (Y, X) by the factors of that slice, (rows, columns)."""
        by_rows = _blend(self.to_rows, factors)
        return part * _blend(self.to_columns, by_rows.T).T


def draw_gains(
    water: FloatImage,
    fat: FloatImage,
    grid: ScanGrid,
    protocol: Protocol,
    coils_mm: npt.NDArray[np.floating],
    reference: float,
    rng: np.random.Generator,
) -> Gains:
    """Draws what scales the signals before they reach k-space.

    Args:
        water: Water signal, shape (Z, Y, X); with the fat it shows where air is.
        fat: Fat signal, the weights of the average that fat saturation leaves.
        grid: Of both.
        protocol: Coil falloff, shading and fat saturation.
        coils_mm: Centres of the receive loops in patient coordinates, shape (N, 3).
        reference: Signal of muscle.
        rng: Source of randomness.

    Returns:
        The factors.

    Raises:
        ValueError: If the coil positions or the failure of fat saturation are not valid.
    """
    rows, columns = knots(grid)
    to_rows, to_columns = interpolation(grid.shape[1], rows), interpolation(grid.shape[2], columns)
    points_mm = knot_points_mm(grid)
    shading = np.exp(protocol.bias_strength * smooth_random(points_mm.shape[:-1], rng))
    shading *= sensitivity(points_mm, coils_mm, protocol.coil_falloff)
    fat_left = water_left = np.ones(1)
    if protocol.sequence in FAT_SATURATED:
        mean_water = _knot_means(water, to_rows, to_columns)
        mean_fat = _knot_means(fat, to_rows, to_columns)
        air = (mean_water + mean_fat < AIR_LEVEL * abs(reference)).astype(np.float64)
        offset = field_offset(points_mm, air, rng)
        fat_left, water_left = saturation(offset, mean_fat, protocol.fat_saturation_failure)
    return Gains(
        water=(shading * water_left).astype(np.float32),
        fat=(shading * fat_left).astype(np.float32),
        to_rows=to_rows,
        to_columns=to_columns,
    )


def _blend(weights: FloatImage, values: FloatImage) -> FloatImage:
    """Interpolates rows: (n, knots) on (knots, m) gives (n, m); a row has at most two weights.

    A matrix product would be the same but for its last bits, which depend on the number of threads.
    """
    first = np.argmax(weights > 0, axis=1)
    second = np.minimum(first + 1, weights.shape[1] - 1)
    near = np.take_along_axis(weights, first[:, None], axis=1)
    far = np.where(second > first, weights[np.arange(len(weights)), second], 0)[:, None]
    blended: FloatImage = near * values[first] + far.astype(np.float32) * values[second]
    return blended


def _knot_means(
    part: FloatImage, to_rows: FloatImage, to_columns: FloatImage
) -> npt.NDArray[np.float64]:
    """Averages the magnitude of a signal around each knot, shape (Z, rows, columns)."""
    rows, columns = to_rows / to_rows.sum(axis=0), to_columns / to_columns.sum(axis=0)
    # Without BLAS, whose sums depend on the number of threads.
    by_rows = np.einsum("yk,zyx->zkx", rows, np.abs(part))
    means: npt.NDArray[np.float64] = np.einsum("zkx,xc->zkc", by_rows, columns).astype(np.float64)
    return means
