"""The surroundings of the bones within the slices, found by a coarse look."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from shoulderseg.nnunet_ext.cases.windows import answer_slices, predict_logits
from shoulderseg.nnunet_ext.engines.network import Network
from shoulderseg.nnunet_ext.tiling import LEAST_PATCH, covering_tile, is_tile

FloatArray = npt.NDArray[np.float32]
Sides = tuple[slice, slice]
# Where something begins and ends along an axis, and how long the axis is.
Extent = tuple[int, int, int]
# From the U-Nets' probabilities, (Z, Y, X), to which voxels are bone, bool.
BonesOf = Callable[[Mapping[str, FloatArray]], npt.NDArray[np.bool_]]
# The logit of what is not seen: certainly no bone.
OUTSIDE = -30.0
# Bone is suspected above this; missing some costs more than seeing too much.
_SUSPECTED = 0.1
# Pixels of the prepared slices around what is suspected.
_MARGIN = 40
# A second look is worth while if it leaves out a fifth of what was seen.
_MUCH_LESS = 0.8
# Bone this near to a side may go on beyond it; then the side is moved by so many strides first.
_NEAR, _STEPS = 16, 2


class Region(NamedTuple):
    """Rows and columns that hold the bones.

    Attributes:
        sides: rows and columns, each a multiple of the strides long or the whole axis; the whole
            of both where no bone is suspected.
        answers: what the network said of them, (slice, row, column), float32; None where it was
            not asked, or could not see all of them at once.
    """

    sides: Sides
    answers: FloatArray | None = None


def find_region(
    network: Network, slices: FloatArray, patch: tuple[int, int], strides: tuple[int, int]
) -> Region:
    """Finds rows and columns that hold the bones in all slices of a case.

    The network looks at slices of half the resolution first, a quarter of the work of one pass, and
    then at what it suspects in full. Where bone reaches a side of that, the side is moved: a thin
    shaft is easily missed at half the resolution.

    Args:
        network: That finds both bones.
        slices: Prepared, (slice, row, column).
        patch: Rows and columns of the planned patch.
        strides: By how much the network divides each axis in all.
    """
    whole = slice(0, slices.shape[1]), slice(0, slices.shape[2])
    if not slices.size or min(slices.shape[1:]) < 2:
        return Region(whole)
    suspected = _suspected(network, _halved(slices), _coarse_patch(patch, strides), strides)
    if not suspected.any():
        return Region(whole)
    found = [np.flatnonzero(suspected.any(axis=1 - axis)) for axis in (0, 1)]
    # Each pixel is two of the slices'.
    ends = [(2 * int(places[0]), 2 * int(places[-1]) + 2) for places in found]
    rows, columns = _around(ends, slices.shape[1:], patch, strides)
    answers: FloatArray | None = None
    steps = _STEPS
    while (rows, columns) != whole:
        seen = slices[:, rows, columns]
        if is_tile(seen.shape[1:], patch, strides):
            answers = answer_slices(network, seen)
            suspected = _suspect(answers)
        else:
            suspected = _suspected(network, seen, patch, strides)
        grown = (
            _grown(rows, np.flatnonzero(suspected.any(axis=1)), slices.shape[1], strides[0], steps),
            _grown(
                columns, np.flatnonzero(suspected.any(axis=0)), slices.shape[2], strides[1], steps
            ),
        )
        if grown == (rows, columns):
            return Region((rows, columns), answers)
        (rows, columns), answers = grown, None
        # So that a long bone costs a few looks and not many.
        steps *= 2
    return Region(whole)


def bone_extent(
    bones: npt.NDArray[np.bool_], order: Sequence[int], box: Sequence[slice]
) -> tuple[Extent, Extent] | None:
    """Where bones begin and end along rows and columns of the box.

    Args:
        bones: On the image's grid, (Z, Y, X).
        order: Of the image's axes: slices, rows, columns.
        box: Part of the image, in that order, of which slices were prepared.

    Returns:
        Of rows and of columns; None where there is no bone.
    """
    boxed = bones.transpose(order)[tuple(box)]
    if not boxed.any():
        return None
    rows, columns = (
        (int(found[0]), int(found[-1]) + 1, boxed.shape[axis])
        for axis, found in (
            (axis, np.flatnonzero(boxed.any(axis=(0, 3 - axis)))) for axis in (1, 2)
        )
    )
    return rows, columns


def closer_region(
    extent: tuple[Extent, Extent],
    pixels: Sequence[int],
    seen: Sides,
    patch: tuple[int, int],
    strides: tuple[int, int],
) -> Region | None:
    """The surroundings of bones that were found, if that is much less than was seen.

    What looks like bone elsewhere to the coarse look makes the first region large.

    Args:
        extent: See `bone_extent`.
        pixels: Rows and columns of the prepared slices.
        seen: Rows and columns that the networks saw.
        patch: Rows and columns of the planned patch.
        strides: By how much the network divides each axis in all.

    Returns:
        The smaller region; None where it is not much smaller.
    """
    ends = [
        # In whole numbers: a product of shares may lie just beyond one.
        (first * count // length, -(-end * count // length))
        for (first, end, length), count in zip(extent, pixels, strict=True)
    ]
    rows, columns = _around(ends, pixels, patch, strides)
    before = math.prod(len(range(*side.indices(n))) for side, n in zip(seen, pixels, strict=True))
    after = (rows.stop - rows.start) * (columns.stop - columns.start)
    return Region((rows, columns)) if after < _MUCH_LESS * before else None


def _suspected(
    network: Network, slices: FloatArray, patch: tuple[int, int], strides: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Rows and columns where a slice may show bone."""
    window = covering_tile(slices.shape[1:], patch, strides, LEAST_PATCH)
    return _suspect(predict_logits(network, slices, window, None))


