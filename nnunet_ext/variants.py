"""Names of the three U-Nets, kept apart from the trainers so that they load without torch."""

from __future__ import annotations

from pathlib import Path

FIRST, SECOND, WHOLE = "humerus", "glenoid", "whole"
TRAINERS = {
    FIRST: "nnUNetTrainerShoulderHumerus",
    SECOND: "nnUNetTrainerShoulderGlenoid",
    WHOLE: "nnUNetTrainerShoulderWhole",
}
PLUGIN_VARIABLE = "nnUNet_extTrainer"


def plugin_folder() -> Path:
    """The folder that nnU-Net has to search for the trainers."""
    return Path(__file__).resolve().parent / "plugin"
