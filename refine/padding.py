"""What of a slice a scanner filled in: margins of one value, where no bone can be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def scanned_region(image: npt.NDArray[np.floating], axis: int = 0) -> npt.NDArray[np.bool_]:
    """Tells the scanned part of each slice from margins that hold a single value.

    Scanners fill slices up to a square; no noise is there. Networks draw a shaft on for some
    pixels into such a margin.

    Args:
        image: intensities, (Z, Y, X), not resampled.
        axis: along which the slices lie.

    Returns:
        bool (Z, Y, X): false in rows and columns that are constant along their whole length, and
        in all those between them and the edge of the slice. A slice of one value is false
        everywhere. An image without voxels gives an array without voxels.
    """
    slices = np.moveaxis(image, axis, 0)
    if not image.size:
        return np.zeros(image.shape, np.bool_)
    inside = np.ones(slices.shape, np.bool_)
    inside &= _between(slices.min(axis=2) < slices.max(axis=2))[:, :, None]
    # Columns are looked at within the rows that are left: a margin below must not hide one beside.
    low = np.where(inside, slices, np.inf).min(axis=1)
    high = np.where(inside, slices, -np.inf).max(axis=1)
    inside &= _between(low < high)[:, None, :]
    return np.moveaxis(inside, 0, axis)


def _between(varied: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """From the first to the last line of each slice that varies, bool (Z, lines)."""
    begun = np.logical_or.accumulate(varied, axis=1)
    going_on: npt.NDArray[np.bool_] = np.logical_or.accumulate(varied[:, ::-1], axis=1)[:, ::-1]
    return begun & going_on