def _suspect(logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.bool_]:
    suspected: npt.NDArray[np.bool_] = expit(logits.max(axis=0).astype(np.float32)) > _SUSPECTED
    return suspected


def _grown(side: slice, found: npt.NDArray[np.intp], pixels: int, stride: int, steps: int) -> slice:
    """A part of an axis, longer where bone is suspected next to its end.

    Args:
        side: The part.
        found: Where in it bone is suspected.
        pixels: Of the whole axis.
        stride: That the length is a multiple of, unless it is the whole axis.
        steps: By how many strides an end is moved.
    """
    length = side.stop - side.start
    before, after = (found < _NEAR).any(), (found >= length - _NEAR).any()
    start = max(0, side.start - steps * stride) if before else side.start
    stop = min(pixels, side.stop + steps * stride) if after else side.stop
    missing = -(stop - start) % stride
    start = max(0, start - missing)
    return slice(start, min(pixels, stop + -(stop - start) % stride))


def _halved(slices: FloatArray) -> FloatArray:
    """Means of two by two pixels; an odd last row or column is left out."""
    count, rows, columns = slices.shape
    even = slices[:, : rows // 2 * 2, : columns // 2 * 2]
    halved: FloatArray = even.reshape(count, rows // 2, 2, columns // 2, 2).mean(
        axis=(2, 4), dtype=np.float32
    )
    return halved


def _coarse_patch(patch: tuple[int, int], strides: tuple[int, int]) -> tuple[int, int]:
    """The planned patch at half the resolution, in multiples of the strides."""
    rows, columns = (
        max(stride, side // 2 // stride * stride)
        for side, stride in zip(patch, strides, strict=True)
    )
    return rows, columns


def _around(
    ends: Sequence[tuple[int, int]],
    pixels: Sequence[int],
    patch: tuple[int, int],
    strides: tuple[int, int],
) -> Sides:
    """Rows and columns around bone.

    Args:
        ends: Of rows and of columns, where bone begins, and the first pixel beyond it.
        pixels: Rows and columns in all.
        patch: Rows and columns of the planned patch.
        strides: By how much the network divides each axis in all.
    """
    rows, columns = (
        _side(*found, count, planned)
        for found, count, planned in zip(
            ends, pixels, zip(patch, strides, strict=True), strict=True
        )
    )
    return rows, columns


def _side(first: int, end: int, pixels: int, planned: tuple[int, int]) -> slice:
    """The part of an axis around bone.

    Args:
        first: Where the bone begins.
        end: The first pixel beyond it.
        pixels: Of the whole axis.
        planned: Pixels of the patch, and of a stride.
    """
    patch, stride = planned
    first, end = first - _MARGIN, end + _MARGIN
    least = max(int(LEAST_PATCH * patch), min(end, pixels) - max(first, 0))
    length = -(-least // stride) * stride
    if length >= pixels:
        return slice(0, pixels)
    start = min(max((first + end - length) // 2, 0), pixels - length)
    return slice(start, start + length)
