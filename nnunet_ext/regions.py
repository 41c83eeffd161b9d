"""Which labels of a two-part dataset each of the three U-Nets learns."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from shoulderseg.nnunet_ext.plan_bounds import shown

BACKGROUND = "background"
IGNORE = "ignore"


def foreground_labels(dataset_json: dict[str, Any]) -> dict[str, int]:
    """Names and values of the two foreground labels, in the order of the dataset.json.

    Args:
        dataset_json: nnU-Net's dataset description with plain integer labels.

    Returns:
        Two entries, for a shoulder `{"humerus": 1, "glenoid": 2}`.

    Raises:
        ValueError: If the dataset has an ignore label, regions, or not exactly two
            foreground labels.
    """
    labels = dataset_json["labels"]
    if IGNORE in labels:
        msg = "the shoulder trainers do not support an ignore label; remove it from dataset.json"
        raise ValueError(msg)
    foreground = {name: value for name, value in labels.items() if name != BACKGROUND}
    if not all(isinstance(value, int) for value in foreground.values()):
        msg = f"expected plain integer labels in dataset.json, found regions: {shown(labels)}"
        raise ValueError(msg)
    if len(foreground) != 2:
        msg = (
            "the shoulder trainers need exactly two foreground labels (humerus, glenoid), "
            f"found {len(foreground)} in dataset.json: {shown(labels)}"
        )
        raise ValueError(msg)
    return foreground


def region_dataset_json(dataset_json: dict[str, Any], *regions: tuple[int, ...]) -> dict[str, Any]:
    """Describes the same dataset as regions, each made of some of its foreground labels.

    nnU-Net then trains one sigmoid output on each region, while the label maps on disk keep
    their values.

    Args:
        dataset_json: nnU-Net's dataset description with two plain foreground labels.
        regions: Of each, positions among the foreground labels: `(0,)`, `(1,)` or `(0, 1)`. One
            that is part of another comes after it.

    Returns:
        A changed copy; the input is left alone.

    Raises:
        ValueError: If the labels are not those of a two-part dataset.
    """
    foreground = foreground_labels(dataset_json)
    described = deepcopy(dataset_json)
    described["labels"] = {BACKGROUND: 0}
    described["regions_class_order"] = []
    for parts in regions:
        names = [list(foreground)[part] for part in parts]
        values = [foreground[name] for name in names]
        # nnU-Net takes a one-element list for a plain label, so a single label is named twice.
        described["labels"]["+".join(names)] = values if len(values) > 1 else values * 2
        # Predictions are written with these values, a later region over an earlier one; nnU-Net's
        # validation compares them with the original label maps. Where a region of both bones is
        # the first of several, what no other claims counts for its first bone there.
        described["regions_class_order"].append(values[0])
    return described
