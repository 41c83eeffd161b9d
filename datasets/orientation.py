"""Reorients volumes to the canonical orientation, in which scanners store slices, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

# Slices are told from in-plane axes by their spacing only where it is clearly the largest.
_CLEARLY_THICKER = 1.2
# At 45 degrees the order in the file stays, whatever rounding makes of it.
_TIE = 1e-4
_LEFT, _POSTERIOR, _SUPERIOR = 0, 1, 2
# Coronal slices follow the scapula, which stands at up to about 70 degrees to the coronal plane.
_HARDLY_SIDEWAYS = np.sin(np.radians(15))

_Kind = TypeVar("_Kind", bound=np.generic)


class Reorientation(NamedTuple):
    """How an array is reoriented: first its axes are ordered, then some are reversed.

    Attributes:
        order: Which axis of the old array each of the new one is.
        reversed_axes: Axes of the new array that run the other way.
    """

    order: tuple[int, int, int]
    reversed_axes: tuple[int, ...]


def find_reorientation(volume: Volume, slices: int | None = None) -> Reorientation:
    """Finds how a volume is brought to the canonical orientation, in which scanners store slices.

    Slices come first: along the axis of a single voxel if there is one, along that whose spacing
    is clearly the largest, or else the first one. Within a slice rows run down the body, or to the
    back in axial slices, and columns to the left, or to the back where they hardly run sideways.
    The plane alone does not say more: the coronal plane of a left scapula is the sagittal one of a
    right scapula, so oblique sagittal slices of a right shoulder are mirrored. Files may hold the
    same volume in any other order: NIfTI mostly upside down, registration tools in a standard axial
    one.

    Args:
        volume: Of any orientation, oblique or not.
        slices: The axis across the slices, where another one than is found shall count.

    Returns:
        The reorientation; `reorient` and `restore` apply and undo it.
    """
    # Rows are the directions of array axes 0, 1, 2 in LPS: left, posterior, superior.
    axes = np.reshape(volume.direction, (3, 3)).T[::-1]
    spacing = np.array(volume.spacing_mm)
    if slices is None:
        slices = slice_axis(volume.array.shape, spacing)
    first, second = (axis for axis in range(3) if axis != slices)
    # Seen along the slice's normal, is it an axial slice?
    axial = int(np.argmax(np.abs(axes[slices]))) == _SUPERIOR
    down = _POSTERIOR if axial else _SUPERIOR
    rows, columns = (
        (first, second)
        if abs(axes[first, down]) >= abs(axes[second, down]) - _TIE
        else (second, first)
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
    return Reorientation(order, tuple(reversed_axes))


def slice_axis(shape: tuple[int, ...], spacing: npt.NDArray[np.float64]) -> int:
    """The axis across the slices: the clearly longest step, the first where there is none.

    Args:
        shape: (Z, Y, X).
        spacing: In mm, (3,).
    """
    single = [axis for axis in range(3) if shape[axis] == 1]
    if len(single) == 1:
        # The spacing across a single slice is anyone's guess.
        return single[0]
    thickest = int(np.argmax(spacing))
    others = np.delete(spacing, thickest)
    return thickest if spacing[thickest] > _CLEARLY_THICKER * others.max() else 0


def reorient(volume: Volume, reorientation: Reorientation) -> Volume:
    """Reorients a volume; every voxel keeps its place in the patient.

    Args:
        volume: The volume that the reorientation was found for, or another of its shape.
        reorientation: What `find_reorientation` found.

    Returns:
        A volume with a contiguous array, which may be the old one's memory.
    """
    axes = np.reshape(volume.direction, (3, 3)).T[::-1]
    array = np.transpose(volume.array, reorientation.order)
    axes, spacing = (
        axes[list(reorientation.order)],
        np.array(volume.spacing_mm)[list(reorientation.order)],
    )
    origin = np.array(volume.origin_mm)
    for axis in reorientation.reversed_axes:
        origin = origin + (array.shape[axis] - 1) * spacing[axis] * axes[axis]
    signs = np.array([-1.0 if axis in reorientation.reversed_axes else 1.0 for axis in range(3)])
    axes = axes * signs[:, None]
    z, y, x = (float(step) for step in spacing)
    return replace(
        volume,
        array=np.ascontiguousarray(np.flip(array, reorientation.reversed_axes)),
        spacing_mm=(z, y, x),
        origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        direction=tuple(float(value) for value in axes[::-1].T.ravel()),
    )


def restore(array: npt.NDArray[_Kind], reorientation: Reorientation) -> npt.NDArray[_Kind]:
    """Restores an array of the reoriented shape to the axes that the input had."""
    order = np.argsort(reorientation.order)
    return np.ascontiguousarray(np.transpose(np.flip(array, reorientation.reversed_axes), order))
