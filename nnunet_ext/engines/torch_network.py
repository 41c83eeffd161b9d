"""A U-Net run by torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from shoulderseg.nnunet_ext.engines.network import FloatArray
from shoulderseg.nnunet_ext.unets import build_unet, complete_weights

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.unet_set import Weights


class TorchNetwork:
    """A U-Net on a CPU, as nnU-Net runs it: one image after the other, in float32.

    Several images at once take other paths through torch, whose last digits differ.

    Attributes:
        batch: one image.
        module: The network.
    """

    batch = 1

    def __init__(self, plans: Mapping[str, Any], weights: Weights) -> None:
        """Builds the network.

        Args:
            plans: nnU-Net's plans with a `2d` configuration.
            weights: Its parameters.

        Raises:
            UntrustedModelError: If the plans name code that is not allowed, or the parameters are
                not the network's.
        """
        self.module = build_unet(dict(plans))
        self.module.load_state_dict(complete_weights(self.module, weights))

    def __call__(self, images: FloatArray) -> FloatArray:
        """Computes logits, see `Network`."""
        with torch.inference_mode():
            logits: FloatArray = self.module(torch.from_numpy(images[:, None]))[:, 0].numpy()
        return logits
