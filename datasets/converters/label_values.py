"""From the values in other people's label files to those of the dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt


def lookup_table(
    label_values: Mapping[int, str], labels: Mapping[str, int]
) -> npt.NDArray[np.uint8]:
    """Gives the dataset's value for each value in the files.

    Args:
        label_values: Value in the files to structure, at least one. 0 is background.
        labels: Structure to value in the dataset.

    Returns:
        uint8, shape (largest value + 1,); values without a structure become 0.
    """
    table = np.zeros(max(label_values) + 1, dtype=np.uint8)
    for value, name in label_values.items():
        table[value] = labels[name]
    return table


def unknown_values(label_map: npt.NDArray[np.integer], known: Iterable[int]) -> str:
    """Says which values of a label map have no meaning.

    Args:
        label_map: Of any shape.
        known: Values with a meaning besides 0.

    Returns:
        A sentence; empty if all are known.
    """
    expected = sorted({0, *known})
    unknown = np.setdiff1d(label_map, expected).tolist()
    if not unknown:
        return ""
    shown = ", ".join(map(str, unknown[:10])) + (", ..." if len(unknown) > 10 else "")
    return f"unknown label values [{shown}], expected {expected}. Correct the file or the map."


def describe_missing(structures: Iterable[str]) -> str:
    """Says that structures have no voxel in a label map, and what to do."""
    return (
        f"no voxel of it is {' or '.join(structures)}. Draw what is missing, or give "
        "--allow-missing if it lies outside the image."
    )
