"""Output layers of a U-Net with one sigmoid output, turned into those of background and bone.

A sigmoid of x is the softmax of (0, x). So a network that answers 0 for the background and x for the
bone calls the same voxels bone: x > 0. nnU-Net can then be given plain labels in place of a region,
and programs that look up a label's name find it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

HEADS = "decoder.seg_layers."


def with_background(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Puts an output for the background, which is always 0, before those of the bones.

    Args:
        weights: Parameters of a U-Net of nnU-Net, under any or all of its names.

    Returns:
        The same parameters; those of the output layers have a first row of zeros.
    """
    return {
        name: torch.cat([torch.zeros_like(values[:1]), values])
        if name.startswith(HEADS)
        else values
        for name, values in weights.items()
    }
