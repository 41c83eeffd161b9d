"""nnU-Net's plain U-Net as a graph of OpenVINO, made from the plans and the weights.

OpenVINO's own converter would trace the torch network, which takes seconds; this takes hundredths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shoulderseg.nnunet_ext.engines.quantisation import (
    Ranges,
    channel_scales,
    quantise_activation,
    quantise_weights,
    shared_range,
)
from shoulderseg.nnunet_ext.plans import CONFIGURATION

if TYPE_CHECKING:
    from openvino import Model, Node, Output

FloatArray = npt.NDArray[np.float32]
# torch's own slope of LeakyReLU.
_SLOPE = 0.01


class _Activation(NamedTuple):
    """What flows between two layers.

    Attributes:
        node: That gives it, each channel divided by its scale.
        scales: Of the channels; None where nothing was divided.
        ends: Range that all channels share; None where it is not known.
    """

    node: Node | Output
    scales: FloatArray | None = None
    ends: tuple[float, float] | None = None


def build_graph(
    plans: Mapping[str, Any], weights: Mapping[str, FloatArray], ranges: Ranges | None = None
) -> Model:
    """Builds the graph for images of any number and size.

    Args:
        plans: Plans of a plain U-Net, see `is_plain_unet`.
        weights: Its parameters by nnU-Net's names, float32.
        ranges: Of the activation of each layer, by the layer's name. With them all convolutions
            but the first, which sees the image, and the last, which gives the logits, compute in
            eight bits.

    Returns:
        A model from (image, 1, row, column) to logits of the same shape.
    """
    import openvino
    from openvino import opset13 as op

    image = op.parameter([-1, 1, -1, -1], np.float32, name="image")
    logits = _connect(_Layers(_kwargs(plans), weights, ranges), image)
    return openvino.Model([logits], [image], "unet")


def build_observed_graph(
    plans: Mapping[str, Any], weights: Mapping[str, FloatArray]
) -> tuple[Model, list[str]]:
    """Builds a graph that gives the range of each layer's activation over a batch of images.

    Args:
        plans: As for `build_graph`.
        weights: As for `build_graph`.

    Returns:
        A model whose outputs are least and greatest activation of each channel, two for each
        layer; and the names of the layers.
    """
    import openvino
    from openvino import opset13 as op

    image = op.parameter([-1, 1, -1, -1], np.float32, name="image")
    layers = _Layers(_kwargs(plans), weights, None)
    _connect(layers, image)
    axes = op.constant(np.array([0, 2, 3], np.int64))
    ends = [
        reduce(node, axes, False)
        for node in layers.activations.values()
        for reduce in (op.reduce_min, op.reduce_max)
    ]
    return openvino.Model(ends, [image], "observed"), list(layers.activations)


def _kwargs(plans: Mapping[str, Any]) -> Mapping[str, Any]:
    kwargs: Mapping[str, Any] = plans["configurations"][CONFIGURATION]["architecture"][
        "arch_kwargs"
    ]
    return kwargs


def _connect(layers: _Layers, image: Node) -> Node:
    """From the image to the logits."""
    kwargs = layers.kwargs
    found, skips = _Activation(image), []
    for stage, stride in enumerate(kwargs["strides"]):
        first = f"encoder.stages.{stage}.0.convs"
        for number in range(kwargs["n_conv_per_stage"][stage]):
            found = layers.block(found, f"{first}.{number}", stride if number == 0 else 1)
        skips.append(found)
    stages = len(kwargs["strides"])
    for stage in range(stages - 1):
        up = f"decoder.transpconvs.{stage}"
        enlarged = layers.enlarge(found, up, kwargs["strides"][-1 - stage])
        found = _joined(enlarged, skips[-2 - stage])
        for number in range(kwargs["n_conv_per_stage_decoder"][stage]):
            found = layers.block(found, f"decoder.stages.{stage}.convs.{number}", 1)
    # The logits are not rounded: at the bones' edges they are near 0.
    return layers.convolve(found._replace(ends=None), f"decoder.seg_layers.{stages - 2}", 1)


def _joined(first: _Activation, second: _Activation) -> _Activation:
    """The channels of both."""
    from openvino import opset13 as op

    node = op.concat([first.node, second.node], 1)
    if first.scales is None or second.scales is None or not (first.ends and second.ends):
        return _Activation(node)
    low, high = zip(first.ends, second.ends, strict=True)
    return _Activation(node, np.concatenate([first.scales, second.scales]), (min(low), max(high)))


class _Layers:
    """Layers of the network, by the names that its weights have.

    Attributes:
        kwargs: What the plans say of the network.
        activations: The node of each layer.
    """

    def __init__(
        self, kwargs: Mapping[str, Any], weights: Mapping[str, FloatArray], ranges: Ranges | None
    ) -> None:
        self.kwargs, self.activations = kwargs, dict[str, "Node"]()
        self._weights, self._ranges = weights, ranges
        self._epsilon = (kwargs.get("norm_op_kwargs") or {}).get("eps", 1e-5)
        self._slope = (kwargs.get("nonlin_kwargs") or {}).get("negative_slope", _SLOPE)

    def block(self, found: _Activation, name: str, stride: int | Sequence[int]) -> _Activation:
        """A convolution, instance normalisation and LeakyReLU."""
        from openvino import opset13 as op

        node = self.convolve(found, f"{name}.conv", stride)
        scales = self._scales(name)
        axes = op.constant(np.array([2, 3], np.int64))
        node = op.mvn(node, axes, True, self._epsilon, "inside_sqrt")
        node = op.multiply(node, self._per_channel(f"{name}.norm.weight", scales))
        node = op.add(node, self._per_channel(f"{name}.norm.bias", scales))
        node = op.prelu(node, op.constant(np.array([self._slope], np.float32)))
        return self._noted(name, node, scales)

    def convolve(self, found: _Activation, name: str, stride: int | Sequence[int]) -> Node:
        """A convolution that keeps the size, but for its stride."""
        from openvino import opset13 as op

        kernel = self._weights[f"{name}.weight"]
        padding = [(size - 1) // 2 for size in kernel.shape[2:]]
        steps = np.broadcast_to(stride, 2).tolist()
        if found.scales is not None:
            kernel = kernel * found.scales.reshape(1, -1, 1, 1)
        node, constant = _rounded(found, kernel, 0)
        node = op.convolution(node, constant, steps, padding, padding, [1, 1])
        return self._with_bias(node, name, None)

    def enlarge(self, found: _Activation, name: str, stride: int | Sequence[int]) -> _Activation:
        """A transposed convolution whose kernel is as large as its stride."""
        from openvino import opset13 as op

        kernel, scales = self._weights[f"{name}.weight"], self._scales(name)
        if found.scales is not None and scales is not None:
            kernel = kernel * found.scales.reshape(-1, 1, 1, 1) / scales.reshape(1, -1, 1, 1)
        steps = np.broadcast_to(stride, 2).tolist()
        node, constant = _rounded(found, kernel, 1)
        node = op.convolution_backprop_data(
            node, constant, steps, pads_begin=[0, 0], pads_end=[0, 0], dilations=[1, 1]
        )
        return self._noted(name, self._with_bias(node, name, scales), scales)

    def _noted(self, name: str, node: Node, scales: FloatArray | None) -> _Activation:
        self.activations[name] = node
        if scales is None or self._ranges is None:
            return _Activation(node)
        return _Activation(node, scales, shared_range(self._ranges[name], scales))

    def _scales(self, name: str) -> FloatArray | None:
        return None if self._ranges is None else channel_scales(self._ranges[name])

    def _with_bias(self, found: Node, name: str, scales: FloatArray | None) -> Node:
        from openvino import opset13 as op

        bias = f"{name}.bias"
        return op.add(found, self._per_channel(bias, scales)) if bias in self._weights else found

    def _per_channel(self, name: str, scales: FloatArray | None) -> Node:
        from openvino import opset13 as op

        values = self._weights[name] if scales is None else self._weights[name] / scales
        return op.constant(values.reshape(1, -1, 1, 1))


def _rounded(found: _Activation, kernel: FloatArray, axis: int) -> tuple[Node | Output, Node]:
    """An activation and the weights behind it, in eight bits where the range is known."""
    from openvino import opset13 as op

    if found.ends is None:
        return found.node, op.constant(kernel)
    return quantise_activation(found.node, *found.ends), quantise_weights(kernel, axis)
