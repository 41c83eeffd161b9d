"""Where an edge refiner is kept beside nnU-Net's models, and what is written about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoulderseg.refine.training import TrainingState

DESCRIPTION_FILE = "refiner.json"


def refiner_folder(dataset_name: str, folder_name: str) -> Path:
    """Gives the folder of a dataset's refiner.

    Args:
        dataset_name: full name of the dataset.
        folder_name: of the refiner, which tells the U-Nets that it learned on.

    Raises:
        ValueError: if nnU-Net's results folder is not set.
    """
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder

    return data_folder(RESULTS) / dataset_name / folder_name


def write_refiner(
    folder: Path, described: Mapping[str, Any], states: Mapping[str, TrainingState]
) -> None:
    """Writes the best weights of each fold's AlexNet, and then their description.

    Args:
        folder: of the refiner.
        described: plain values for a JSON file.
        states: the finished training of each fold.
    """
    from safetensors.torch import save_file

    from shoulderseg.workflows.bundles.bundle import classifier_file

    # Without its description the refiner counts as not trained, so the two never mix.
    (folder / DESCRIPTION_FILE).unlink(missing_ok=True)
    for fold, state in states.items():
        weights = {key: tensor.contiguous() for key, tensor in state.best_weights.items()}
        save_file(weights, folder / classifier_file(fold))
    (folder / DESCRIPTION_FILE).write_text(json.dumps(described, indent=2) + "\n")
