"""Whether a dataset is one that the three U-Nets can learn from, before any time is spent on it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shoulderseg.nnunet_ext.folders import PREPROCESSED, RAW
from shoulderseg.nnunet_ext.image_readers import (
    find_dataset_reader_fault,
    find_plans_reader_fault,
)
from shoulderseg.nnunet_ext.plan_bounds import shown
from shoulderseg.nnunet_ext.plans import DEFAULT_PLANS, SMALL_PLANS
from shoulderseg.nnunet_ext.regions import BACKGROUND, foreground_labels

DATASET_FILE = "dataset.json"
NEEDED = ("channel_names", "labels", "file_ending")


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
    return _read(RAW, name) or _read(PREPROCESSED, name)


def _read(variable: str, name: str) -> dict[str, Any] | None:
    path = Path(os.environ.get(variable) or ".") / name / DATASET_FILE
    if not os.environ.get(variable) or not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict) or any(key not in content for key in NEEDED):
        msg = f"{path} is damaged; expected a JSON object with {', '.join(NEEDED)}"
        raise ValueError(msg)
    return content


def check_copy(name: str) -> None:
    """Refuses labels that are not those which were preprocessed, and images read by another reader.

    Trainers go by the copy beside the preprocessed images, as it was when these were made.

    Args:
        name: Full dataset name, of a dataset that is taken as it is preprocessed.

    Raises:
        ValueError: If both descriptions are there and differ in their labels or in their order, or
            the images were preprocessed by a reader that this package does not read as.
    """
    _check_planned_reader(name)
    raw, copied = _read(RAW, name), _read(PREPROCESSED, name)
    if raw is None or copied is None or _items(raw) == _items(copied):
        return
    paths = [Path(os.environ[variable]) / name / DATASET_FILE for variable in (RAW, PREPROCESSED)]
    msg = (
        f"{paths[0]} and {paths[1]} differ in their labels or in the order of these, and the "
        f"trainers go by the second. Remove {paths[1].parent}, plan the dataset anew, and remove "
        f"U-Nets that were trained before: the folders of {name} in nnUNet_results"
    )
    raise ValueError(msg)


def _check_planned_reader(name: str) -> None:
    """The entry in dataset.json may have been removed since the images were preprocessed."""
    folder = Path(os.environ.get(PREPROCESSED) or ".") / name
    for path in (folder / f"{plans}.json" for plans in (DEFAULT_PLANS, SMALL_PLANS)):
        if not path.is_file():
            continue
        try:
            plans = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            plans = None
        fault = (
            find_plans_reader_fault(plans)
            if isinstance(plans, dict)
            else "is damaged, expected a JSON object"
        )
        if fault is not None:
            msg = f"{path} {fault}. Remove {folder}, and plan and train the dataset anew"
            raise ValueError(msg)


def _items(described: dict[str, Any]) -> list[tuple[str, Any]]:
    labels = described["labels"]
    return list(labels.items()) if isinstance(labels, dict) else [("labels", labels)]


def check_trainable(name: str) -> None:
    """Refuses a dataset that `export` or a trainer would refuse later.

    Args:
        name: Full dataset name.

    Raises:
        ValueError: If it has several channels, an ignore label, regions, not two foreground labels,
            the glenoid before the humerus, or images that nnU-Net reads otherwise than this
            package does; says what to do.
    """
    described = read_dataset_json(name)
    if described is not None:
        check_description(name, described)


def check_description(name: str, described: dict[str, Any]) -> None:
    """Does what `check_trainable` does with a description that was read.

    Args:
        name: Full dataset name.
        described: Its dataset.json, with `channel_names` and `labels`.

    Raises:
        ValueError: See `check_trainable`.
    """
    channels = described["channel_names"]
    if not isinstance(channels, dict | list):
        msg = f"{name} has the channel_names {shown(channels)}, expected an object of one entry"
        raise ValueError(msg)
    if len(channels) != 1:
        listed = ", ".join(map(str, channels.values() if isinstance(channels, dict) else channels))
        msg = (
            f"{name} has {len(channels)} channels ({listed}), and the U-Nets, the vote and the "
            "edge refiner take one image; make a dataset of one of them"
        )
        raise ValueError(msg)
    try:
        foreground_labels(described)
    except (ValueError, AttributeError, TypeError) as error:
        msg = f"{name}: {error}"
        raise ValueError(msg) from None
    check_order(name, described["labels"])
    check_reader(name, described)


def check_consecutive(name: str, described: Mapping[str, Any]) -> None:
    """Refuses labels with gaps, at which nnU-Net stops when it checks a dataset before planning.

    Args:
        name: Full dataset name.
        described: Its dataset.json, with labels that `check_description` lets pass.

    Raises:
        ValueError: If the two bones are not 1 and 2; says what to do.
    """
    labels = described["labels"]
    if sorted({0, *labels.values()}) != [0, 1, 2]:
        msg = (
            f"{name} has the labels {shown(labels)}, and nnU-Net takes values without gaps alone; "
            "number the bones 1 and 2 in dataset.json and in the label maps"
        )
        raise ValueError(msg)


def check_reader(name: str, described: Mapping[str, Any]) -> None:
    """Refuses a dataset whose images nnU-Net would read otherwise than this package does.

    Args:
        name: Full dataset name.
        described: Its dataset.json.

    Raises:
        ValueError: If it would; says what to do.
    """
    fault = find_dataset_reader_fault(described)
    if fault is not None:
        msg = f"{name} {fault}"
        raise ValueError(msg)


def check_order(name: str, labels: Iterable[str]) -> None:
    """Refuses labels that name the glenoid first: the first bone is taken for the humerus.

    Args:
        name: Full dataset name.
        labels: Their names in the order of the dataset.json.

    Raises:
        ValueError: If they do.
    """
    if [label.casefold() for label in labels if label != BACKGROUND] == ["glenoid", "humerus"]:
        msg = (
            f"{name} names the glenoid before the humerus, and the first bone is taken for the "
            "humerus: put humerus first among the labels of its dataset.json in nnUNet_raw and "
            "nnUNet_preprocessed, and remove U-Nets that were trained before; the values may stay"
        )
        raise ValueError(msg)
