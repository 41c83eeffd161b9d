"""Names of the three U-Nets and of their folders; loads without torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from shoulderseg.nnunet_ext.plans import CONFIGURATION

FIRST, SECOND, WHOLE = "humerus", "glenoid", "whole"
TRAINERS = {
    FIRST: "nnUNetTrainerShoulderHumerus",
    SECOND: "nnUNetTrainerShoulderGlenoid",
    WHOLE: "nnUNetTrainerShoulderWhole",
}
# One network that learns what the three learn, with an output for each, in this order.
SHARED = "shared"
SHARED_OUTPUTS = (WHOLE, FIRST, SECOND)
# The same three, and this one, learning from images that are synthesised at every step.
SYNTHETIC_TRAINERS = {variant: f"{name}Synthetic" for variant, name in TRAINERS.items()} | {
    SHARED: "nnUNetTrainerShoulderSharedSynthetic"
}
PLUGIN_VARIABLE = "nnUNet_extTrainer"
START_VARIABLE = "SHOULDERSEG_START_FROM"
CHECKPOINT = "checkpoint_final.pth"
# The fold of nnU-Net that learns from every case.
EVERY_CASE = "all"


def trainer_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Picks what tells the trainers how to learn: how long, how fast, from what, on which images.

    Args:
        environment: Of a process.
    """
    # The one that names the place of imported bundles says nothing of trainings.
    return {
        name: value
        for name, value in environment.items()
        if name.startswith("SHOULDERSEG_") and name != "SHOULDERSEG_MODELS"
    }


def plugin_folder() -> Path:
    """Returns the folder that nnU-Net has to search for the trainers."""
    return Path(__file__).resolve().parent / "plugin"


def trainer_search_path() -> str:
    """Returns `nnUNet_extTrainer` with the plugin folder in it; the user's own stay."""
    plugin = str(plugin_folder())
    present = [entry for entry in os.environ.get(PLUGIN_VARIABLE, "").split(os.pathsep) if entry]
    return os.pathsep.join(present if plugin in present else [plugin, *present])


def trainers(*, synthetic: bool = False) -> dict[str, str]:
    """Gives the names of the trainers by variant: the ordinary ones, or those that synthesise."""
    return SYNTHETIC_TRAINERS if synthetic else TRAINERS


def variant_of(trainer: str) -> str:
    """Tells which U-Net a trainer trains.

    Args:
        trainer: Name of its class.

    Raises:
        ValueError: If it is none of this project's.
    """
    for names in (TRAINERS, SYNTHETIC_TRAINERS):
        for variant, name in names.items():
            if name == trainer:
                return variant
    known = [*TRAINERS.values(), *SYNTHETIC_TRAINERS.values()]
    msg = f"unknown trainer {trainer!r}; expected one of {known}"
    raise ValueError(msg)


def model_folder(
    results_dataset: Path, variant: str, plans_name: str, *, synthetic: bool = False
) -> Path:
    """Returns where nnU-Net keeps the model of one trainer.

    Args:
        results_dataset: The dataset's folder under `nnUNet_results`.
        variant: One of humerus, glenoid or whole; shared too where images are synthesised.
        plans_name: The plans identifier the training was given.
        synthetic: Whether it was trained on images synthesised at every step.
    """
    name = trainers(synthetic=synthetic)[variant]
    return results_dataset / f"{name}__{plans_name}__{CONFIGURATION}"
