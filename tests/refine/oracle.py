"""A classifier whose answers are known, and two bones for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shoulderseg.refine.edges import Voted
from shoulderseg.refine.ensemble import ClassifyConfig
from shoulderseg.refine.inputs import PatchInputs
from shoulderseg.refine.network import AlexNetConfig, PatchAlexNet

SPACING_MM = (3.0, 0.5, 0.8)
PLAIN = ClassifyConfig()
Labels = NDArray[np.uint8]


class Oracle(PatchAlexNet):
    """Stands for a classifier that reads the class off one pixel of the patch."""

    column = 16

    def __init__(self) -> None:
        super().__init__(AlexNetConfig(widths=(1, 1, 1, 1, 1), dense=(1, 1)))


def ask(
    model: PatchAlexNet, inputs: PatchInputs, centres: NDArray[np.int64], **_: object
) -> NDArray[np.float32]:
    """What `classify_voxels` would give if the oracle were a network."""
    assert isinstance(model, Oracle)
    z, y, x = centres.T
    x = np.clip(x + model.column - 16, 0, inputs.image.shape[2] - 1)
    value = inputs.image.numpy()[z, y, x].round().clip(0, 2).astype(np.int64)
    scores: NDArray[np.float32] = np.exp(9.0 * np.eye(3, dtype=np.float32)[value])
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def vote(label_map: Labels, disagreement: NDArray[np.bool_] | None = None) -> Voted:
    """U-Nets that are sure of their vote."""
    if disagreement is None:
        disagreement = np.zeros(label_map.shape, np.bool_)
    votes = np.stack([label_map == 1, label_map == 2, label_map > 0]).astype(np.float32)
    return Voted(label_map, disagreement, votes)


def two_bones() -> Labels:
    """Two blocks side by side, each with an empty slice."""
    label_map = np.zeros((4, 30, 34), np.uint8)
    label_map[1:4, 5:21, 4:16] = 1
    label_map[0:3, 8:24, 20:27] = 2
    return label_map
