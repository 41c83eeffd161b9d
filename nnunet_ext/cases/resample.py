"""Resampling as nnU-Net's `resample_data_or_seg_to_shape` does it, for one channel.

Where the spacing differs by more than a factor of three between axes, slices across the coarse axis
are resampled each by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Order = Literal[0, 1, 2, 3, 4, 5]
# nnU-Net's threshold.
_ANISOTROPIC = 3.0


@dataclass(frozen=True)
class Resampling:
    """How plans have a kind of data resampled.

    Attributes:
        order: Of the spline within slices, or everywhere.
        order_z: Across slices that are resampled apart.
        force_separate_z: Whether slices are resampled apart; None leaves it to the spacing.
    """

    order: Order
    order_z: Order = 0
    force_separate_z: bool | None = None


def resample(
    array: npt.NDArray[np.floating],
    shape: Sequence[int],
    spacing_mm: Sequence[float],
    new_spacing_mm: Sequence[float],
    how: Resampling,
) -> npt.NDArray[np.floating]:
    """Resamples an array to another shape over the same extent.

    Args:
        array: (Z, Y, X).
        shape: The new shape.
        spacing_mm: Distance of voxel centres along each axis.
        new_spacing_mm: That of the result.
        how: Order of the spline.

    Returns:
        The array of the new shape and the same type; itself where it has that shape already.
    """
    if tuple(array.shape) == tuple(shape):
        return array
    axis = _separate_axis(how, spacing_mm, new_spacing_mm)
    result = np.zeros(tuple(shape), dtype=array.dtype)
    if axis is None and array.shape[0] == shape[0]:
        # A spline through the slices gives the slices back; one after the other takes the memory
        # of one.
        bounds = float(array.min()), float(array.max())
        for number, part in enumerate(array):
            result[number] = _resize(part.astype(np.float64), shape[1:], how.order, bounds)
        return result
    data = array.astype(np.float64, copy=False)
    if axis is None:
        result[...] = _resize(data, shape, how.order)
        return result
    within = [*shape[:axis], *shape[axis + 1 :]]
    parts = [_resize(part, within, how.order) for part in np.moveaxis(data, axis, 0)]
    stacked = np.stack(parts, axis=axis)
    result[...] = stacked if stacked.shape[axis] == shape[axis] else _across(stacked, shape, how)
    return result


def _separate_axis(
    how: Resampling, spacing_mm: Sequence[float], new_spacing_mm: Sequence[float]
) -> int | None:
    """The axis whose slices are resampled apart; None where all axes are resampled at once."""
    if how.force_separate_z is False:
        return None
    coarse = spacing_mm
    if how.force_separate_z is None and not _is_anisotropic(spacing_mm):
        if not _is_anisotropic(new_spacing_mm):
            return None
        coarse = new_spacing_mm
    axes = np.flatnonzero(max(coarse) / np.array(coarse) == 1)
    # Two coarse axes, or three, have no slices between them.
    return int(axes[0]) if len(axes) == 1 else None


def _is_anisotropic(spacing_mm: Sequence[float]) -> bool:
    return bool(np.max(spacing_mm) / np.min(spacing_mm) > _ANISOTROPIC)


def _resize(
    data: npt.NDArray[np.float64],
    shape: Sequence[int],
    order: Order,
    bounds: tuple[float, float] | None = None,
) -> npt.NDArray[np.float64]:
    """As `skimage.transform.resize` with the mode `edge` and without anti-aliasing.

    Args:
        data: To resize.
        shape: The new shape.
        order: Of the spline.
        bounds: Between which the result is kept; None for those of the data.
    """
    if data.shape == tuple(shape):
        # A spline through the points gives the points back, but for rounding.
        factors = [1.0] * data.ndim
    else:
        factors = [1 / (old / new) for old, new in zip(data.shape, shape, strict=True)]
    resized: npt.NDArray[np.float64] = ndimage.zoom(
        data, factors, order=order, mode="nearest", grid_mode=True
    )
    if order > 1:
        lowest, highest = (data.min(), data.max()) if bounds is None else bounds
        np.clip(resized, lowest, highest, out=resized)
    return resized


def _across(
    stacked: npt.NDArray[np.float64], shape: Sequence[int], how: Resampling
) -> npt.NDArray[np.float64]:
    """Resamples along the coarse axis, by voxel centres."""
    axes = [
        (old / new) * (np.arange(new) + 0.5) - 0.5
        for old, new in zip(stacked.shape, shape, strict=True)
    ]
    places = np.stack(np.meshgrid(*axes, indexing="ij"))
    found: npt.NDArray[np.float64] = ndimage.map_coordinates(
        stacked, places, order=how.order_z, mode="nearest"
    )
    return found
