"""The surroundings of the bones within the slices, found by a coarse look."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from shoulderseg.nnunet_ext.cases.windows import answer_slices, predict_logits
from shoulderseg.nnunet_ext.engines.network import Network
from shoulderseg.nnunet_ext.tiling import LEAST_PATCH, covering_tile, is_tile

FloatArray = npt.NDArray[np.float32]
Sides = tuple[slice, slice]
# The logit of what is not seen: certainly no bone.
OUTSIDE = -30.0
# Bone is suspected above this; missing some costs more than seeing too much.
_SUSPECTED = 0.1
# Pixels of the prepared slices around what is suspected.
_MARGIN = 40
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
    rows, columns = (
        _side(np.flatnonzero(suspected.any(axis=1 - axis)), pixels, side, stride)
        for axis, (pixels, side, stride) in enumerate(
            zip(slices.shape[1:], patch, strides, strict=True)
        )
    )
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


def _side(found: npt.NDArray[np.intp], pixels: int, patch: int, stride: int) -> slice:
    """The part of an axis around suspected pixels, which are those of half the resolution."""
    first, last = 2 * int(found[0]) - _MARGIN, 2 * int(found[-1]) + 2 + _MARGIN
    least = max(int(LEAST_PATCH * patch), min(last, pixels) - max(first, 0))
    length = -(-least // stride) * stride
    if length >= pixels:
        return slice(0, pixels)
    start = min(max((first + last - length) // 2, 0), pixels - length)
    return slice(start, start + length)
