"""What a dataset.json from outside may say of channels and labels, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shoulderseg.nnunet_ext.plan_bounds import shown

# Names of labels come into reports, file names and terminals.
_MOST_LETTERS = 64
# Label maps are of type uint8.
_MOST_VALUE = 255


def find_dataset_fault(dataset_json: Mapping[str, Any]) -> str | None:
    """Returns what no bundle's dataset.json says of its channels and labels, or None.

    Args:
        dataset_json: From a file that may come from anywhere; `foreground_labels` accepts it.
    """
    channels = dataset_json.get("channel_names", {"0": ""})
    if not isinstance(channels, dict) or len(channels) != 1:
        count = len(channels) if isinstance(channels, dict | list) else shown(channels)
        return f"channel_names has {count} entries, expected one"
    labels = dataset_json["labels"]
    for name in labels:
        if not name.strip() or not name.isprintable() or len(name) > _MOST_LETTERS:
            return (
                f"a label is called {shown(name)}, expected a name of 1 to {_MOST_LETTERS} "
                "printable characters"
            )
    values = list(labels.values())
    if not all(type(value) is int and 0 <= value <= _MOST_VALUE for value in values) or len(
        set(values)
    ) < len(values):
        return f"the labels are {shown(labels)}, expected a value of 0 to {_MOST_VALUE} for each"
    return None
