"""nnU-Net's plain U-Net: whether plans describe it, and which parameters it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from shoulderseg.nnunet_ext.plan_checks import CONVOLUTION, INSTANCE_NORM, LEAKY_RELU, PLAIN_UNET
from shoulderseg.nnunet_ext.plans import CONFIGURATION

_LAYERS = {
    "conv_op": CONVOLUTION,
    "norm_op": INSTANCE_NORM,
    "dropout_op": None,
    "nonlin": LEAKY_RELU,
}
_NUMBERS = ("n_stages", "conv_bias", "norm_op_kwargs", "dropout_op_kwargs", "nonlin_kwargs")
# Of a block's normalisation, and of the layers that enlarge.
_NORMALISED, _ENLARGED = ".norm.weight", "decoder.transpconvs."
# How many entries more than stages these lists have.
_PER_STAGE = {
    "features_per_stage": 0,
    "kernel_sizes": 0,
    "strides": 0,
    "n_conv_per_stage": 0,
    "n_conv_per_stage_decoder": -1,
}


def is_plain_unet(plans: Mapping[str, Any]) -> bool:
    """Tells whether plans describe a U-Net as nnU-Net plans it unless told otherwise.

    That is one of convolutions, instance normalisation and LeakyReLU, without residual blocks.

    Args:
        plans: nnU-Net's plans with a `2d` configuration, checked. They may come from outside, and
            be none that nnU-Net could build.
    """
    architecture = plans["configurations"][CONFIGURATION]["architecture"]
    try:
        return architecture["network_class_name"] == PLAIN_UNET and _is_plain(
            architecture["arch_kwargs"]
        )
    except (KeyError, TypeError, ValueError):
        return False


def _is_plain(kwargs: Mapping[str, Any]) -> bool:
    normalised, activated = kwargs["norm_op_kwargs"], kwargs["nonlin_kwargs"] or {}
    stages = kwargs["n_stages"]
    return (
        set(kwargs) == {*_LAYERS, *_NUMBERS, *_PER_STAGE}
        and all(kwargs[name] == value for name, value in _LAYERS.items())
        and all(len(kwargs[name]) == stages + more for name, more in _PER_STAGE.items())
        and isinstance(kwargs["conv_bias"], bool)
        and set(normalised) == {"eps", "affine"}
        and normalised["affine"] is True
        and set(activated) <= {"inplace", "negative_slope"}
        and all(
            type(number) in (int, float)
            for number in (normalised["eps"], activated.get("negative_slope", 0))
        )
        and all(size % 2 for stage in kwargs["kernel_sizes"] for size in _pair(stage))
    )


def parameter_shapes(plans: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the network's parameters, each under the first of nnU-Net's names.

    Args:
        plans: Plans of a plain U-Net of one channel and one output.
    """
    kwargs = plans["configurations"][CONFIGURATION]["architecture"]["arch_kwargs"]
    features, kernels, strides = (
        [1, *kwargs["features_per_stage"]],
        [_pair(kernel) for kernel in kwargs["kernel_sizes"]],
        [_pair(stride) for stride in kwargs["strides"]],
    )
    shapes: dict[str, tuple[int, ...]] = {}

    def convolve(name: str, shape: tuple[int, ...], channels: int, *, bias: bool) -> None:
        shapes[f"{name}.weight"] = shape
        if bias:
            shapes[f"{name}.bias"] = (channels,)

    def block(name: str, before: int, after: int, kernel: tuple[int, int]) -> None:
        bias = kwargs["conv_bias"]
        convolve(f"{name}.conv", (after, before, *kernel), after, bias=bias)
        shapes[f"{name}.norm.weight"] = shapes[f"{name}.norm.bias"] = (after,)

    for stage, count in enumerate(kwargs["n_conv_per_stage"]):
        before, after = features[stage : stage + 2]
        for number in range(count):
            name = f"encoder.stages.{stage}.0.convs.{number}"
            block(name, after if number else before, after, kernels[stage])
    for stage, count in enumerate(kwargs["n_conv_per_stage_decoder"]):
        below, after = features[-1 - stage], features[-2 - stage]
        up = f"decoder.transpconvs.{stage}"
        convolve(up, (below, after, *strides[-1 - stage]), after, bias=kwargs["conv_bias"])
        for number in range(count):
            name = f"decoder.stages.{stage}.convs.{number}"
            block(name, after if number else 2 * after, after, kernels[-2 - stage])
        convolve(f"decoder.seg_layers.{stage}", (1, after, 1, 1), 1, bias=True)
    return shapes


def range_shapes(plans: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Names of the layers whose ranges are needed, and the shapes of these.

    Args:
        plans: Plans of a plain U-Net.
    """
    shapes = {}
    for name, shape in parameter_shapes(plans).items():
        if name.endswith(_NORMALISED):
            shapes[name.removesuffix(_NORMALISED)] = (2, shape[0])
        elif name.startswith(_ENLARGED) and name.endswith(".weight"):
            shapes[name.removesuffix(".weight")] = (2, shape[1])
    return shapes


def _pair(value: Any) -> tuple[int, int]:  # noqa: ANN401 - from a file
    """A plain number stands for both axes."""
    first, second = np.broadcast_to(value, 2).tolist()
    return first, second
