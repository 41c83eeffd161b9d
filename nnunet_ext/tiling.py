"""How much of a slice the U-Nets see at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shoulderseg.nnunet_ext.plans import CONFIGURATION

# Of both axes together, in multiples of the pixels of the planned patch: what a CPU's or a small
# GPU's memory holds without a thought.
MOST_PATCHES = 4
# The least that is seen, as a share of the planned patch: that of the smallest training patches.
LEAST_PATCH = 0.75


def covering_tile(
    slice_shape: Sequence[int],
    patch: Sequence[int],
    strides: Sequence[int],
    least_share: float = 1.0,
) -> list[int]:
    """Returns the tile that covers a slice at once, where nnU-Net would lay overlapping patches.

    A slice that is a little larger than the patch costs nnU-Net four patches, nearly four times
    the work, and its network is a convolution of any size.

    Args:
        slice_shape: Pixels along both axes of the prepared slices.
        patch: Pixels that the plans have.
        strides: By how much the network divides each axis in all; tiles are multiples of it.
        least_share: The least that is seen along an axis, as a share of the patch: 1 as nnU-Net
            does it, `LEAST_PATCH` where a network learned from patches around the joint. What is
            laid around a slice is no part of the shoulder, and the network's layers normalise over
            all that they see.

    Returns:
        The slice's shape, rounded up to the strides and at least that share of the patch; the patch
        itself where that would be more than four patches.
    """
    tile = [
        math.ceil(max(least_share * usual, pixels) / stride) * stride
        for pixels, usual, stride in zip(slice_shape, patch, strides, strict=True)
    ]
    return tile if math.prod(tile) <= MOST_PATCHES * math.prod(patch) else list(patch)


def is_tile(slice_shape: Sequence[int], patch: Sequence[int], strides: Sequence[int]) -> bool:
    """Tells whether a network sees a part of the slices at once, with no side padded.

    Args:
        slice_shape: Pixels along both axes.
        patch: Pixels that the plans have.
        strides: By how much the network divides each axis in all.
    """
    return list(slice_shape) == covering_tile(slice_shape, patch, strides, LEAST_PATCH)


def total_strides(plans: Mapping[str, Any]) -> tuple[int, int]:
    """Returns by how much the network of plans divides rows and columns in all."""
    stages = plans["configurations"][CONFIGURATION]["architecture"]["arch_kwargs"]["strides"]
    # A plain number stands for both axes.
    rows, columns = np.prod([np.broadcast_to(stride, 2) for stride in stages], axis=0).tolist()
    return rows, columns
