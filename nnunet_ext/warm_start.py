"""Starts a training from the U-Nets of a bundle instead of from random weights."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from shoulderseg.nnunet_ext.bundle import read_tensors
from shoulderseg.nnunet_ext.exchange.heads import joined_outputs
from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.start_weights import start_weights
from shoulderseg.nnunet_ext.unet_set import UntrustedModelError
from shoulderseg.nnunet_ext.unets import complete_weights, outline_unet
from shoulderseg.nnunet_ext.variants import START_VARIABLE, variant_of


def load_start(network: torch.nn.Module, trainer_name: str, fold: int | str) -> Path | None:
    """Loads the weights that `SHOULDERSEG_START_FROM` asks for, if it asks for any.

    nnU-Net's `-pretrained_weights` reads a pickle and leaves the output layers as they are. The
    network that learns what all three do begins as that of both bones, with its output three times;
    or, where the three differ in their outputs alone, with the output of each.

    Args:
        network: An untrained network with deep supervision, changed in place.
        trainer_name: Name of the trainer's class, which tells whose weights it needs.
        fold: The weights of this fold are taken, or those of the only one there is.

    Returns:
        The file the weights were read from; None if the variable is not set.

    Raises:
        FileNotFoundError: If the bundle has no weights for this U-Net and fold.
        UntrustedModelError: If the file is no safetensors file.
        ValueError: If the weights are those of another network.
    """
    folder = os.environ.get(START_VARIABLE, "").strip()
    if not folder:
        return None
    variant = variant_of(trainer_name)
    paths = start_weights(Path(folder), variant, str(fold))
    stored = joined_outputs([read_tensors(path) for path in paths])
    path = paths[0]
    try:
        weights = complete_weights(network, stored)
    except UntrustedModelError as error:
        msg = (
            f"{path} cannot start this training: {error}; it needs a bundle of a network planned "
            "with the same patch size and --size"
        )
        raise ValueError(msg) from error
    network.load_state_dict(weights)
    return path


def find_misfit(plans: dict[str, Any], paths: Sequence[Path]) -> str | None:
    """Returns why weights are not those of a planned network, or None.

    Args:
        plans: nnU-Net's, of the training. Where this package knows no such network, nothing is
            said: the trainer tries.
        paths: The weights of a U-Net, a file an output, as `start_weights` gives them.

    Raises:
        UntrustedModelError: If a file is no safetensors file.
    """
    try:
        planned = outline_unet(plans, outputs=len(paths))
    except UntrustedModelError:
        return None
    stored = joined_outputs([read_tensors(path) for path in paths])
    try:
        complete_weights(planned, stored)
    except UntrustedModelError as error:
        return f"{paths[0].name} is of {_difference(plans, stored) or f'another network: {error}'}"
    return None


def _difference(plans: dict[str, Any], stored: Mapping[str, torch.Tensor]) -> str:
    """How many stages there are and were planned, where these differ."""
    configuration = plans["configurations"][CONFIGURATION]
    wanted = configuration["architecture"]["arch_kwargs"]["n_stages"]
    found = len({name.split(".")[2] for name in stored if name.startswith("encoder.stages.")})
    if found == wanted:
        return ""
    patch = " x ".join(str(side) for side in configuration["patch_size"])
    return f"a network of {found} stages, planned is one of {wanted} for patches of {patch}"
