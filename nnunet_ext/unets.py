"""The three trained U-Nets as plain data, whether from a training folder or a bundle."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from torch import nn

from shoulderseg.nnunet_ext.plan_bounds import find_excess, find_length
from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE

Weights = Mapping[str, torch.Tensor]

# Where each U-Net's labels stand among the dataset's two foreground labels.
PARTS: dict[str, tuple[int, ...]] = {FIRST: (0,), SECOND: (1,), WHOLE: (0, 1)}

# plans.json names classes that nnU-Net imports and calls. A file from outside may name these
# and nothing else.
NETWORKS: dict[str, type[torch.nn.Module]] = {
    f"dynamic_network_architectures.architectures.unet.{network.__name__}": network
    for network in (PlainConvUNet, ResidualEncoderUNet)
}
LAYERS: dict[str, type[torch.nn.Module]] = {
    "torch.nn.modules.conv.Conv2d": nn.Conv2d,
    "torch.nn.modules.instancenorm.InstanceNorm2d": nn.InstanceNorm2d,
    "torch.nn.modules.batchnorm.BatchNorm2d": nn.BatchNorm2d,
    "torch.nn.modules.dropout.Dropout2d": nn.Dropout2d,
    "torch.nn.LeakyReLU": nn.LeakyReLU,
    "torch.nn.ReLU": nn.ReLU,
    "torch.nn.GELU": nn.GELU,
}
PREPROCESSORS = {"DefaultPreprocessor"}
NORMALISATIONS = {
    "ZScoreNormalization",
    "CTNormalization",
    "NoNormalization",
    "RescaleTo01Normalization",
}
RESAMPLERS = {"resample_data_or_seg_to_shape", "resample_torch_fornnunet", "resample_torch_simple"}


# What nnU-Net reads of the plans when it predicts, beside the configuration.
REQUIRED_PLANS = (
    "dataset_name",
    "plans_name",
    "transpose_forward",
    "transpose_backward",
    "foreground_intensity_properties_per_channel",
)


class UntrustedModelError(ValueError):
    """A model file asks for something that a model has no business to ask for."""


@dataclass(frozen=True)
class UNetSet:
    """Three U-Nets trained on one dataset with one plans file.

    Attributes:
        plans: nnU-Net's plans, checked by `check_plans`.
        dataset_json: The dataset's description with its two plain foreground labels.
        mirroring_axes: In-plane axes that test-time mirroring may use, or None.
        weights: For each U-Net and fold the network's parameters, float32.
    """

    plans: dict[str, Any]
    dataset_json: dict[str, Any]
    mirroring_axes: tuple[int, ...] | None
    weights: Mapping[str, Mapping[str, Weights]]


def check_plans(plans: dict[str, Any]) -> None:
    """Refuses plans that name code outside the lists above, or need too much memory.

    Args:
        plans: nnU-Net's plans with a `2d` configuration.

    Raises:
        UntrustedModelError: If a class, function or entry is not on the lists, or a number out of
            bounds; names it.
    """
    excess = find_length(plans)
    if excess is not None:
        msg = f"plans.json asks for more than any plans of nnU-Net: {excess}"
        raise UntrustedModelError(msg)
    try:
        configuration = plans["configurations"][CONFIGURATION]
        architecture = configuration["architecture"]
        _allow("network", [architecture["network_class_name"]], NETWORKS)
        kwargs = architecture["arch_kwargs"]
        imported = [kwargs[name] for name in architecture["_kw_requires_import"]]
        _allow("layer", [layer for layer in imported if layer is not None], LAYERS)
        _allow("preprocessor", [configuration["preprocessor_name"]], PREPROCESSORS)
        _allow("normalisation", configuration["normalization_schemes"], NORMALISATIONS)
        resamplers = [
            configuration[f"resampling_fn_{kind}"] for kind in ("data", "seg", "probabilities")
        ]
        _allow("resampling function", resamplers, RESAMPLERS)
        _allow("label manager", [plans.get("label_manager", "LabelManager")], {"LabelManager"})
        for entry in REQUIRED_PLANS:
            plans[entry]
        if "inherits_from" in configuration:
            msg = "the 2d configuration of plans.json inherits from another; write it out"
            raise UntrustedModelError(msg)
        excess = find_excess(configuration)
    except (KeyError, TypeError) as error:
        msg = f"plans.json is not a complete nnU-Net plans file: {error!r}"
        raise UntrustedModelError(msg) from error
    if excess is not None:
        msg = f"plans.json asks for more than any plans of nnU-Net: {excess}"
        raise UntrustedModelError(msg)


def _allow(what: str, names: list[str], allowed: Collection[str]) -> None:
    for name in names:
        if name not in allowed:
            msg = f"plans.json names the {what} {name!r}; allowed are {sorted(allowed)}"
            raise UntrustedModelError(msg)


def build_unet(plans: dict[str, Any]) -> torch.nn.Module:
    """Builds the untrained network of checked plans: one channel in, one sigmoid output.

    Args:
        plans: Plans that passed `check_plans`, which is called here again.

    Returns:
        The network without deep supervision, in evaluation mode.

    Raises:
        UntrustedModelError: As `check_plans`, or if the network cannot be built.
    """
    check_plans(plans)
    architecture = plans["configurations"][CONFIGURATION]["architecture"]
    named = {
        name: architecture["arch_kwargs"][name] for name in architecture["_kw_requires_import"]
    }
    classes = {name: None if layer is None else LAYERS[layer] for name, layer in named.items()}
    try:
        network = NETWORKS[architecture["network_class_name"]](
            **(architecture["arch_kwargs"] | classes),
            input_channels=1,
            num_classes=1,
            deep_supervision=False,
        )
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        msg = f"the network of plans.json cannot be built: {error}"
        raise UntrustedModelError(msg) from error
    return network.eval()


def outline_unet(plans: dict[str, Any]) -> torch.nn.Module:
    """Builds the network as `build_unet` does, with shapes and without memory for its values.

    Weights from outside can be compared with it however large the plans make it.
    """
    with torch.device("meta"):
        return build_unet(plans)


def unique_weights(weights: Weights) -> dict[str, torch.Tensor]:
    """Keeps one name for each tensor that nnU-Net's networks list under several.

    Args:
        weights: A state dict whose shared tensors share memory.

    Returns:
        The same tensors, each under the first of its names.
    """
    first: dict[int, str] = {}
    for name, tensor in weights.items():
        first.setdefault(tensor.data_ptr(), name)
    return {name: weights[name] for name in first.values()}


def complete_weights(network: torch.nn.Module, stored: Weights) -> dict[str, torch.Tensor]:
    """Spreads stored tensors over all names a network lists them under.

    Args:
        network: The network that the tensors belong to, or its outline; it is not changed.
        stored: Tensors as `unique_weights` keeps them, any floating type.

    Returns:
        A full float32 state dict.

    Raises:
        UntrustedModelError: If names or shapes differ from the network's, or a value is not
            finite.
    """
    # The parameters themselves: those of an outline cannot be told apart by their memory.
    expected = network.state_dict(keep_vars=True)
    unknown = sorted(set(stored) - set(expected))
    if unknown:
        msg = f"the weights hold {unknown[0]!r}, which the network of plans.json does not have"
        raise UntrustedModelError(msg)
    names = {id(expected[name]): name for name in stored}
    complete = {}
    for name, tensor in expected.items():
        source = names.get(id(tensor))
        if source is None or stored[source].shape != tensor.shape:
            found = "nothing" if source is None else tuple(stored[source].shape)
            msg = f"the weights hold {found} for {name!r}, expected shape {tuple(tensor.shape)}"
            raise UntrustedModelError(msg)
        complete[name] = stored[source].to(torch.float32)
        if not complete[name].isfinite().all():
            msg = f"the weights of {name!r} are not finite numbers"
            raise UntrustedModelError(msg)
    return complete
