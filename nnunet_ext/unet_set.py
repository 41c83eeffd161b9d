"""The three trained U-Nets as plain data, whether from a training folder or a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE

if TYPE_CHECKING:
    import torch

    from shoulderseg.nnunet_ext.engines.quantisation import Ranges

# Of a training they are torch's, of a bundle numpy's: whoever predicts may not need torch, which
# takes seconds to import.
Weights: TypeAlias = "Mapping[str, torch.Tensor] | Mapping[str, npt.NDArray[np.float32]]"

# Where each U-Net's labels stand among the dataset's two foreground labels.
PARTS: dict[str, tuple[int, ...]] = {FIRST: (0,), SECOND: (1,), WHOLE: (0, 1)}
# Those that one network of three classes gives: each bone against the background.
OF_ONE_NETWORK = (FIRST, SECOND)


class UntrustedModelError(ValueError):
    """A model file asks for something that a model has no business to ask for."""


@dataclass(frozen=True)
class UNetSet:
    """Three U-Nets trained on one dataset with one plans file, or two that one network gave.

    Attributes:
        plans: nnU-Net's plans, checked by `check_plans`.
        dataset_json: The dataset's description with its two plain foreground labels.
        mirroring_axes: In-plane axes that test-time mirroring may use, or None.
        weights: For each U-Net and fold the network's parameters, float32. A parameter that the
            network lists under several names stands under all of them or under the first.
        ranges: For each U-Net and fold the ranges of its activations, with which a CPU can compute
            it in eight bits; empty where they have not been measured.
    """

    plans: dict[str, Any]
    dataset_json: dict[str, Any]
    mirroring_axes: tuple[int, ...] | None
    weights: Mapping[str, Mapping[str, Weights]]
    ranges: Mapping[str, Mapping[str, Ranges]] = field(default_factory=dict)


def is_quantisable(unets: UNetSet) -> bool:
    """Tells whether the ranges of all networks' activations are known."""
    return all(
        fold in unets.ranges.get(variant, {})
        for variant, folds in unets.weights.items()
        for fold in folds
    )
