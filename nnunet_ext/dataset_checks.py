"""Whether a dataset is one that the three U-Nets can learn from, before any time is spent on it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from shoulderseg.nnunet_ext.folders import PREPROCESSED, RAW
from shoulderseg.nnunet_ext.regions import foreground_labels

DATASET_FILE = "dataset.json"
_NEEDED = ("channel_names", "labels", "file_ending")


def read_dataset_json(name: str) -> dict[str, Any] | None:
    """Reads the description of a dataset, the raw one or else the preprocessed one.

    Args:
        name: Full dataset name.

    Returns:
        The description; None if there is none, which nnU-Net itself tells.

    Raises:
        ValueError: If it is no JSON object, or lacks what nnU-Net needs.
    """
    # A training needs no raw dataset.
    for variable in (RAW, PREPROCESSED):
        path = Path(os.environ.get(variable) or ".") / name / DATASET_FILE
        if not os.environ.get(variable) or not path.is_file():
            continue
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            content = None
        if not isinstance(content, dict) or any(key not in content for key in _NEEDED):
            msg = f"{path} is damaged; expected a JSON object with {', '.join(_NEEDED)}"
            raise ValueError(msg)
        return content
    return None


def check_trainable(name: str) -> None:
    """Refuses a dataset that `export` or a trainer would refuse later.

    Args:
        name: Full dataset name.

    Raises:
        ValueError: If it has several channels, an ignore label, regions, not two foreground labels,
            or the glenoid before the humerus; says what to do.
    """
    described = read_dataset_json(name)
    if described is None:
        return
    channels = described["channel_names"]
    if len(channels) != 1:
        listed = ", ".join(map(str, channels.values() if isinstance(channels, dict) else channels))
        msg = (
            f"{name} has {len(channels)} channels ({listed}), and the U-Nets, the vote and the "
            "edge refiner take one image; make a dataset of one of them"
        )
        raise ValueError(msg)
    try:
        bones = [name.casefold() for name in foreground_labels(described)]
    except (ValueError, AttributeError, TypeError) as error:
        msg = f"{name}: {error}"
        raise ValueError(msg) from None
    if bones == ["glenoid", "humerus"]:
        msg = (
            f"{name} names the glenoid before the humerus, and the first bone is taken for the "
            "humerus: put humerus first among the labels of dataset.json; the values may stay"
        )
        raise ValueError(msg)
