"""In-plane resampling, so that a patch always sees the same millimetres."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

_SAME_PIXEL = 0.01
_PIXEL_RANGE_MM = (0.05, 10.0)


def check_pixel_mm(pixel_mm: float | None) -> None:
    """Refuse a pixel size that no scanner has and that would blow up the image.

    Args:
        pixel_mm: in-plane pixel size in mm, or None for the native grid.

    Raises:
        ValueError: outside 0.05 to 10 mm.
    """
    low, high = _PIXEL_RANGE_MM
    if pixel_mm is not None and not low <= pixel_mm <= high:
        msg = f"pixel_mm is {pixel_mm}, expected {low} to {high} mm, or None for the native grid"
        raise ValueError(msg)


def resample_in_plane(
    image: torch.Tensor, spacing_mm: Sequence[float], pixel_mm: float | None
) -> torch.Tensor:
    """Resample every slice to square pixels, bilinear, smoothed where it shrinks.

    The field of view stays the same, so the pixel size is met to within half a pixel over the
    whole slice.

    Args:
        image: (Z, Y, X) floating point.
        spacing_mm: voxel size in array order (Z, Y, X).
        pixel_mm: wanted pixel size in mm; None keeps the native grid.

    Returns:
        (Z, Y', X'); the image itself where both axes are within 1 % of `pixel_mm`.

    Raises:
        ValueError: `pixel_mm` out of range.
    """
    check_pixel_mm(pixel_mm)
    in_plane_mm = spacing_mm[1:]
    if pixel_mm is None or all(abs(s / pixel_mm - 1.0) <= _SAME_PIXEL for s in in_plane_mm):
        return image
    size = [
        max(1, math.floor(n * s / pixel_mm + 0.5))
        for n, s in zip(image.shape[1:], in_plane_mm, strict=True)
    ]
    resized = torch.nn.functional.interpolate(
        image[:, None], size=size, mode="bilinear", align_corners=False, antialias=True
    )
    return resized[:, 0]


def map_centres(
    centres: NDArray[np.int64], shape: Sequence[int], resampled: Sequence[int]
) -> NDArray[np.int64]:
    """Carry voxel indices over to a resampled grid with the same field of view.

    Args:
        centres: int64 (N, 3), (z, y, x) in the native grid.
        shape: (Z, Y, X) of the native grid.
        resampled: (Z, Y', X') of the resampled grid.

    Returns:
        int64 (N, 3), the pixels that hold the voxels' centres; several voxels share one where the
        grid shrank.
    """
    # The pixel centre i + 1/2 scales with the grid; its floor is the pixel that holds it.
    # Integers keep this exact.
    native, new = np.asarray(shape, np.int64), np.asarray(resampled, np.int64)
    return (2 * centres + 1) * new // (2 * native)
