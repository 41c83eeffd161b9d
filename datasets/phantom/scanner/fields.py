"""Uneven fields of the magnet and the transmitter: shading and failing fat saturation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from shoulderseg.datasets.phantom.scanner.equations import FAT_SHIFT_PPM

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

# Cosines along each axis; the finest has a period of two thirds of the image.
MODES = 4
# Share of the failure that is even over the image: the flip angle of the pulse is not quite right
# everywhere and fat recovers before the excitation.
EVEN_SHARE = 0.3
# Half width of the band that the saturation pulse takes out.
BAND_PPM = 1.5
# How much of the water the pulse takes where the field moves water onto it. Less than all: the
# edge of the band is not steep, and shimming keeps such places small.
WATER_TAKEN = 0.5
# How far the field of a lung or of the air outside reaches into tissue.
AIR_REACH_MM = 15.0
# Spread of where the middle of the magnet lies from the middle of the image: shoulders are wide.
ISOCENTRE_SPREAD_MM = 50.0


def smooth_random(shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    """Draws a smooth field: a few cosines along each axis with random amplitudes.

    Args:
        shape: Of the result.
        rng: Source of randomness.

    Returns:
        Mean 0 and largest magnitude 1, or all 0 where one voxel leaves nothing to vary.
    """
    field = rng.normal(size=(MODES,) * len(shape))
    orders = np.indices(field.shape).sum(axis=0)
    # Long waves are the strongest.
    field /= 1 + orders**2
    for axis, count in enumerate(shape):
        angle = np.pi * (np.arange(count) + 0.5) / count
        waves = np.cos(angle[:, None] * np.arange(MODES))
        field = np.moveaxis(np.tensordot(waves, field, axes=(1, axis)), 0, axis)
    field -= field.mean()
    peak = np.abs(field).max()
    # Rounding is all that is left of a single voxel.
    return field / peak if peak > 1e-9 else np.zeros(shape)


def field_offset(points_mm: FloatArray, air: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draws how far the main field is off after shimming, in units of its own spread.

    Three parts of equal weight: what grows with the square of the distance from the middle of the
    magnet, what air does to the tissue beside it, and a smooth random rest.

    Args:
        points_mm: Places on a grid in patient coordinates, shape (Z, Y, X, 3).
        air: Share of air at each place, shape (Z, Y, X).
        rng: Source of randomness.

    Returns:
        Shape (Z, Y, X), median 0, standard deviation 1 unless it is 0 everywhere.
    """
    middle = points_mm.reshape(-1, 3).mean(axis=0) + rng.normal(0, ISOCENTRE_SPREAD_MM, 3)
    far = np.square(points_mm - middle).sum(axis=-1)
    # An axis with a single place has nothing to smooth.
    steps_mm = [
        np.linalg.norm(np.diff(points_mm, axis=axis)[0, 0, 0]) if count > 1 else np.inf
        for axis, count in enumerate(air.shape)
    ]
    reach = [AIR_REACH_MM / step for step in steps_mm]
    near_air = ndimage.gaussian_filter(air.astype(np.float64), reach, mode="nearest")
    parts = [far, near_air, smooth_random(air.shape, rng)]
    signs = rng.choice([-1.0, 1.0], size=len(parts))
    field = sum(sign * _standard(part) for sign, part in zip(signs, parts, strict=True))
    field = _standard(np.asarray(field))
    return np.asarray(field - np.median(field))


def saturation(
    offset: FloatArray, fat: FloatArray, failure: float
) -> tuple[FloatArray, FloatArray]:
    """Gives what a fat saturation pulse leaves of fat and water where the main field is off.

    The pulse takes out exp(-(d / band)^4) of what precesses d away from its centre, which is set
    to fat: it misses fat where the field is off, and reaches water where the field brings water
    close to the centre. The field is scaled so that the stated share of fat survives; one that is
    the same everywhere cannot be, and leaves the even part of that share.

    Args:
        offset: Of the main field in any unit, shape (Z, Y, X).
        fat: Fat signal at the same places, the weights of the average.
        failure: Share of all fat signal that is left, from 0 up to below 1.

    Returns:
        The share that is left of fat, and of water, each of shape (Z, Y, X).

    Raises:
        ValueError: If the failure lies outside that range.
    """
    if not 0 <= failure < 1:
        msg = f"The share of fat that saturation leaves must lie in [0, 1), got {failure}."
        raise ValueError(msg)
    weights = fat / fat.sum() if fat.sum() > 0 else np.full(fat.shape, 1 / fat.size)
    even = EVEN_SHARE * failure

    def left(scale_ppm: float) -> FloatArray:
        return even + (1 - even) * (1 - _taken(scale_ppm * offset))

    low, high = 0.0, 100.0
    for _ in range(40):
        middle = (low + high) / 2
        if (weights * left(middle)).sum() < failure:
            low = middle
        else:
            high = middle
    return left(low), 1 - WATER_TAKEN * _taken(FAT_SHIFT_PPM + low * offset)


def _taken(distance_ppm: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-((distance_ppm / BAND_PPM) ** 4)))


def _standard(values: FloatArray) -> FloatArray:
    spread = values.std()
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros(values.shape)
