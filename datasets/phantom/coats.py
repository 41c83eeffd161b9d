"""What is seen of layers that cover each other, and how they share out the bone of a sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.structures import HUMERUS, SCAPULA, Structure

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.frames import Points
    from shoulderseg.datasets.phantom.layers import Layer
    from shoulderseg.datasets.phantom.sdf import FloatArray


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


class Laid(NamedTuple):
    """The coats of some samples and what they say about each.

    Attributes:
        coats: From the bottom to the top.
        bones: Shares of humerus and scapula, (2, n), float32.
        tissue: Value of the topmost `Structure` that covers more than half, (n,), uint8.
    """

    coats: list[Coat]
    bones: npt.NDArray[np.float32]
    tissue: npt.NDArray[np.uint8]


def lay_coats(
    layers: Iterable[Layer], points: Points, breadth_mm: Callable[[FloatArray], FloatArray | float]
) -> Laid:
    """Lays layers over samples, each covering the share that its distance tells.

    Args:
        layers: From the bottom to the top.
        points: The middles of the samples.
        breadth_mm: Tells from a layer's distances, (n,), how wide the samples are across its
            surface.

    Returns:
        The coats that cover anything, with their bones and tissues.
    """
    count = len(points)
    laid = Laid([], np.zeros((2, count), np.float32), np.zeros(count, np.uint8))
    for layer in layers:
        distance = layer.distance(points)
        cover = np.clip(0.5 - distance / breadth_mm(distance), 0, 1).astype(np.float32)
        if not cover.any():
            continue
        cover *= np.float32(layer.opacity)
        if layer.opacity > 0.5:
            laid.tissue[distance < 0] = layer.structure
        # Where the layer around it is hidden, it fills the samples.
        nested = layer.nested and bool(laid.coats)
        if not nested:
            share_out(laid.bones, cover, layer)
        laid.coats.append(Coat(layer, cover, nested))
    return laid


class Seen(NamedTuple):
    """What is seen of coats that cover each other.

    Attributes:
        layers: Each layer with the share of each sample, (n,), in which it is seen; the last coat
            comes first.
        air: The share of each sample that nothing covers, (n,), float32.
    """

    layers: list[tuple[Layer, npt.NDArray[np.float32]]]
    air: npt.NDArray[np.float32]


def seen_shares(coats: Sequence[Coat], count: int) -> Seen:
    """Finds in which share of each sample each coat is seen; layers and air add up to 1.

    Args:
        coats: From the bottom to the top.
        count: How many samples there are.

    Returns:
        The shares; all air without coats.
    """
    layers = []
    left = np.ones(count, np.float32)
    taken = None
    for coat in reversed(coats):
        seen = coat.cover if taken is None else coat.cover - taken
        layers.append((coat.layer, seen * left))
        taken = coat.cover if coat.nested else None
        if not coat.nested:
            left *= 1 - coat.cover
    return Seen(layers, left)


def seen_signal(
    coats: Sequence[Coat], signals: npt.NDArray[np.float32], points: Points
) -> npt.NDArray[np.float32]:
    """Water and fat signal of what is seen of the coats, (2, n).

    Texture costs as much as all else, so it is only found where a coat is seen.
    """
    signal = np.zeros((2, len(points)), np.float32)
    seen = seen_shares(coats, len(points))
    for layer, weight in seen.layers:
        where = np.flatnonzero(weight)
        if len(where):
            part = points if len(where) == len(points) else points.take(where)
            signal[:, where] += weight[where] * _paint_of(layer, signals, part)
    signal += seen.air * signals[Structure.AIR, 0][:, None]
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
