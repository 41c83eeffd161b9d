"""Names of the three U-Nets and of their folders; loads without torch."""

from __future__ import annotations

import os
from pathlib import Path

from shoulderseg.nnunet_ext.plans import CONFIGURATION

FIRST, SECOND, WHOLE = "humerus", "glenoid", "whole"
TRAINERS = {
    FIRST: "nnUNetTrainerShoulderHumerus",
    SECOND: "nnUNetTrainerShoulderGlenoid",
    WHOLE: "nnUNetTrainerShoulderWhole",
}
PLUGIN_VARIABLE = "nnUNet_extTrainer"
START_VARIABLE = "SHOULDERSEG_START_FROM"
CHECKPOINT = "checkpoint_final.pth"


def plugin_folder() -> Path:
    """Returns the folder that nnU-Net has to search for the trainers."""
    return Path(__file__).resolve().parent / "plugin"


def trainer_search_path() -> str:
    """Returns `nnUNet_extTrainer` with the plugin folder in it; the user's own stay."""
    plugin = str(plugin_folder())
    present = [entry for entry in os.environ.get(PLUGIN_VARIABLE, "").split(os.pathsep) if entry]
    return os.pathsep.join(present if plugin in present else [plugin, *present])


def model_folder(results_dataset: Path, variant: str, plans_name: str) -> Path:
    """Returns where nnU-Net keeps the model of one trainer.

    Args:
        results_dataset: The dataset's folder under `nnUNet_results`.
        variant: Humerus, glenoid or whole.
        plans_name: The plans identifier the training was given.
    """
    return results_dataset / f"{TRAINERS[variant]}__{plans_name}__{CONFIGURATION}"
