"""Cutting a box out of a volume."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

Box = tuple[slice, slice, slice]


def box_around(places_mm: npt.NDArray[np.float64], grid: Volume, margin_mm: float) -> Box:
    """Gives the box of voxels around some places.

    Args:
        places_mm: World places (x, y, z) in LPS, shape (n, 3), at least one.
        grid: The volume.
        margin_mm: Least distance from a place to the box's sides, where the volume reaches so far.

    Returns:
        Slices of the array (Z, Y, X), along its own axes; at least one voxel each.
    """
    axes = np.reshape(grid.direction, (3, 3))
    # Spacing is (Z, Y, X), places and axes are x, y, z.
    index = (places_mm - np.array(grid.origin_mm)) @ axes / np.array(grid.spacing_mm[::-1])
    margin = margin_mm / np.array(grid.spacing_mm[::-1])
    last = np.array(grid.array.shape[::-1]) - 1
    low = np.clip(np.floor(index.min(axis=0) - margin), 0, last).astype(int)
    high = np.clip(np.ceil(index.max(axis=0) + margin), 0, last).astype(int)
    x, y, z = (slice(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))
    return z, y, x


def cropped(volume: Volume, box: Box) -> Volume:
    """Gives a part of a volume; every voxel keeps its place in the world.

    Args:
        volume: The volume.
        box: Slices with a start, of step 1, as from `box_around`.

    Returns:
        A volume with a contiguous copy of the part's array.
    """
    axes = np.reshape(volume.direction, (3, 3)) * np.array(volume.spacing_mm[::-1])
    first = np.array([part.start for part in box[::-1]], dtype=np.float64)
    x, y, z = np.array(volume.origin_mm) + axes @ first
    return replace(
        volume,
        array=np.array(volume.array[box], order="C"),
        origin_mm=(float(x), float(y), float(z)),
    )
