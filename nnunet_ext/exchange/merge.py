"""Several plain U-Nets of the same plans, put side by side into one.

Every layer of the merged network has the channels of all networks, one network's after the
other's, and its kernels are 0 between channels of different networks. Instance normalisation and
LeakyReLU look at each channel alone. So the merged network computes what the networks compute, and
nothing has to be trained.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch

from shoulderseg.nnunet_ext.plans import CONFIGURATION

# Sees what comes from below and what the encoder's stage gave, one behind the other.
_JOINS = re.compile(r"decoder\.stages\.\d+\.convs\.0\.")
_FIRST = "encoder.stages.0.0.convs.0."


def merged_plans(plans: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Returns the plans of a network with the channels of several.

    Args:
        plans: Of a plain U-Net.
        count: How many networks of these plans there are.
    """
    merged = deepcopy(dict(plans))
    kwargs = merged["configurations"][CONFIGURATION]["architecture"]["arch_kwargs"]
    kwargs["features_per_stage"] = [count * size for size in kwargs["features_per_stage"]]
    return merged


def merged_weights(networks: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Merges plain U-Nets of one channel.

    Args:
        networks: Parameters of each, each under the first of its names alone.

    Returns:
        Parameters of the merged network; its outputs are those of the networks, in order.
    """
    return {name: _merged(name, [network[name] for network in networks]) for name in networks[0]}


def _merged(name: str, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    if tensors[0].ndim == 1 or name.startswith(_FIRST):
        # Biases and norms; and all networks see the same image.
        return torch.cat(list(tensors))
    if _JOINS.match(name):
        halves = [tensor.chunk(2, dim=1) for tensor in tensors]
        below, beside = ([half[part] for half in halves] for part in (0, 1))
        return torch.cat([_blocks(below), _blocks(beside)], dim=1)
    # The kernels that enlarge have their inputs first; blocks are blocks either way.
    return _blocks(tensors)


def _blocks(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Kernels of shape (outputs, inputs, ...) along a diagonal, zeros elsewhere."""
    rows, columns = tensors[0].shape[:2]
    count = len(tensors)
    placed = tensors[0].new_zeros(count * rows, count * columns, *tensors[0].shape[2:])
    for number, tensor in enumerate(tensors):
        own = slice(number * rows, (number + 1) * rows)
        placed[own, number * columns : (number + 1) * columns] = tensor
    return placed
