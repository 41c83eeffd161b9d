"""nnU-Net's plain U-Net as a graph of OpenVINO, made from the plans and the weights.

OpenVINO's own converter would trace the torch network, which takes seconds; this takes hundredths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from shoulderseg.nnunet_ext.plans import CONFIGURATION

if TYPE_CHECKING:
    from openvino import Model, Node, Output

FloatArray = npt.NDArray[np.float32]
# torch's own slope of LeakyReLU.
_SLOPE = 0.01


def build_graph(plans: Mapping[str, Any], weights: Mapping[str, FloatArray]) -> Model:
    """Builds the graph for images of any number and size.

    Args:
        plans: Plans of a plain U-Net, see `is_plain_unet`.
        weights: Its parameters by nnU-Net's names, float32.

    Returns:
        A model from (image, 1, row, column) to logits of the same shape.
    """
    import openvino
    from openvino import opset13 as op

    kwargs = plans["configurations"][CONFIGURATION]["architecture"]["arch_kwargs"]
    layers = _Layers(kwargs, weights)
    image = op.parameter([-1, 1, -1, -1], np.float32, name="image")
    found: Node | Output = image
    skips = []
    for stage, stride in enumerate(kwargs["strides"]):
        first = f"encoder.stages.{stage}.0.convs"
        for number in range(kwargs["n_conv_per_stage"][stage]):
            found = layers.block(found, f"{first}.{number}", stride if number == 0 else 1)
        skips.append(found)
    stages = len(kwargs["strides"])
    for stage in range(stages - 1):
        up = f"decoder.transpconvs.{stage}"
        found = op.concat(
            [layers.enlarge(found, up, kwargs["strides"][-1 - stage]), skips[-2 - stage]], 1
        )
        for number in range(kwargs["n_conv_per_stage_decoder"][stage]):
            found = layers.block(found, f"decoder.stages.{stage}.convs.{number}", 1)
    logits = layers.convolve(found, f"decoder.seg_layers.{stages - 2}", 1)
    return openvino.Model([logits], [image], "unet")


class _Layers:
    """Layers of the network, by the names that its weights have."""

    def __init__(self, kwargs: Mapping[str, Any], weights: Mapping[str, FloatArray]) -> None:
        self._weights = weights
        self._epsilon = (kwargs.get("norm_op_kwargs") or {}).get("eps", 1e-5)
        self._slope = (kwargs.get("nonlin_kwargs") or {}).get("negative_slope", _SLOPE)

    def block(self, found: Node | Output, name: str, stride: int | Sequence[int]) -> Node:
        """A convolution, instance normalisation and LeakyReLU."""
        from openvino import opset13 as op

        found = self.convolve(found, f"{name}.conv", stride)
        axes = op.constant(np.array([2, 3], np.int64))
        found = op.mvn(found, axes, True, self._epsilon, "inside_sqrt")
        found = op.multiply(found, self._per_channel(f"{name}.norm.weight"))
        found = op.add(found, self._per_channel(f"{name}.norm.bias"))
        return op.prelu(found, op.constant(np.array([self._slope], np.float32)))

    def convolve(self, found: Node | Output, name: str, stride: int | Sequence[int]) -> Node:
        """A convolution that keeps the size, but for its stride."""
        from openvino import opset13 as op

        kernel = self._weights[f"{name}.weight"]
        padding = [(size - 1) // 2 for size in kernel.shape[2:]]
        steps = np.broadcast_to(stride, 2).tolist()
        found = op.convolution(found, op.constant(kernel), steps, padding, padding, [1, 1])
        return self._with_bias(found, name)

    def enlarge(self, found: Node | Output, name: str, stride: int | Sequence[int]) -> Node:
        """A transposed convolution whose kernel is as large as its stride."""
        from openvino import opset13 as op

        kernel = op.constant(self._weights[f"{name}.weight"])
        steps = np.broadcast_to(stride, 2).tolist()
        found = op.convolution_backprop_data(
            found, kernel, steps, pads_begin=[0, 0], pads_end=[0, 0], dilations=[1, 1]
        )
        return self._with_bias(found, name)

    def _with_bias(self, found: Node, name: str) -> Node:
        from openvino import opset13 as op

        bias = f"{name}.bias"
        return op.add(found, self._per_channel(bias)) if bias in self._weights else found

    def _per_channel(self, name: str) -> Node:
        from openvino import opset13 as op

        return op.constant(self._weights[name].reshape(1, -1, 1, 1))
