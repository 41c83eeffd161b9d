"""A second plans file with a small network, for CPUs and small bundles."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from pathlib import Path
from typing import Any

CONFIGURATION = "2d"
DEFAULT_PLANS = "nnUNetPlans"
SMALL_PLANS = "shoulderSmallPlans"

SMALL_MAX_FEATURES = 128
# From 256 pixels these lead down to 8, enough to see the whole shoulder at once.
SMALL_MAX_STAGES = 6
# A small network meets CPUs and small GPUs: about eight slices of 256 x 256 a step.
SMALL_PIXELS_PER_BATCH = 2**19
SMALL_BATCH_RANGE = (4, 32)
# Lists of the network's arguments, and by how many entries each differs from the stages.
_LENGTHS = {
    "features_per_stage": 0,
    "kernel_sizes": 0,
    "strides": 0,
    "n_conv_per_stage": 0,
    "n_blocks_per_stage": 0,
    "n_conv_per_stage_decoder": -1,
}


def small_plans(plans: dict[str, Any], batch_size: int | None = None) -> dict[str, Any]:
    """Derives plans with a narrow network from nnU-Net's automatic 2d plans.

    Six stages are kept, of at most 128 features (2.9 million parameters, 5.5 MiB in half
    precision, where nnU-Net plans seven or eight stages). Spacing, patch, normalisation and data
    identifier stay, so the preprocessed cases serve both plans.

    Args:
        plans: nnU-Net's plans with a `2d` configuration of a U-Net.
        batch_size: Slices a training step; by default as many as hold 2^19 pixels, at least 4,
            at most 32 and never more than nnU-Net planned.

    Returns:
        A changed copy named `shoulderSmallPlans`; the input is left alone.

    Raises:
        ValueError: If there is no `2d` configuration or the batch size is below 2.
    """
    if CONFIGURATION not in plans["configurations"]:
        found = sorted(plans["configurations"])
        msg = f"the plans have no '2d' configuration, only {found}; plan with `-c 2d` first"
        raise ValueError(msg)
    if batch_size is not None and batch_size < 2:
        msg = f"batch size is {batch_size}; nnU-Net needs at least 2"
        raise ValueError(msg)
    changed = deepcopy(plans)
    changed["plans_name"] = SMALL_PLANS
    changed["configurations"] = {CONFIGURATION: changed["configurations"][CONFIGURATION]}
    configuration = changed["configurations"][CONFIGURATION]
    network = configuration["architecture"]["arch_kwargs"]
    stages = min(network["n_stages"], SMALL_MAX_STAGES)
    network["n_stages"] = stages
    for name, kept in _LENGTHS.items():
        if isinstance(network.get(name), list):
            network[name] = network[name][: stages + kept]
    network["features_per_stage"] = [
        min(features, SMALL_MAX_FEATURES) for features in network["features_per_stage"]
    ]
    planned = configuration["batch_size"]
    suited = SMALL_PIXELS_PER_BATCH // math.prod(configuration["patch_size"])
    low, high = SMALL_BATCH_RANGE
    configuration["batch_size"] = batch_size or min(planned, max(low, min(high, suited)))
    return changed


def write_small_plans(preprocessed_dataset: Path, batch_size: int | None = None) -> Path:
    """Writes the small plans beside the automatic ones of a preprocessed dataset.

    Args:
        preprocessed_dataset: The dataset's folder under `nnUNet_preprocessed`.
        batch_size: See `small_plans`.

    Returns:
        The path of the new plans file.

    Raises:
        FileNotFoundError: If nnU-Net has not planned this dataset yet.
        ValueError: As `small_plans`.
    """
    automatic = preprocessed_dataset / f"{DEFAULT_PLANS}.json"
    if not automatic.is_file():
        msg = (
            f"{automatic} is missing; run `nnUNetv2_plan_and_preprocess -d ID -c 2d` first, "
            "or `shoulderseg plan ID` which does"
        )
        raise FileNotFoundError(msg)
    plans = small_plans(json.loads(automatic.read_text()), batch_size)
    path = preprocessed_dataset / f"{SMALL_PLANS}.json"
    path.write_text(json.dumps(plans, indent=2) + "\n")
    return path
