"""Which voxels lie near a label boundary and are worth a second look.

Mu et al. (2021) do not publish how wide their edge region is; the band here is our own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

# Three pixels of 0.3 mm must count as 0.9 mm in spite of rounding.
_TOLERANCE_MM = 1e-6


def boundary_band(
    label_map: NDArray[np.integer], spacing_mm: Sequence[float], band_mm: float
) -> NDArray[np.bool_]:
    """Marks the voxels near a voxel of another label in their own slice.

    Args:
        label_map: Integer (Z, Y, X); axis 0 is the slice axis.
        spacing_mm: Voxel size in array order (Z, Y, X).
        band_mm: Largest Euclidean distance, centre to centre, within the slice. Less than a pixel
            gives an empty band.

    Returns:
        bool (Z, Y, X); all False for empty or uniform slices.

    Raises:
        ValueError: Not an integer (Z, Y, X) array, spacing not positive, band negative or not
            finite.

    Example:
        >>> label_map = np.array([[[0, 0, 0, 1, 1, 1]]], np.uint8)
        >>> boundary_band(label_map, (3.0, 0.5, 0.5), band_mm=1.0)
        array([[[False,  True,  True,  True,  True, False]]])
    """
    _check_label_map(label_map)
    in_plane_mm = _checked_spacing(spacing_mm)[1:]
    if not (math.isfinite(band_mm) and band_mm >= 0.0):
        msg = f"band_mm is {band_mm}, expected a finite length of at least 0 mm"
        raise ValueError(msg)
    band = np.zeros(label_map.shape, np.bool_)
    for z in np.flatnonzero(label_map.any(axis=(1, 2))):
        crop = _crop(label_map[z] != 0, in_plane_mm, band_mm)
        labels = label_map[z][crop]
        present = np.unique(labels)
        if present.size < 2:
            continue
        for label in present:
            same = labels == label
            distance = distance_transform_edt(same, sampling=in_plane_mm)
            band[z][crop] |= same & (distance <= band_mm + _TOLERANCE_MM)
    return band


def near_mask(
    mask: NDArray[np.bool_], spacing_mm: Sequence[float], reach_mm: float
) -> NDArray[np.bool_]:
    """Marks the voxels in a mask or near one of its voxels in their own slice.

    Args:
        mask: bool (Z, Y, X); axis 0 is the slice axis.
        spacing_mm: Voxel size in array order (Z, Y, X).
        reach_mm: Largest Euclidean distance, centre to centre, within the slice.

    Returns:
        bool (Z, Y, X); slices without a voxel of the mask stay False.

    Raises:
        ValueError: As `boundary_band`.
    """
    outside = boundary_band(mask.astype(np.uint8), spacing_mm, reach_mm)
    return mask | outside


def refinement_region(
    label_map: NDArray[np.integer],
    disagreement: NDArray[np.bool_],
    spacing_mm: Sequence[float],
    band_mm: float,
) -> NDArray[np.bool_]:
    """Marks the voxels to decide again: near a boundary, or where the voters differ.

    Args:
        label_map: Integer (Z, Y, X).
        disagreement: bool (Z, Y, X).
        spacing_mm: Voxel size in array order (Z, Y, X).
        band_mm: See `boundary_band`.

    Returns:
        bool (Z, Y, X).

    Raises:
        ValueError: As `boundary_band`, or `disagreement` is not boolean or of another shape.
    """
    if disagreement.shape != label_map.shape or disagreement.dtype != np.bool_:
        msg = (
            f"disagreement is {disagreement.dtype} {disagreement.shape}, "
            f"expected bool {label_map.shape} like the label map"
        )
        raise ValueError(msg)
    return boundary_band(label_map, spacing_mm, band_mm) | disagreement


def _crop(
    bone: NDArray[np.bool_], in_plane_mm: tuple[float, float], band_mm: float
) -> tuple[slice, slice]:
    """Box around the bone that holds the whole band.

    Background further out than the band needs no distance, and the nearest other voxel of a bone
    voxel is never further out than the ring of one voxel around that bone.
    """
    bounds = []
    for axis, spacing in enumerate(in_plane_mm):
        margin = min(math.ceil(band_mm / spacing), bone.shape[axis])
        hit = np.flatnonzero(bone.any(axis=1 - axis))
        bounds.append(slice(max(int(hit[0]) - margin, 0), int(hit[-1]) + margin + 1))
    return bounds[0], bounds[1]


def _check_label_map(label_map: NDArray[np.integer]) -> None:
    if label_map.ndim != 3 or not np.issubdtype(label_map.dtype, np.integer):
        msg = f"label map is {label_map.dtype} {label_map.shape}, expected integers (Z, Y, X)"
        raise ValueError(msg)


def _checked_spacing(spacing_mm: Sequence[float]) -> tuple[float, float, float]:
    if len(spacing_mm) != 3 or not all(math.isfinite(s) and s > 0.0 for s in spacing_mm):
        msg = f"spacing_mm is {tuple(spacing_mm)}, expected three positive lengths (Z, Y, X)"
        raise ValueError(msg)
    depth, height, width = (float(spacing) for spacing in spacing_mm)
    return depth, height, width
