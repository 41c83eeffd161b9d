"""The classifier as a plain list of layers, with batch normalisation folded into the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import torch
from torch import nn

from shoulderseg.refine.engines.pairs import pair_weights
from shoulderseg.refine.network import PatchAlexNet


class Filter(NamedTuple):
    """A convolution without padding, and perhaps a ReLU.

    Attributes:
        weight: (O, I, k, k).
        bias: (O,).
        stride: Step between its outputs within a patch.
        relu: Whether negative outputs become 0.
        matrix: (k * k * I, O), the weight for rows that hold k x k pixels of I channels.
        paired: (4, 3 * I, O), see `pair_weights`, for windows of 3 pixels.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    stride: int
    relu: bool
    matrix: torch.Tensor
    paired: torch.Tensor | None

    @property
    def size(self) -> int:
        """Side of its window."""
        return int(self.weight.shape[-1])


class Pool(NamedTuple):
    """A maximum over windows of `size` x `size` that do not overlap within a patch."""

    size: int

    @property
    def stride(self) -> int:
        """Step between its outputs within a patch."""
        return self.size


Layer: TypeAlias = Filter | Pool


def fold(model: PatchAlexNet, device: torch.device | str, dtype: torch.dtype) -> list[Layer]:
    """Returns the layers of `model` in eval mode; its own mode and tensors stay as they are.

    Batch normalisation in eval mode is y = g * (x - m) / sqrt(v + e) + b for each channel, so it
    goes into the convolution before it: weight * g / sqrt(v + e) and b - m * g / sqrt(v + e).
    The folding is done in float64 on the CPU, since not every accelerator has float64.

    Args:
        model: The classifier.
        device: Where the folded weights go.
        dtype: Their type.

    Returns:
        Convolutions and poolings in order; dropout, the identity in eval mode, is left out.

    Raises:
        TypeError: A layer that `PatchAlexNet` does not have, a normalisation or ReLU right after a
            pooling, or batch normalisation without running statistics.
    """
    layers: list[Layer] = []
    for module in model.layers:
        if isinstance(module, nn.Conv2d):
            weight = _exact(module.weight)
            bias = weight.new_zeros(len(weight)) if module.bias is None else _exact(module.bias)
            layers.append(_filter(weight, bias, module.stride[0], relu=False))
        elif isinstance(module, nn.BatchNorm2d):
            layers[-1] = _normalised(_last_filter(layers), module)
        elif isinstance(module, nn.ReLU):
            layers[-1] = _last_filter(layers)._replace(relu=True)
        elif isinstance(module, nn.MaxPool2d):
            layers.append(Pool(_side(module.kernel_size)))
        elif not isinstance(module, nn.Dropout):
            msg = f"layer {type(module).__name__} cannot be folded; expected those of PatchAlexNet"
            raise TypeError(msg)
    return [_placed(layer, device, dtype) for layer in layers]


def convert(layers: Sequence[Layer], dtype: torch.dtype) -> list[Layer]:
    """Returns the same layers with weights of another type."""
    return [
        layer if isinstance(layer, Pool) else _placed(layer, layer.bias.device, dtype)
        for layer in layers
    ]


def dilations(layers: Sequence[Layer]) -> list[int]:
    """Returns the distance in pixels of a layer's inputs: the product of all strides before it.

    Args:
        layers: As `fold` gives them.

    Returns:
        One number a layer; the first is 1.
    """
    found, dilation = [], 1
    for layer in layers:
        found.append(dilation)
        dilation *= layer.stride
    return found


def receptive_field(layers: Sequence[Layer]) -> int:
    """Returns the side in pixels of what one result sees.

    Smaller than the patch where its own poolings drop a remainder; the patch's last rows and
    columns then count for nothing.
    """
    steps = dilations(layers)
    return 1 + sum((layer.size - 1) * step for layer, step in zip(layers, steps, strict=True))


def dense_start(layers: Sequence[Layer]) -> int:
    """Returns the index of the first dense layer: the one after the last pooling."""
    return 1 + max(i for i, layer in enumerate(layers) if isinstance(layer, Pool))


def _side(kernel_size: int | tuple[int, int]) -> int:
    return kernel_size if isinstance(kernel_size, int) else kernel_size[0]


def _last_filter(layers: Sequence[Layer]) -> Filter:
    last = layers[-1]
    if isinstance(last, Pool):
        msg = "a normalisation or ReLU follows a pooling, expected a convolution before it"
        raise TypeError(msg)
    return last


def _normalised(layer: Filter, norm: nn.BatchNorm2d) -> Filter:
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        msg = "batch normalisation without running statistics depends on the batch; track them"
        raise TypeError(msg)
    scale = _exact(norm.weight) / (_exact(variance) + norm.eps).sqrt()
    weight = layer.weight * scale[:, None, None, None]
    bias = (layer.bias - _exact(mean)) * scale + _exact(norm.bias)
    return _filter(weight, bias, layer.stride, layer.relu)


def _exact(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().cpu().double()


def _filter(weight: torch.Tensor, bias: torch.Tensor, stride: int, relu: bool) -> Filter:
    matrix = weight.permute(2, 3, 1, 0).reshape(-1, len(weight)).contiguous()
    paired = pair_weights(weight) if weight.shape[-1] == 3 else None
    return Filter(weight, bias, stride, relu, matrix, paired)


def _placed(layer: Layer, device: torch.device | str, dtype: torch.dtype) -> Layer:
    if isinstance(layer, Pool):
        return layer
    weight = layer.weight.to(device=device, dtype=dtype, memory_format=torch.channels_last)
    bias, matrix = (x.to(device=device, dtype=dtype) for x in (layer.bias, layer.matrix))
    paired = None if layer.paired is None else layer.paired.to(device=device, dtype=dtype)
    return layer._replace(weight=weight, bias=bias, matrix=matrix, paired=paired)
