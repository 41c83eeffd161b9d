"""The label maps that a bundle's results are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume


def read_reference(path: Path, image: Volume, labels: Mapping[str, int]) -> Volume:
    """Reads a label map, with the bundle's values.

    Args:
        path: of the label map.
        image: on whose grid it has to be.
        labels: the bundle's value of each bone.

    Raises:
        ValueError: if it cannot be read, is on another grid or holds other values; names it.
    """
    from shoulderseg.datasets.named_labels import read_named_labels
    from shoulderseg.datasets.volume import describe_grid_difference
    from shoulderseg.workflows.scoring.label_files import describe_values, foreign_values

    reference = read_named_labels(path, {value: name for name, value in labels.items()})
    difference = describe_grid_difference(reference, image)
    if difference:
        msg = f"{path.name}: not on the grid of its image: {difference}"
        raise ValueError(msg)
    foreign = foreign_values(reference, labels)
    if foreign:
        wanted = " and ".join(f"{value}={name}" for name, value in labels.items())
        msg = (
            f"{path.name} holds {describe_values(foreign)}, expected the bundle's {wanted} "
            "alone; give label maps with these values"
        )
        raise ValueError(msg)
    return reference
