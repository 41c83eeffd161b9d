"""What of a slice a scanner filled in: margins of one value, where no bone can be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def scanned_region(image: npt.NDArray[np.floating], axis: int = 0) -> npt.NDArray[np.bool_]:
    """Tells the scanned part of each slice from margins that hold a single value.

    Scanners fill slices up to a square; no noise is there. Networks draw a shaft on for some
    pixels into such a margin.

    Args:
        image: Intensities, (Z, Y, X), not resampled.
        axis: Along which the slices lie.

    Returns:
        bool (Z, Y, X): false in rows and columns that are constant along their whole length, or
        along what of it the margins across leave. They need not reach the edge of the slice: some
        files have a frame of other values around the margin. A slice of one value is false
        everywhere. An image without voxels gives an array without voxels.
    """
    slices = np.moveaxis(image, axis, 0)
    if not image.size:
        return np.zeros(image.shape, np.bool_)
    rows = np.repeat((slices.min(axis=2) < slices.max(axis=2))[:, :, None], slices.shape[2], 2)
    # Columns are looked at within the rows that are left: a margin below must not hide one beside.
    low = np.where(rows, slices, np.inf).min(axis=1)
    high = np.where(rows, slices, -np.inf).max(axis=1)
    return np.moveaxis(rows & (low < high)[:, None, :], 0, axis)
