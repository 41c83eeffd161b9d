"""Which outputs of a stock model are humerus and glenoid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shoulderseg.nnunet_ext.plan_bounds import shown
from shoulderseg.nnunet_ext.regions import BACKGROUND, IGNORE
from shoulderseg.nnunet_ext.variants import FIRST, SECOND

_EXPECTED = f"expected {BACKGROUND} 0 and one label each for {FIRST} and {SECOND}"


def check_one_channel(dataset_json: Mapping[str, Any]) -> None:
    """Refuses a model that sees several images at once.

    Raises:
        ValueError: If it has several channels, or says nothing of them.
    """
    # Older versions of nnU-Net call them modalities.
    channels = dataset_json.get("channel_names", dataset_json.get("modality"))
    if not isinstance(channels, dict | list) or len(channels) != 1:
        count = len(channels) if isinstance(channels, dict | list) else "no list of"
        msg = f"dataset.json has {count} channels, expected one: shoulders are seen in one image"
        raise ValueError(msg)


def bone_labels(dataset_json: Mapping[str, Any]) -> dict[str, int]:
    """Names and values of the two bones, the humerus first.

    The values of plain labels are the numbers of the network's outputs.

    Args:
        dataset_json: nnU-Net's, from anywhere.

    Returns:
        Two entries, called as the dataset calls them, such as `{"Humerus": 2, "Glenoid": 1}`.

    Raises:
        ValueError: If the labels are others; says which were found.
    """
    labels = dataset_json.get("labels")
    if not isinstance(labels, dict) or not all(isinstance(name, str) for name in labels):
        msg = f"dataset.json has no labels; {_EXPECTED}"
        raise ValueError(msg)
    if dataset_json.get("regions_class_order") or any(
        isinstance(value, list) for value in labels.values()
    ):
        msg = f"the model was trained on regions, found {shown(labels)}; {_EXPECTED}"
        raise ValueError(msg)
    if IGNORE in labels:
        msg = f"the model has an ignore label, found {shown(labels)}; {_EXPECTED}"
        raise ValueError(msg)
    names = {name.strip().casefold(): name for name in labels}
    if set(names) != {BACKGROUND, FIRST, SECOND} or len(names) != len(labels):
        msg = f"found the labels {shown(list(labels))}; {_EXPECTED}"
        raise ValueError(msg)
    bones = {names[bone]: labels[names[bone]] for bone in (FIRST, SECOND)}
    every = [labels[names[BACKGROUND]], *bones.values()]
    if not all(type(value) is int for value in every) or (
        every[0] != 0 or sorted(every) != [0, 1, 2]
    ):
        msg = f"found the labels {shown(labels)}; nnU-Net numbers three classes 0, 1 and 2"
        raise ValueError(msg)
    return bones
