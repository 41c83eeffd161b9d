"""Which series has the grid of a mask."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.converters.study_fault import UnusableMaskError
from shoulderseg.datasets.dicom.stack import SAME_PLACE_MM, UNEVEN
from shoulderseg.datasets.orientation import Reorientation, reorient
from shoulderseg.datasets.volume import Volume, describe_grid_difference, same_grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from shoulderseg.datasets.dicom.header import SliceHeader


def turned_like(mask: Volume, grid: Volume) -> Volume:
    """Orders and reverses the axes of a mask so that they run as those of a grid, or nearly so.

    Args:
        mask: The mask.
        grid: The grid; only its directions are looked at.

    Returns:
        The mask with every voxel in its place in the world. Nothing is resampled.
    """
    # Rows are the directions of array axes 0, 1, 2.
    alike = _axes(grid) @ _axes(mask).T
    order = max(permutations(range(3)), key=lambda chosen: _agreement(alike, chosen))
    first, second, third = order
    against = tuple(axis for axis in range(3) if alike[axis, order[axis]] < 0)
    return reorient(mask, Reorientation((first, second, third), against))


def find_grid(mask: Volume, grids: Mapping[str, Volume]) -> str:
    """Finds the one series that a mask was drawn on.

    Args:
        mask: The mask as it lies in its file.
        grids: Name of each series to its grid.

    Returns:
        The name.

    Raises:
        UnusableMaskError: If none fits, or several do.
    """
    if not grids:
        msg = "no series that can be used lies beside it. Add the series it was drawn on."
        raise UnusableMaskError(msg, None)
    turned = {name: turned_like(mask, grid) for name, grid in grids.items()}
    fitting = [name for name in grids if same_grid(turned[name], grids[name])]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        msg = (
            f"its grid fits {len(fitting)} series ({', '.join(fitting)}), expected one. Leave only "
            "the series it was drawn on, or save it as DICOM SEG, which names its series."
        )
        raise UnusableMaskError(msg, fitting)
    nearest = min(grids, key=lambda name: _distance(turned[name], grids[name]))
    differs = describe_grid_difference(turned[nearest], grids[nearest])
    msg = (
        f"its grid fits no series. Nearest is {nearest}: {differs}. Save the mask on the grid of "
        "the series it was drawn on."
    )
    raise UnusableMaskError(msg, None)


def may_be_drawn_on(mask: Volume, slices: Sequence[SliceHeader]) -> bool:
    """Tells whether a mask may have been drawn on slices that make no volume, or no longer do.

    Slices may be missing or lie unevenly, so their number and order do not count.

    Args:
        mask: The mask as it lies in its file.
        slices: At least one.

    Returns:
        True if a slice lies within the mask with its rows and columns on those of the mask, and
        the distance of two slices is that of the mask's, a multiple or a part of it.
    """
    turned = turned_like(mask, _plane(slices[0]))
    across, start = _axes(turned)[0], np.array(turned.origin_mm)
    step_mm, count = turned.spacing_mm[0], turned.array.shape[0]
    along = np.array([float((header.position_mm - start) @ across) for header in slices])
    if not any(
        -0.5 <= place / step_mm <= count - 0.5 and same_grid(_cut_at(turned, place), _plane(header))
        for place, header in zip(along, slices, strict=True)
    ):
        return False
    steps = np.diff(np.sort(along))
    steps = steps[steps > SAME_PLACE_MM]
    ratios = np.maximum(steps, step_mm) / np.minimum(steps, step_mm)
    alike = np.abs(ratios - np.round(ratios)) <= UNEVEN
    return count == 1 or not steps.size or bool(alike.any())


def _plane(header: SliceHeader) -> Volume:
    """The grid of one slice, with no voxels in memory."""
    axes = [*header.axes, np.cross(*header.axes)]
    x, y, z = header.position_mm.tolist()
    array = np.broadcast_to(np.uint8(0), (1, *header.shape))
    direction = tuple(np.stack(axes, axis=1).ravel().tolist())
    return Volume(array, (1.0, *header.spacing_mm), (x, y, z), direction)


def _cut_at(volume: Volume, along_mm: float) -> Volume:
    """The first slice of a volume, moved across its plane."""
    x, y, z = (np.array(volume.origin_mm) + along_mm * _axes(volume)[0]).tolist()
    return Volume(volume.array[:1], volume.spacing_mm, (x, y, z), volume.direction)


def _axes(volume: Volume) -> npt.NDArray[np.float64]:
    return np.reshape(np.asarray(volume.direction, np.float64), (3, 3)).T[::-1]


def _agreement(alike: npt.NDArray[np.float64], order: tuple[int, ...]) -> float:
    return float(sum(abs(alike[axis, chosen]) for axis, chosen in enumerate(order)))


def _distance(mask: Volume, grid: Volume) -> tuple[Any, ...]:
    """Sorts grids of the same shape first, then by the distance of the middles."""
    gap_mm = np.linalg.norm(_middle_mm(mask) - _middle_mm(grid))
    return mask.array.shape != grid.array.shape, float(gap_mm)


def _middle_mm(volume: Volume) -> npt.NDArray[np.float64]:
    half = (np.array(volume.array.shape) - 1) / 2 * np.array(volume.spacing_mm)
    middle: npt.NDArray[np.float64] = half @ _axes(volume) + np.array(volume.origin_mm)
    return middle
