"""The U-Nets as networks of torch, and their weights under the names that nnU-Net gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from torch import nn

from shoulderseg.nnunet_ext.plan_checks import LAYERS, PLAIN_UNET, RESIDUAL_UNET, check_plans
from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.unet_set import UntrustedModelError, Weights

_NETWORKS: dict[str, type[nn.Module]] = {
    PLAIN_UNET: PlainConvUNet,
    RESIDUAL_UNET: ResidualEncoderUNet,
}
# All of them can be reached from torch.nn by their last name.
_LAYERS: dict[str, type[nn.Module]] = {
    layer: getattr(nn, layer.rpartition(".")[2]) for layer in LAYERS
}


def build_unet(plans: dict[str, Any], outputs: int = 1) -> torch.nn.Module:
    """Builds the untrained network of checked plans, which sees one channel.

    Args:
        plans: Plans that passed `check_plans`, which is called here again.
        outputs: How many outputs it has; one for a sigmoid.

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
    classes = {name: None if layer is None else _LAYERS[layer] for name, layer in named.items()}
    try:
        network = _NETWORKS[architecture["network_class_name"]](
            **(architecture["arch_kwargs"] | classes),
            input_channels=1,
            num_classes=outputs,
            deep_supervision=False,
        )
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        msg = f"the network of plans.json cannot be built: {error}"
        raise UntrustedModelError(msg) from error
    return network.eval()


def outline_unet(plans: dict[str, Any], outputs: int = 1) -> torch.nn.Module:
    """Builds the network as `build_unet` does, with shapes and without memory for its values.

    Weights from outside can be compared with it however large the plans make it.
    """
    with torch.device("meta"):
        return build_unet(plans, outputs)


def unique_weights(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
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
        stored: Parameters as `unique_weights` keeps them or all of a state dict, any floating type,
            of torch or numpy.

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
    tensors = {name: torch.as_tensor(values) for name, values in stored.items()}
    complete = {}
    for name, tensor in expected.items():
        source = names.get(id(tensor))
        if source is None or tensors[source].shape != tensor.shape:
            found = "nothing" if source is None else tuple(tensors[source].shape)
            msg = f"the weights hold {found} for {name!r}, expected shape {tuple(tensor.shape)}"
            raise UntrustedModelError(msg)
        complete[name] = tensors[source].to(torch.float32)
        if not complete[name].isfinite().all():
            msg = f"the weights of {name!r} are not finite numbers"
            raise UntrustedModelError(msg)
    return complete
