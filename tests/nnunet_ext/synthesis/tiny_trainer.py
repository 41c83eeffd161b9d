"""A synthetic trainer of the tiny dataset."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch

from shoulderseg.nnunet_ext import synthetic_trainers
from shoulderseg.nnunet_ext.synthetic_trainers import SyntheticTraining
from shoulderseg.nnunet_ext.variants import SYNTHETIC_TRAINERS

CPU = torch.device("cpu")


def trainer(dataset: dict[str, Any], variant: str, *, resumed: bool = False) -> SyntheticTraining:
    plans = deepcopy(dataset["plans"]) | {"continue_training": resumed}
    kind = getattr(synthetic_trainers, SYNTHETIC_TRAINERS[variant])
    made: SyntheticTraining = kind(plans, "2d", 0, deepcopy(dataset["dataset_json"]), CPU)
    return made
