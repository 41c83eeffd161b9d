"""Reading of the label maps that are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume

# A label map of the whole body has some 120 labels, an image of 8 bits up to 256 values.
MOST_LABELS = 200
_SHOWN = 10


def read_compared(files: Sequence[Path], labels: Mapping[str, int]) -> Volume:
    """Reads one label map, and sees that its copies in other formats are the same.

    Args:
        files: the label map in one or more formats, at least one.
        labels: value of each structure that is compared. Where a header names its segments, the
            names count.

    Raises:
        ValueError: if a file cannot be read, is an image, or two of them differ; names the file.
    """
    from shoulderseg.datasets.named_labels import read_named_labels
    from shoulderseg.datasets.volume import same_grid

    values = {value: name for name, value in labels.items()}
    first = read_named_labels(files[0], values)
    for file in files[1:]:
        other = read_named_labels(file, values)
        if not same_grid(other, first) or not np.array_equal(other.array, first.array):
            msg = (
                f"{file.name} and {files[0].name} have the same case name and differ; remove one, "
                "or give the file itself"
            )
            raise ValueError(msg)
    count = np.count_nonzero(np.bincount(first.array.ravel()))
    if count > MOST_LABELS:
        msg = f"{files[0].name} has {count} different values; is it an image? Give label maps."
        raise ValueError(msg)
    return first


def foreign_values(label_map: Volume, labels: Mapping[str, int]) -> frozenset[int]:
    """Gives the values of a label map that are none of those compared, without the background."""
    present = set(np.unique(label_map.array).tolist())
    return frozenset(present - {0, *labels.values()})


def check_comparable(path: Path, label_map: Volume, labels: Mapping[str, int]) -> None:
    """Sees that a label map that holds labels holds one that is compared.

    Raises:
        ValueError: if all of its labels are foreign; names the file. A label map without any label
            is right: nothing was found, or nothing is there.
    """
    foreign = foreign_values(label_map, labels)
    if foreign and not np.isin(label_map.array, list(labels.values())).any():
        wanted = " or ".join(f"{value}={name}" for name, value in labels.items())
        msg = (
            f"{path.name} holds {describe_values(foreign)} and none of {wanted}, so nothing can "
            "be compared; say with --map which value is what"
        )
        raise ValueError(msg)


def describe_values(values: frozenset[int]) -> str:
    """Says which values, the first ten of them."""
    shown = ", ".join(map(str, sorted(values)[:_SHOWN])) + (", ..." if len(values) > _SHOWN else "")
    return f"label {shown}" if len(values) == 1 else f"labels {shown}"
