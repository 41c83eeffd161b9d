"""What of a dataset.json goes into a bundle, and what one from outside may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shoulderseg.nnunet_ext.plan_bounds import shown

# Not the lists of files that some have: names of files may be names of patients.
_KEPT = (
    *("name", "description", "reference", "licence"),
    *("channel_names", "labels", "numTraining", "file_ending"),
)
# Names of labels come into reports, file names and terminals.
_MOST_LETTERS = 64
# Label maps are of type uint8.
_MOST_VALUE = 255


def kept_description(dataset_json: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what models that are passed on keep of the description of their training data."""
    return {name: dataset_json[name] for name in _KEPT if name in dataset_json}


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
