"""Distances between the surfaces of two masks.

A surface is the set of mask voxels with a face neighbour outside the mask; beyond the edge of the
image counts as outside. Distances run between voxel centres in mm. In an array of a single slice,
whichever axis that lies across, the neighbours across it are left out, because with them every
voxel would be surface.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

# Room for rounding, so that a distance equal to the tolerance counts as within it.
_ROUNDING_MM = 1e-9


class SurfaceDistances(NamedTuple):
    """Distance of each surface voxel to the nearest voxel of the other surface, in mm.

    Attributes:
        from_predicted_mm: One per surface voxel of the prediction, float64.
        from_reference_mm: One per surface voxel of the reference, float64.
    """

    from_predicted_mm: npt.NDArray[np.float64]
    from_reference_mm: npt.NDArray[np.float64]


def surface_voxels(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Marks the surface voxels of a mask.

    Args:
        mask: Mask, shape (Z, Y, X).

    Returns:
        Mask of the same shape; empty if the input is empty.

    Raises:
        ValueError: If the mask is not 3D.
    """
    if mask.ndim != 3:
        msg = f"Mask has shape {mask.shape}, expected (Z, Y, X)."
        raise ValueError(msg)
    neighbours = ndimage.generate_binary_structure(3, 1)
    thin = [axis for axis, size in enumerate(mask.shape) if size == 1]
    # A lone voxel has no neighbour that could be left: it is surface.
    for axis in thin if len(thin) < 3 else []:
        np.moveaxis(neighbours, axis, 0)[[0, 2]] = False
    inner: npt.NDArray[np.bool_] = ndimage.binary_erosion(mask, neighbours, border_value=0)
    return mask & ~inner


def surface_distances(
    predicted: npt.NDArray[np.bool_],
    reference: npt.NDArray[np.bool_],
    spacing_mm: Sequence[float],
) -> SurfaceDistances:
    """Measures how far two surfaces lie from each other, in both directions.

    Args:
        predicted: Predicted mask, shape (Z, Y, X).
        reference: Reference mask, same shape.
        spacing_mm: Voxel spacing (Z, Y, X).

    Returns:
        The distances.

    Raises:
        ValueError: If the shapes differ, a mask is not 3D or empty, or the spacing is not three
            finite numbers above 0.
    """
    if predicted.shape != reference.shape:
        msg = f"Masks have shapes {predicted.shape} and {reference.shape}, expected equal shapes."
        raise ValueError(msg)
    check_spacing(spacing_mm)
    points = [_surface_points(mask) * np.array(spacing_mm) for mask in (predicted, reference)]
    if not all(len(found) for found in points):
        msg = "A mask is empty, so it has no surface. Treat empty masks before."
        raise ValueError(msg)
    trees = [cKDTree(found) for found in points]
    return SurfaceDistances(
        from_predicted_mm=np.asarray(trees[1].query(points[0])[0], dtype=np.float64),
        from_reference_mm=np.asarray(trees[0].query(points[1])[0], dtype=np.float64),
    )


def hd95_mm(distances: SurfaceDistances) -> float:
    """Gives the 95 % Hausdorff distance: the larger of both directed 95th percentiles, in mm.

    Percentiles interpolate linearly between ranks (numpy's default). Other programs pool both
    directions first and give lower numbers.
    """
    return float(max(np.percentile(directed, 95) for directed in distances))


def assd_mm(distances: SurfaceDistances) -> float:
    """Gives the average symmetric surface distance: the mean over both surfaces' voxels, in mm.

    All voxels weigh the same, so the larger surface weighs more. The mean of the two directed
    means is another number.
    """
    return float(np.concatenate(distances).mean())


def surface_dice(distances: SurfaceDistances, tolerance_mm: float) -> float:
    """Gives the normalised surface Dice: the share of both surfaces' voxels within a tolerance.

    After Nikolov et al., arXiv:1809.04430, with voxels in place of surface elements weighted by
    area, so the values of the two differ.

    Args:
        distances: From `surface_distances`.
        tolerance_mm: Largest distance that counts as agreement.

    Returns:
        A number from 0 to 1.

    Raises:
        ValueError: If the tolerance is negative or not finite.
    """
    check_tolerance(tolerance_mm)
    return float((np.concatenate(distances) <= tolerance_mm + _ROUNDING_MM).mean())


def check_spacing(spacing_mm: Sequence[float]) -> None:
    """Refuses a spacing that is not three finite numbers above 0.

    Raises:
        ValueError: With the spacing found.
    """
    if len(spacing_mm) != 3 or not all(math.isfinite(size) and size > 0 for size in spacing_mm):
        msg = f"Spacing is {tuple(spacing_mm)}, expected three numbers above 0 mm (Z, Y, X)."
        raise ValueError(msg)


def check_tolerance(tolerance_mm: float) -> None:
    """Refuses a tolerance that is negative or not finite.

    Raises:
        ValueError: With the tolerance found.
    """
    if not (math.isfinite(tolerance_mm) and tolerance_mm >= 0):
        msg = f"Tolerance is {tolerance_mm} mm, expected a finite number of at least 0."
        raise ValueError(msg)


def _surface_points(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    boxes = ndimage.find_objects(mask.astype(np.uint8))
    if not boxes:
        return np.empty((0, 3))
    # A single-slice box of a thicker array must keep its neighbours, so one voxel of rim stays.
    box = tuple(
        slice(max(side.start - 1, 0), min(side.stop + 1, size))
        for side, size in zip(boxes[0], mask.shape, strict=True)
    )
    start = np.array([side.start for side in box], dtype=np.float64)
    return np.argwhere(surface_voxels(mask[box])) + start
