"""Starts a training from the U-Nets of a bundle instead of from random weights."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from shoulderseg.nnunet_ext.bundle import read_tensors
from shoulderseg.nnunet_ext.exchange.heads import joined_outputs
from shoulderseg.nnunet_ext.start_weights import start_weights
from shoulderseg.nnunet_ext.unet_set import UntrustedModelError
from shoulderseg.nnunet_ext.unets import complete_weights
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
