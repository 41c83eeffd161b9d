"""How the images lie that a dataset's networks were trained on."""

from __future__ import annotations

import json
import os
from pathlib import Path

_NOT_THERE = "the training images are not here to tell how they lie"
_OF_ANOTHER = (
    "the dataset of this name in nnUNet_raw has another dataset.json, and may be another dataset"
)
_CHANGED = "the training images are newer than the trainings, which may have seen them otherwise"


def model_lies_upright(dataset_name: str, model: Path) -> tuple[bool, str]:
    """Tells how the training images of a model lie that may have been trained elsewhere.

    Two sites may call their datasets alike, so the dataset here has to be described as the model's.

    Args:
        dataset_name: full name of the dataset, as the model's plans have it.
        model: its folder.

    Returns:
        As `lie_upright`.
    """
    from shoulderseg.nnunet_ext.dataset_checks import DATASET_FILE
    from shoulderseg.nnunet_ext.folders import RAW

    raw = Path(os.environ.get(RAW) or "absent", dataset_name, DATASET_FILE)
    if not raw.is_file():
        return False, _NOT_THERE
    try:
        ours, its = (
            json.loads(path.read_text(encoding="utf-8")) for path in (raw, model / DATASET_FILE)
        )
    except ValueError:
        return False, _OF_ANOTHER
    return lie_upright(dataset_name, model) if ours == its else (False, _OF_ANOTHER)


def lie_upright(dataset_name: str, results: Path) -> tuple[bool, str]:
    """Tells from their headers whether all training images lie head up.

    Args:
        dataset_name: full name of the raw dataset.
        results: folder with the checkpoints of what was trained on it.

    Returns:
        Whether they do, and why that cannot be said, or not of all; empty if they do.
    """
    from shoulderseg.datasets.stored_orientation import stored_otherwise
    from shoulderseg.nnunet_ext.folders import RAW, file_ending

    folder = Path(os.environ.get(RAW) or "absent", dataset_name, "imagesTr")
    if not folder.is_dir():
        return False, _NOT_THERE
    ending = file_ending(dataset_name)
    images = [
        path
        for path in sorted(folder.iterdir())
        if path.name.endswith(ending) and not path.name.startswith(".")
    ]
    if not images:
        return False, _NOT_THERE
    try:
        others = stored_otherwise(images)
    except ValueError:
        # Slices in 2D files, for instance: nothing says how these stand.
        return False, _NOT_THERE
    if others:
        return False, f"the training images do not all lie head up (first: {others[0].name})"
    trained = [path.stat().st_mtime for path in results.rglob("checkpoint_*.pth")]
    if trained and max(path.stat().st_mtime for path in images) > min(trained):
        return False, _CHANGED
    return True, ""
