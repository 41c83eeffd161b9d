"""What is seen of layers that cover each other, and how they share out the bone of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.structures import HUMERUS, SCAPULA, Structure

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.frames import Points
    from shoulderseg.datasets.phantom.layers import Layer


class Coat(NamedTuple):
    """A layer that covers something of a tile.

    Attributes:
        layer: The layer.
        cover: How much of each sample, (n,).
        nested: Whether it takes room from the coat before it alone.
    """

    layer: Layer
    cover: npt.NDArray[np.float32]
    nested: bool


def seen_signal(
    coats: Sequence[Coat], signals: npt.NDArray[np.float32], points: Points
) -> npt.NDArray[np.float32]:
    """Water and fat signal of what is seen of the coats, the last one first, (2, n).

    Texture costs as much as all else, so it is only found where a coat is seen.
    """
    signal = np.zeros((2, len(points)), np.float32)
    left = np.ones(len(points), np.float32)
    taken = None
    for coat in reversed(coats):
        seen = coat.cover if taken is None else coat.cover - taken
        weight = seen * left
        taken = coat.cover if coat.nested else None
        if not coat.nested:
            left *= 1 - coat.cover
        where = np.flatnonzero(weight)
        if len(where):
            part = points if len(where) == len(points) else points.take(where)
            signal[:, where] += weight[where] * _paint_of(coat.layer, signals, part)
    signal += left * signals[Structure.AIR, 0][:, None]
    return signal


def share_out(
    shares: npt.NDArray[np.float32], cover: npt.NDArray[np.float32], layer: Layer
) -> None:
    """Gives a layer its share of the samples' bones, (2, n); not for what is nested in another."""
    for number, bone in enumerate((HUMERUS, SCAPULA)):
        if layer.structure in bone:
            np.maximum(shares[number], cover, out=shares[number])
        else:
            shares[number] *= 1 - cover


def _paint_of(
    layer: Layer, signals: npt.NDArray[np.float32], points: Points
) -> npt.NDArray[np.float32]:
    """Water and fat signal of a layer at points, (2, n) or (2, 1)."""
    first, second = signals[layer.structure][:, :, None]
    texture = np.float32(0) if layer.texture is None else layer.texture(points)
    paint: npt.NDArray[np.float32] = first + (second - first) * texture
    return paint
