"""In-plane resampling, so that a patch always sees the same millimetres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from shoulderseg.refine.inputs import PatchInputs

_SAME_PIXEL = 0.01
_PIXEL_RANGE_MM = (0.05, 10.0)


def check_pixel_mm(pixel_mm: float | None) -> None:
    """Refuses a pixel size that no scanner has and that would blow up the image.

    Args:
        pixel_mm: In-plane pixel size in mm, or None for the native grid.

    Raises:
        ValueError: Outside 0.05 to 10 mm.
    """
    low, high = _PIXEL_RANGE_MM
    if pixel_mm is not None and not low <= pixel_mm <= high:
        msg = f"pixel_mm is {pixel_mm}, expected {low} to {high} mm, or None for the native grid"
        raise ValueError(msg)


def resample_in_plane(
    image: torch.Tensor, spacing_mm: Sequence[float], pixel_mm: float | None
) -> torch.Tensor:
    """Resamples every slice to square pixels, bilinear, smoothed where it shrinks.

    The field of view stays the same, so the pixel size is met to within half a pixel over the
    whole slice.

    Args:
        image: (Z, Y, X) floating point.
        spacing_mm: Voxel size in array order (Z, Y, X).
        pixel_mm: Wanted pixel size in mm; None keeps the native grid.

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


def resample_inputs(
    inputs: PatchInputs, spacing_mm: Sequence[float], pixel_mm: float | None
) -> PatchInputs:
    """Resamples all volumes of a case as `resample_in_plane` does the image.

    Args:
        inputs: The case.
        spacing_mm: Voxel size in array order (Z, Y, X).
        pixel_mm: Wanted pixel size in mm; None keeps the native grid.

    Returns:
        The volumes on the new grid; the inputs themselves where nothing changes.

    Raises:
        ValueError: `pixel_mm` out of range.
    """
    image = resample_in_plane(inputs.image, spacing_mm, pixel_mm)
    if image is inputs.image:
        return inputs
    votes = [resample_in_plane(vote, spacing_mm, pixel_mm) for vote in inputs.votes]
    stacked = torch.stack(votes) if votes else image.new_empty((0, *image.shape))
    return PatchInputs(image, stacked, inputs.neighbours)


def map_centres(
    centres: NDArray[np.int64], shape: Sequence[int], resampled: Sequence[int]
) -> NDArray[np.int64]:
    """Carries voxel indices over to a resampled grid with the same field of view.

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


class Corners(NamedTuple):
    """Pixels that values are interpolated from, and how.

    Attributes:
        pixels: int64 (P, 3), each once, in C order.
        corners: int64 (N, K), which pixels surround each point; K is 4, or 1 on an equal grid.
        weight: float32 (N, K), their weights, 0 to 1, summing to 1.
    """

    pixels: NDArray[np.int64]
    corners: NDArray[np.int64]
    weight: NDArray[np.float32]


def interpolation_corners(
    centres: NDArray[np.int64], shape: Sequence[int], resampled: Sequence[int]
) -> Corners:
    """Finds the pixels of a resampled grid between which voxel centres lie.

    Bilinear within the slice; beyond the outermost pixel centres the outermost pixel counts.

    Args:
        centres: int64 (N, 3), (z, y, x) in the native grid.
        shape: (Z, Y, X) of the native grid.
        resampled: (Z, Y', X') of a grid with the same field of view.

    Returns:
        The corners. On an unchanged grid each voxel is its own and only corner; N = 0 gives
        empty arrays.
    """
    native, new = np.asarray(shape, np.int64)[1:], np.asarray(resampled, np.int64)[1:]
    if (native == new).all():
        return _own_pixels(centres, resampled)
    # Position (i + 1/2) * new / native - 1/2 in pixels, as a fraction over 2 * native: exact.
    numerator = np.clip((2 * centres[:, 1:] + 1) * new - native, 0, (new - 1) * 2 * native)
    low, remainder = np.divmod(numerator, 2 * native)
    share = remainder / (2 * native)
    pixels, weights = [], []
    for down in (0, 1):
        for right in (0, 1):
            step = np.array([down, right])
            weights.append(np.where(step, share, 1.0 - share).prod(axis=1))
            # A corner of no weight may lie outside; it is never looked at.
            corner = np.where(weights[-1][:, None] > 0.0, low + step, low)
            pixels.append(np.column_stack([centres[:, 0], corner]))
    found, index = _each_once(np.stack(pixels, axis=1).reshape(-1, 3), resampled)
    weight = np.stack(weights, axis=1).astype(np.float32)
    return Corners(found, index.reshape(-1, len(pixels)), weight)


def _own_pixels(centres: NDArray[np.int64], shape: Sequence[int]) -> Corners:
    found, index = _each_once(centres, shape)
    return Corners(found, index[:, None], np.ones((len(centres), 1), np.float32))


def _each_once(
    pixels: NDArray[np.int64], shape: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pixels in C order, each once, and where each of the given ones went."""
    keys = np.ravel_multi_index(tuple(pixels.T), tuple(shape))
    kept, index = np.unique(keys, return_inverse=True)
    found = np.column_stack(np.unravel_index(kept, tuple(shape))).astype(np.int64)
    return found.reshape(-1, 3), index.reshape(-1)
