"""Reads all cases of an experiment before days of training may end without a figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume


def check_cases(
    dataset: Path, cases: Iterable[str], ending: str, labels: Mapping[str, int]
) -> None:
    """Refuses a dataset in which a case cannot be trained on, or scored.

    nnU-Net only warns where a label map lies beside its image, and the edge refiner, which comes
    after the U-Nets, refuses it.

    Args:
        dataset: folder of a raw nnU-Net dataset.
        cases: names of those to read.
        ending: of all files.
        labels: name and value of both bones.

    Raises:
        ValueError: if one cannot be read; see `read_pair`.
    """
    for case in sorted(cases):
        image = dataset / "imagesTr" / f"{case}_0000{ending}"
        read_pair(image, dataset / "labelsTr" / f"{case}{ending}", labels)


def read_pair(image: Path, label_map: Path, labels: Mapping[str, int]) -> tuple[Volume, Volume]:
    """Reads an image and its label map.

    Args:
        image: its file.
        label_map: that of its label map.
        labels: name and value of both bones.

    Returns:
        Both, on the same grid.

    Raises:
        ValueError: if one of them cannot be read, they lie on different grids, or the label map
            has other values than 0 and the labels.
    """
    from shoulderseg.datasets.reader import read_image, read_label_map
    from shoulderseg.datasets.volume import describe_grid_difference

    seen, drawn = read_image(image), read_label_map(label_map)
    difference = describe_grid_difference(drawn, seen)
    if difference:
        msg = (
            f"{label_map} does not lie on the grid of its image ({difference}); give both the same "
            "header, or convert the case again"
        )
        raise ValueError(msg)
    foreign = sorted(set(np.unique(drawn.array).tolist()) - {0, *labels.values()})
    if foreign:
        msg = (
            f"{label_map} has the values {foreign[:5]}, which are no labels; expected 0 and "
            f"{', '.join(map(str, labels.values()))}"
        )
        raise ValueError(msg)
    return seen, drawn
