"""A stand-in for a network whose answers can be told on paper."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


class Bright:
    """A network that takes what is bright for bone, each pixel for itself."""

    batch = 3

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def __call__(self, images: FloatArray) -> FloatArray:
        self.seen.append(images.shape)
        return np.where(images > 0.5, 5, -5).astype(np.float32)
