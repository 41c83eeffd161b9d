"""Gathered patches: every patch is cut out and goes through the network on its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's documentation gives it

from shoulderseg.refine.engines.folding import Filter, Layer
from shoulderseg.refine.inputs import PatchInputs, gather_patches


def gathered_logits(
    layers: Sequence[Layer], inputs: PatchInputs, centres: torch.Tensor, size: int
) -> torch.Tensor:
    """Computes logits of patches in one pass.

    Args:
        layers: As `fold` gives them, on the device of the inputs.
        inputs: The case.
        centres: int64 (N, 3) voxel indices.
        size: Patch side.

    Returns:
        (N, classes) of the weights' type.

    Raises:
        IndexError: A centre lies outside the image.
        ValueError: Wrong shape or dtype of the centres.
    """
    values = gather_patches(inputs, centres, size)
    values = values.to(dtype=_dtype(layers), memory_format=torch.channels_last)
    for layer in layers:
        if isinstance(layer, Filter):
            values = F.conv2d(values, layer.weight, layer.bias, layer.stride)
            if layer.relu:
                values.relu_()
        else:
            values = F.max_pool2d(values, layer.size)
    return values[:, :, 0, 0]


def patch_multiply_adds(layers: Sequence[Layer], size: int) -> int:
    """Counts the multiply-adds of one patch."""
    side, total = size, 0
    for layer in layers:
        side = (side - layer.size) // layer.stride + 1
        if isinstance(layer, Filter):
            total += side * side * layer.matrix.numel()
    return total


def _dtype(layers: Sequence[Layer]) -> torch.dtype:
    return next(layer.bias.dtype for layer in layers if isinstance(layer, Filter))
