"""What plans from outside may name, and how much they may ask for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from shoulderseg.nnunet_ext.image_readers import find_plans_reader_fault
from shoulderseg.nnunet_ext.plan_bounds import find_excess, find_length
from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.unet_set import UntrustedModelError

# plans.json names classes that nnU-Net imports and calls. A file from outside may name these
# and nothing else.
PLAIN_UNET = "dynamic_network_architectures.architectures.unet.PlainConvUNet"
RESIDUAL_UNET = "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
CONVOLUTION = "torch.nn.modules.conv.Conv2d"
INSTANCE_NORM = "torch.nn.modules.instancenorm.InstanceNorm2d"
LEAKY_RELU = "torch.nn.LeakyReLU"
NETWORKS = (PLAIN_UNET, RESIDUAL_UNET)
LAYERS = (
    CONVOLUTION,
    INSTANCE_NORM,
    "torch.nn.modules.batchnorm.BatchNorm2d",
    "torch.nn.modules.dropout.Dropout2d",
    LEAKY_RELU,
    "torch.nn.ReLU",
    "torch.nn.GELU",
)
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


# What CT normalisation reads of the intensities.
_OF_CT = ("mean", "std", "percentile_00_5", "percentile_99_5")


def check_plans(plans: dict[str, Any]) -> None:
    """Refuses plans that name code outside the lists above, or need too much memory.

    So are plans whose images nnU-Net reads otherwise than this package does.

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
        _check_numbers(plans, configuration)
        if "inherits_from" in configuration:
            msg = "the 2d configuration of plans.json inherits from another; write it out"
            raise UntrustedModelError(msg)
        excess = find_excess(configuration)
        reader_fault = find_plans_reader_fault(plans)
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"plans.json is not a complete nnU-Net plans file: {error!r}"
        raise UntrustedModelError(msg) from error
    if reader_fault is not None:
        msg = f"plans.json {reader_fault}; plan and train with one of these"
        raise UntrustedModelError(msg)
    if excess is not None:
        msg = f"plans.json asks for more than any plans of nnU-Net: {excess}"
        raise UntrustedModelError(msg)


def _check_numbers(plans: dict[str, Any], configuration: dict[str, Any]) -> None:
    """Refuses plans without the numbers that preparing a case needs."""
    kinds = ("data", "seg", "probabilities")
    missing = [
        name
        for name in (f"resampling_fn_{kind}_kwargs" for kind in kinds)
        if not isinstance(configuration[name], dict)
    ]
    if "CTNormalization" in configuration["normalization_schemes"]:
        known = plans["foreground_intensity_properties_per_channel"].get("0", {})
        missing += [name for name in _OF_CT if type(known.get(name)) not in (int, float)]
    if missing:
        msg = f"plans.json lacks {', '.join(missing)}; get the bundle from where it was made"
        raise UntrustedModelError(msg)


def _allow(what: str, names: list[str], allowed: Collection[str]) -> None:
    for name in names:
        if name not in allowed:
            msg = f"plans.json names the {what} {name!r}; allowed are {sorted(allowed)}"
            raise UntrustedModelError(msg)
