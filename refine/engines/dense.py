"""Dense evaluation: the trunk over a whole box of the slices, the dense layers at the pixels only.

A stride turns into dilation of all later layers: instead of skipping outputs, every position is
computed and later layers take theirs the stride apart. A pooling is the maximum of shifted maps.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's documentation gives it

from shoulderseg.refine.engines.folding import (
    Filter,
    Layer,
    dense_start,
    dilations,
    receptive_field,
)

_HEAD_ROWS = {"cpu": 256}
_GPU_HEAD_ROWS = 1 << 18


def dense_logits(
    layers: Sequence[Layer], boxes: torch.Tensor, positions: torch.Tensor
) -> torch.Tensor:
    """Computes logits of pixels in boxes of one shape.

    Args:
        layers: As `fold` gives them, on the device and of the type of `boxes`.
        boxes: (B, C, H, W), padded slices from the first pixel's patch to the last one's.
        positions: int64 (N, 3): box, row and column of each pixel; row 0 is a box's first.

    Returns:
        (N, classes) logits.
    """
    start, steps = dense_start(layers), dilations(layers)
    maps = boxes.contiguous(memory_format=torch.channels_last)
    for layer, step in zip(layers[:start], steps[:start], strict=True):
        if isinstance(layer, Filter):
            maps = F.conv2d(maps, layer.weight, layer.bias, dilation=step)
            if layer.relu:
                maps.relu_()
        else:
            maps = _pooled(maps, layer.size, step)
    return _head(layers[start:], maps, positions, steps[start])


def dense_multiply_adds(layers: Sequence[Layer], height: int, width: int, pixels: int) -> int:
    """Counts the multiply-adds of some pixels whose bounding box has this height and width."""
    start, total = dense_start(layers), 0
    height, width = (side + receptive_field(layers) - 1 for side in (height, width))
    for number, (layer, step) in enumerate(zip(layers, dilations(layers), strict=True)):
        height, width = (side - (layer.size - 1) * step for side in (height, width))
        if isinstance(layer, Filter):
            total += layer.matrix.numel() * (height * width if number < start else pixels)
    return total


def _pooled(maps: torch.Tensor, size: int, step: int) -> torch.Tensor:
    """Maximum of size x size values `step` apart, at every position."""
    for dim in (2, 3):
        length = maps.shape[dim] - (size - 1) * step
        shifted = [maps.narrow(dim, k * step, length) for k in range(size)]
        maps = shifted[0]
        for other in shifted[1:]:
            maps = torch.maximum(maps, other)
    return maps


def _head(
    layers: Sequence[Layer], maps: torch.Tensor, positions: torch.Tensor, step: int
) -> torch.Tensor:
    height, width = maps.shape[2:]
    table = maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])
    k = layers[0].size
    shifts = torch.arange(k, device=positions.device) * step
    offsets = (shifts[:, None] * width + shifts).reshape(-1)
    first = (positions[:, 0] * height + positions[:, 1]) * width + positions[:, 2]
    rows = _HEAD_ROWS.get(maps.device.type, _GPU_HEAD_ROWS)
    found = []
    for some in torch.split(first, rows):
        values = table[some[:, None] + offsets].view(len(some), -1)
        for layer in layers:
            if isinstance(layer, Filter):
                values = torch.addmm(layer.bias, values, layer.matrix)
                if layer.relu:
                    values.relu_()
        found.append(values)
    return torch.cat(found)
