"""The edge refiner's network: a patch classifier like AlexNet, for small patches.

Mu et al. (2021) do not publish their AlexNet's patch size or layers; these are our own. Sides for
a patch of 32 pixels: conv5 28, pool 14, conv5 10, conv3 8, conv3 6, conv3 4, pool 2, dense 1.

No layer pads, so a pixel's logits depend on pixels at fixed offsets alone. Evaluating patch by
patch, densely over a slice, or only where values are needed (`shoulderseg.refine.engines`) then
gives the same result; docs/edge-refiner.md has the proof. Padding inside the trunk, normalising
each patch, normalisation by batch statistics, or resizing patches would break it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import nn

_KERNELS = (5, 5, 3, 3, 3)
_POOLED = (True, False, False, False, True)
_MAX_WIDTH = 4096


@dataclass(frozen=True)
class AlexNetConfig:
    """Shape of the classifier.

    Attributes:
        patch_size: Side in pixels; a multiple of 4 from 28 to 128, of 8 from 56 with stride 2.
        stride: Step of the first convolution, 1 or 2; 2 sees twice as far at equal cost.
        neighbours: Slices before and after the voxel's own that are channels too, 0 to 2.
        votes: How many voters' probabilities are channels too, 0 to 16.
        classes: Background and the bones, 2 to 256.
        widths: Channels of the five convolutions.
        dense: Channels of the two hidden dense layers.
        dropout: Share dropped after each hidden dense layer, 0 to below 1.

    Raises:
        ValueError: A value outside these bounds.
    """

    patch_size: int = 32
    stride: int = 1
    neighbours: int = 0
    votes: int = 0
    classes: int = 3
    widths: tuple[int, ...] = (48, 96, 160, 160, 128)
    dense: tuple[int, ...] = (256, 256)
    dropout: float = 0.5

    def __post_init__(self) -> None:
        _check_integer("stride", self.stride, 1, 2)
        _check_integer("patch_size", self.patch_size, 28 * self.stride, 128)
        if self.patch_size % (4 * self.stride):
            msg = f"patch_size is {self.patch_size}, expected a multiple of {4 * self.stride}"
            raise ValueError(msg)
        _check_integer("neighbours", self.neighbours, 0, 2)
        _check_integer("votes", self.votes, 0, 16)
        _check_integer("classes", self.classes, 2, 256)
        _check_integers("widths", self.widths, 5)
        _check_integers("dense", self.dense, 2)
        _check_share("dropout", self.dropout)

    @property
    def in_channels(self) -> int:
        """Channels of a patch: image slices, then votes, as `PatchInputs` orders them."""
        return 1 + 2 * self.neighbours + self.votes

    def to_dict(self) -> dict[str, object]:
        """Plain values that JSON can hold; `from_dict` reads them back."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> AlexNetConfig:
        """Reads a configuration that may come from an untrusted file.

        Args:
            values: Exactly the keys that `to_dict` writes.

        Returns:
            The checked configuration.

        Raises:
            ValueError: Keys missing or unknown, values of the wrong type or out of bounds.
        """
        expected = {field.name for field in fields(cls)}
        if set(values) != expected:
            msg = (
                f"network configuration lacks {sorted(expected - set(values))} and has "
                f"{len(set(values) - expected)} unknown keys; expected exactly {sorted(expected)}"
            )
            raise ValueError(msg)
        # Types are checked in __post_init__.
        known: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**known)


class PatchAlexNet(nn.Module):
    """Classifier of patches (N, C, S, S); gives logits (N, classes).

    Attributes:
        config: The shape it was built with.
        layers: All layers in order; none pads, the dense ones are convolutions.
    """

    def __init__(self, config: AlexNetConfig) -> None:
        super().__init__()
        self.config = config
        layers: list[nn.Module] = []
        channels, side = config.in_channels, config.patch_size
        strides = (config.stride, 1, 1, 1, 1)
        for width, kernel, stride, pooled in zip(
            config.widths, _KERNELS, strides, _POOLED, strict=True
        ):
            # The normalisation's shift makes a bias redundant.
            layers += [nn.Conv2d(channels, width, kernel, stride, bias=False)]
            layers += [nn.BatchNorm2d(width), nn.ReLU()]
            channels, side = width, (side - kernel) // stride + 1
            if pooled:
                layers.append(nn.MaxPool2d(2))
                side //= 2
        for width in config.dense:
            layers += [nn.Conv2d(channels, width, side), nn.ReLU(), nn.Dropout(config.dropout)]
            channels, side = width, 1
        layers.append(nn.Conv2d(channels, config.classes, 1))
        self.layers = nn.Sequential(*layers)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Computes logits (N, classes) of patches (N, C, S, S) with S the configured side."""
        logits: torch.Tensor = self.layers(patches)
        return logits[:, :, 0, 0]


def build_alexnet(config: AlexNetConfig, generator: torch.Generator) -> PatchAlexNet:
    """Builds a classifier with fresh weights.

    Args:
        config: Its shape.
        generator: CPU source of the weights, drawn after He et al. (2015, arXiv 1502.01852).

    Returns:
        The network on the CPU, float32, in training mode.
    """
    model = _empty_alexnet(config)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    return model


def load_alexnet(config: AlexNetConfig, tensors: Mapping[str, torch.Tensor]) -> PatchAlexNet:
    """Builds a classifier from stored weights.

    Args:
        config: Its shape.
        tensors: Its state, as `state_dict()` names it.

    Returns:
        The network on the CPU, float32, in eval mode.

    Raises:
        ValueError: Names or shapes differ from the configuration's, or a value is not finite.
    """
    model = _empty_alexnet(config)
    expected = model.state_dict()
    if set(tensors) != set(expected):
        missing, extra = sorted(set(expected) - set(tensors)), sorted(set(tensors) - set(expected))
        msg = (
            f"weights do not fit the network: missing {_some(missing)}, unexpected {_some(extra)}; "
            "use the configuration stored with the weights"
        )
        raise ValueError(msg)
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            msg = (
                f"weight {name} has shape {tuple(tensor.shape)}, the configuration asks for "
                f"{tuple(expected[name].shape)}; use the configuration stored with the weights"
            )
            raise ValueError(msg)
        if not bool(torch.isfinite(tensor).all()):
            msg = f"weight {name} holds values that are not finite; train the classifier again"
            raise ValueError(msg)
    model.load_state_dict(dict(tensors))
    return model.eval()


def _empty_alexnet(config: AlexNetConfig) -> PatchAlexNet:
    # On the meta device no default weights are drawn, so torch's global generator stays untouched.
    with torch.device("meta"):
        model = PatchAlexNet(config)
    return model.to_empty(device="cpu")


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        msg = f"{name} is {str(value)[:80]}, expected an integer from {low} to {high}"
        raise ValueError(msg)


def _check_integers(name: str, values: object, count: int) -> None:
    if not isinstance(values, tuple) or len(values) != count:
        msg = f"{name} is {str(values)[:80]}, expected {count} integers"
        raise ValueError(msg)
    for value in values:
        _check_integer(name, value, 1, _MAX_WIDTH)


def _check_share(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 1.0:
        msg = f"{name} is {str(value)[:80]}, expected a number from 0 to below 1"
        raise ValueError(msg)


def _some(names: Sequence[str]) -> str:
    return ", ".join(name[:60] for name in names[:3]) + (" ..." if len(names) > 3 else "") or "none"
