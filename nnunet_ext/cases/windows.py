"""Slices seen by a network in windows, whole or in parts, as nnU-Net's sliding window does it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from shoulderseg.nnunet_ext.engines.network import Network

FloatArray = npt.NDArray[np.float32]
HalfArray = npt.NDArray[np.float16]
# Windows overlap by half, and count most in their middle; nnU-Net's numbers.
_STEP = 0.5
_SIGMA = 1 / 8
_MOST = 10


def predict_logits(
    network: Network,
    slices: FloatArray,
    window: Sequence[int],
    mirroring_axes: Sequence[int] | None,
    on_window: Callable[[], None] | None = None,
    answers: FloatArray | None = None,
) -> HalfArray:
    """Runs a network over prepared slices.

    Computes in half precision what nnU-Net computes in half precision, so that float32 networks
    give its logits bit for bit.

    Args:
        network: To run.
        slices: (slice, row, column).
        window: Rows and columns that the network sees at once.
        mirroring_axes: In-plane axes (0 rows, 1 columns) over whose mirror images the logits are
            averaged; None for none.
        on_window: Is called after every window of a slice.
        answers: What the network says of the slices, if that is known and the window covers them.

    Returns:
        Logits of the slices' shape.
    """
    below = [max(0, side - have) // 2 for side, have in zip(window, slices.shape[1:], strict=True)]
    padded = _pad(slices, window, below)
    importance = window_importance(window)
    logits = np.zeros(padded.shape, np.float16)
    weights = np.zeros(padded.shape[1:], np.float16)
    places = _places(padded, window)
    for place in places:
        weights[place] += importance
    flips = _flips(mirroring_axes)
    step = max(1, network.batch // (len(flips) if answers is None else len(flips) - 1 or 1))
    for first in range(0, len(padded), step):
        few = slice(first, first + step)
        for place in places:
            known = None if answers is None else answers[few]
            answer = _answer(network, padded[few, place[0], place[1]], flips, known)
            answer *= importance
            logits[(few, *place)] += answer
            if on_window is not None:
                for _ in range(len(answer)):
                    on_window()
    np.divide(logits, weights, out=logits)
    rows, columns = (
        slice(start, start + have) for start, have in zip(below, slices.shape[1:], strict=True)
    )
    return logits[:, rows, columns]


def _places(padded: FloatArray, window: Sequence[int]) -> list[tuple[slice, slice]]:
    """Rows and columns of each window."""
    return [
        (slice(row, row + window[0]), slice(column, column + window[1]))
        for row in window_starts(padded.shape[1], window[0])
        for column in window_starts(padded.shape[2], window[1])
    ]


def window_starts(pixels: int, window: int) -> list[int]:
    """Where windows begin along an axis of at least a window's length."""
    count = math.ceil((pixels - window) / (window * _STEP)) + 1
    if count == 1:
        return [0]
    distance = (pixels - window) / (count - 1)
    return [int(np.round(distance * number)) for number in range(count)]


def window_importance(window: Sequence[int]) -> HalfArray:
    """How much each pixel of a window counts: a Gaussian of an eighth of each side."""
    peak = np.zeros(tuple(window))
    peak[tuple(side // 2 for side in window)] = 1
    smooth = ndimage.gaussian_filter(peak, [side * _SIGMA for side in window], mode="constant")
    smooth /= smooth.max() / _MOST
    importance: HalfArray = smooth.astype(np.float16)
    # What counts nothing could not be divided by.
    importance[importance == 0] = importance[importance > 0].min()
    return importance


def _pad(slices: FloatArray, window: Sequence[int], below: Sequence[int]) -> FloatArray:
    sides = [(0, 0)]
    for pixels, side, before in zip(slices.shape[1:], window, below, strict=True):
        sides.append((before, max(0, side - pixels) - before))
    return np.pad(slices, sides)


def _flips(mirroring_axes: Sequence[int] | None) -> list[tuple[int, ...]]:
    """The axes of each image that is seen, of arrays (slice, row, column); first the image."""
    axes = [axis + 1 for axis in mirroring_axes or ()]
    return [
        flipped for count in range(len(axes) + 1) for flipped in itertools.combinations(axes, count)
    ]


def answer_slices(network: Network, slices: FloatArray) -> FloatArray:
    """Shows a network whole slices, a few at a time.

    Args:
        network: To run.
        slices: (slice, row, column), at least one.

    Returns:
        Logits of the same shape.
    """
    return np.concatenate(
        [
            network(np.ascontiguousarray(slices[first : first + network.batch]))
            for first in range(0, len(slices), network.batch)
        ]
    )


def _answer(
    network: Network,
    seen: FloatArray,
    flips: Sequence[tuple[int, ...]],
    known: FloatArray | None,
) -> FloatArray:
    """The network's mean answer to slices and their mirror images.

    Args:
        network: To run.
        seen: The slices.
        flips: Axes of each image; the first are none.
        known: The answer to the first, where it is known.
    """
    asked = flips if known is None else flips[1:]
    images = [np.flip(seen, axes) for axes in asked]
    found = answer_slices(network, np.concatenate(images)) if images else seen[:0]
    parts = [] if known is None else [known]
    parts += [found[first : first + len(seen)] for first in range(0, len(found), len(seen))]
    mean: FloatArray = parts[0].copy()
    for axes, part in zip(flips[1:], parts[1:], strict=True):
        mean += np.flip(part, axes)
    if len(flips) > 1:
        mean /= len(flips)
    return mean
