"""What of the plans and of the labels a fold learned with, noted beside its checkpoints.

nnU-Net writes the model folder's `plans.json` anew whenever one of its folds starts or goes on, so
that this file says nothing of the folds that were trained before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoulderseg.nnunet_ext.schedule import write_note

NOTE_FILE = "learned_with.json"
# What weights depend on. Batch size, cases and nnU-Net's own notes may differ between folds.
_OF_CONFIGURATION = (
    "spacing",
    "patch_size",
    "normalization_schemes",
    "use_mask_for_norm",
    "resampling_fn_data",
    "resampling_fn_data_kwargs",
    "architecture",
)
_OF_DATASET = ("channel_names", "labels", "regions_class_order")
_OF_INTENSITIES, _BY_INTENSITIES = "foreground_intensity_properties_per_channel", "CTNormalization"


def planned_with(plans: Mapping[str, Any], configuration: str) -> dict[str, Any]:
    """Picks what weights depend on from nnU-Net's plans.

    Args:
        plans: nnU-Net's plans; what they lack is left out.
        configuration: Such as `2d`.
    """
    chosen = plans.get("configurations", {}).get(configuration, {})
    picked = {name: chosen[name] for name in _OF_CONFIGURATION if name in chosen}
    if "transpose_forward" in plans:
        picked["transpose_forward"] = plans["transpose_forward"]
    # Only this normalisation goes by the intensities of all cases.
    if _BY_INTENSITIES in chosen.get("normalization_schemes", ()):
        picked[_OF_INTENSITIES] = plans.get(_OF_INTENSITIES)
    return _as_read(picked)


def described_with(dataset_json: Mapping[str, Any]) -> dict[str, Any]:
    """Picks what weights depend on from a trainer's dataset.json.

    Args:
        dataset_json: As the trainer has it, with its regions.
    """
    return _as_read({name: dataset_json[name] for name in _OF_DATASET if name in dataset_json})


def keep_learned_with(
    folder: Path, plans: Mapping[str, Any], configuration: str, dataset_json: Mapping[str, Any]
) -> None:
    """Notes in a fold's folder what it learns with."""
    noted = planned_with(plans, configuration) | described_with(dataset_json)
    write_note(folder / NOTE_FILE, json.dumps(noted, indent=1) + "\n")


def changed_since(folder: Path, present: Mapping[str, Any]) -> list[str]:
    """Names what differs from what a fold learned with.

    Args:
        folder: Of the fold.
        present: Of `planned_with`, of `described_with`, or of both.

    Returns:
        Names of entries, in order; none where the fold has no note, as of an earlier version.

    Raises:
        ValueError: If the note is damaged.
    """
    path = folder / NOTE_FILE
    if not path.is_file():
        return []
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        noted = None
    if not isinstance(noted, dict):
        msg = (
            f"{path} is damaged, expected a JSON object; remove it if the fold was trained with "
            "the present plans, or else the folder"
        )
        raise ValueError(msg)
    return [name for name, value in present.items() if noted.get(name) != value]


def is_noted(folder: Path) -> bool:
    """Tells whether it is known what a fold learned with."""
    return (folder / NOTE_FILE).is_file()


def _as_read(picked: dict[str, Any]) -> dict[str, Any]:
    """As JSON gives it back: lists for tuples, text for keys."""
    read: dict[str, Any] = json.loads(json.dumps(picked))
    return read
