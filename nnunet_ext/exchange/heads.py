"""Output layers of U-Nets with one sigmoid output, and of those with background and bones.

A sigmoid of x is the softmax of (0, x). So a network that answers 0 for the background and x for
the bone calls the same voxels bone: x > 0. nnU-Net can then be given plain labels in place of a
region, and programs that look up a label's name find it.

The other way round, what a network of several classes answers for a bone, less what it answers for
the background, is one output above 0 where the bone is likelier than the background.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

_HEADS = "decoder.seg_layers."


def with_background(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Puts an output for the background, which is always 0, before those of the bones.

    Args:
        weights: Parameters of a U-Net of nnU-Net, under any or all of its names.

    Returns:
        The same parameters; those of the output layers have a first row of zeros.
    """
    return {
        name: torch.cat([torch.zeros_like(values[:1]), values])
        if name.startswith(_HEADS)
        else values
        for name, values in weights.items()
    }


def against_background(weights: Mapping[str, torch.Tensor], output: int) -> dict[str, torch.Tensor]:
    """Keeps one output, less that of the background.

    Args:
        weights: Parameters of a U-Net of nnU-Net whose first output is the background's.
        output: Number of the output to keep, above 0.

    Returns:
        The same parameters; those of the output layers have one row.
    """
    return {
        name: values[output : output + 1] - values[:1] if name.startswith(_HEADS) else values
        for name, values in weights.items()
    }


def joined_outputs(networks: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Gives the first of several networks the outputs of all.

    Args:
        networks: Parameters of U-Nets of nnU-Net with one output each. Where one differs from the
            first in more than its output, an output means nothing to another network, and all
            outputs are the first's.

    Returns:
        The first one's parameters; those of the output layers have a row for each network.
    """
    weights = networks[0]
    alike = all(_same_but_outputs(weights, network) for network in networks)
    sources = networks if alike else [weights] * len(networks)
    return {
        name: torch.cat([source[name] for source in sources]) if name.startswith(_HEADS) else values
        for name, values in weights.items()
    }


def _same_but_outputs(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(values, other[name])
        for name, values in one.items()
        if not name.startswith(_HEADS)
    )


def one_output(weights: Mapping[str, torch.Tensor], output: int) -> dict[str, torch.Tensor]:
    """Keeps one of several sigmoid outputs: the network answers for it as before.

    Args:
        weights: Parameters of a U-Net of nnU-Net.
        output: Number of the output to keep, from 0.

    Returns:
        The same parameters; those of the output layers have one row.
    """
    return {
        name: values[output : output + 1] if name.startswith(_HEADS) else values
        for name, values in weights.items()
    }
