"""Which values the activations of a network take: what eight bits need to know beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.nnunet_ext.engines.network import FloatArray
from shoulderseg.nnunet_ext.engines.openvino_graph import build_observed_graph
from shoulderseg.nnunet_ext.engines.openvino_network import compile_graph

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.engines.quantisation import Ranges
    from shoulderseg.nnunet_ext.unet_set import Weights


def measure_ranges(
    plans: Mapping[str, Any], weights: Weights, images: Iterable[FloatArray]
) -> Ranges:
    """Runs a network in float32 and notes the least and greatest activations.

    Args:
        plans: Plans of a plain U-Net.
        weights: Its parameters.
        images: Prepared slices, (image, row, column), of any sizes that the network can see.

    Returns:
        Of each layer, (2, channel).

    Raises:
        ValueError: If there is no image, or a network answers with NaN or infinity.
    """
    arrays = {name: np.asarray(values, np.float32) for name, values in weights.items()}
    graph, names = build_observed_graph(plans, arrays)
    compiled = compile_graph(graph, "float32")
    ranges: dict[str, FloatArray] = {}
    for few in images:
        ends = compiled(few[:, None])
        for number, name in enumerate(names):
            low, high = ends[2 * number], ends[2 * number + 1]
            before = ranges.get(name, np.stack([low, high]))
            ranges[name] = np.stack([np.minimum(low, before[0]), np.maximum(high, before[1])])
    if not ranges or not all(np.isfinite(limits).all() for limits in ranges.values()):
        msg = "no activations were seen" if not ranges else "an activation is NaN or infinite"
        raise ValueError(msg)
    return ranges
