"""How a volume lies in its array, and the same volume standing as a scanner stores it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

# Slices are told from in-plane axes by their spacing only where it is clearly the largest.
_CLEARLY_THICKER = 1.2
_LEFT, _POSTERIOR, _SUPERIOR = 0, 1, 2
# Coronal slices follow the scapula, which stands at up to about 70 degrees to the coronal plane.
_HARDLY_SIDEWAYS = np.sin(np.radians(15))

_Kind = TypeVar("_Kind", bound=np.generic)


class Turn(NamedTuple):
    """What brings an array to stand: first its axes are ordered, then some are reversed.

    Attributes:
        order: Which axis of the old array each of the new one is.
        reversed_axes: Axes of the new array that run the other way.
    """

    order: tuple[int, int, int]
    reversed_axes: tuple[int, ...]


def find_turn(volume: Volume) -> Turn:
    """Finds how a volume is brought to stand as scanners store slices.

    Slices come first: along the axis of a single voxel if there is one, along that whose spacing
    is clearly the largest, or else the first one. Within a slice rows run down the body, or to the
    back in axial slices, and columns to the left, or to the back where they hardly run sideways.
    The plane alone does not say more: the coronal plane of a left scapula is the sagittal one of a
    right scapula, so oblique sagittal slices of a right shoulder are mirrored. Files may hold the
    same volume in any other order: NIfTI mostly upside down, registration tools in a standard axial
    one.

    Args:
        volume: Of any orientation, oblique or not.

    Returns:
        The turn; `stand` and `lie` apply and undo it.
    """
    # Rows are the directions of array axes 0, 1, 2 in LPS: left, posterior, superior.
    axes = np.reshape(volume.direction, (3, 3)).T[::-1]
    spacing = np.array(volume.spacing_mm)
    slices = _slice_axis(volume.array.shape, spacing)
    first, second = (axis for axis in range(3) if axis != slices)
    # Seen along the slice's normal, is it an axial slice?
    axial = int(np.argmax(np.abs(axes[slices]))) == _SUPERIOR
    down = _POSTERIOR if axial else _SUPERIOR
    rows, columns = (
        (first, second) if abs(axes[first, down]) >= abs(axes[second, down]) else (second, first)
    )
    order = (slices, rows, columns)
    reversed_axes = []
    # To the back, or down, which is against superior.
    if (axes[rows, down] < 0) == axial and axes[rows, down] != 0:
        reversed_axes.append(1)
    across = axes[columns]
    sideways = abs(across[_LEFT]) > _HARDLY_SIDEWAYS * np.hypot(across[_LEFT], across[_POSTERIOR])
    if across[_LEFT if sideways else _POSTERIOR] < 0:
        reversed_axes.append(2)
    return Turn(order, tuple(reversed_axes))


def _slice_axis(shape: tuple[int, ...], spacing: npt.NDArray[np.float64]) -> int:
    single = [axis for axis in range(3) if shape[axis] == 1]
    if len(single) == 1:
        # The spacing across a single slice is anyone's guess.
        return single[0]
    thickest = int(np.argmax(spacing))
    others = np.delete(spacing, thickest)
    return thickest if spacing[thickest] > _CLEARLY_THICKER * others.max() else 0


def stand(volume: Volume, turn: Turn) -> Volume:
    """Turns a volume; every voxel keeps its place in the patient.

    Args:
        volume: The volume that the turn was found for, or another of its shape.
        turn: What `find_turn` found.

    Returns:
        A volume with a contiguous array, which may be the old one's memory.
    """
    axes = np.reshape(volume.direction, (3, 3)).T[::-1]
    array = np.transpose(volume.array, turn.order)
    axes, spacing = axes[list(turn.order)], np.array(volume.spacing_mm)[list(turn.order)]
    origin = np.array(volume.origin_mm)
    for axis in turn.reversed_axes:
        origin = origin + (array.shape[axis] - 1) * spacing[axis] * axes[axis]
    signs = np.array([-1.0 if axis in turn.reversed_axes else 1.0 for axis in range(3)])
    axes = axes * signs[:, None]
    z, y, x = (float(step) for step in spacing)
    return replace(
        volume,
        array=np.ascontiguousarray(np.flip(array, turn.reversed_axes)),
        spacing_mm=(z, y, x),
        origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        direction=tuple(float(value) for value in axes[::-1].T.ravel()),
    )


def lie(array: npt.NDArray[_Kind], turn: Turn) -> npt.NDArray[_Kind]:
    """Undoes a turn on an array of the standing shape, so that it lies as the input did."""
    order = np.argsort(turn.order)
    return np.ascontiguousarray(np.transpose(np.flip(array, turn.reversed_axes), order))
