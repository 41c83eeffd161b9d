"""A trained network as the prediction of cases calls it."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
EngineName = Literal["torch", "openvino"]
Precision = Literal["float32", "float16", "bfloat16", "int8"]


class Network(Protocol):
    """One U-Net of one fold, ready to run.

    Attributes:
        batch: how many images it takes at once best.
    """

    batch: int

    def __call__(self, images: FloatArray) -> FloatArray:
        """Computes logits.

        Args:
            images: (image, row, column), at most `batch` of them.

        Returns:
            An array of the same shape.
        """
