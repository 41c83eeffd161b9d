"""Numbers of eight bits in a graph of OpenVINO: how activations and weights become such numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from openvino import Node, Output

FloatArray = npt.NDArray[np.float32]
# For each layer its least and its greatest activation, (2, channel).
Ranges: TypeAlias = Mapping[str, FloatArray]
# Steps of an activation, and of a weight, whose range is symmetrical.
_ACTIVATION_LEVELS, _WEIGHT_LEVELS = 256, 255
# How far channels are brought to one range before they share it: 0 not at all, 1 altogether. The
# more they are, the less alike are the weights of the layer behind them, which have steps too.
_EVENNESS = 0.5
# A channel that is never active would be divided by nothing.
_LEAST = 1e-3


def channel_scales(limits: FloatArray) -> FloatArray:
    """By what each channel of an activation is divided, so that all can share one range.

    LeakyReLU commutes with positive factors, so that the scale goes into the normalisation before
    and into the weights behind, and costs nothing. After Xiao et al., "SmoothQuant" (ICML 2023).

    Args:
        limits: Least and greatest activation of each channel, (2, channel).

    Returns:
        Factors above 0 and at most 1, (channel,).
    """
    reach = np.abs(limits).max(axis=0)
    reach = np.maximum(reach, max(float(reach.max(initial=0)) * _LEAST, _LEAST))
    scales: FloatArray = ((reach / reach.max(initial=_LEAST)) ** _EVENNESS).astype(np.float32)
    return scales


def shared_range(limits: FloatArray, scales: FloatArray) -> tuple[float, float]:
    """The range of all channels after they were divided by their scales."""
    low, high = limits / scales
    return min(float(low.min()), 0.0), max(float(high.max()), _LEAST)


def quantise_activation(found: Node | Output, low: float, high: float) -> Node:
    """Rounds an activation to the steps of an unsigned byte."""
    from openvino import opset13 as op

    ends = [op.constant(np.full((1, 1, 1, 1), end, np.float32)) for end in (low, high)]
    return op.fake_quantize(found, *ends, *ends, _ACTIVATION_LEVELS)


def quantise_weights(kernel: FloatArray, axis: int) -> Node:
    """Rounds weights to the steps of a signed byte, for each output channel its own.

    Args:
        kernel: Weights of a convolution.
        axis: Of the output channels.
    """
    from openvino import opset13 as op

    others = tuple(number for number in range(kernel.ndim) if number != axis)
    reach = np.abs(kernel).max(axis=others, keepdims=True)
    reach = np.maximum(reach, np.finfo(np.float32).tiny).astype(np.float32)
    ends = [op.constant(-reach), op.constant(reach)]
    return op.fake_quantize(op.constant(kernel), *ends, *ends, _WEIGHT_LEVELS)
