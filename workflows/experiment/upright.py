"""Images turned for stock nnU-Net as `predict` turns them for our networks, and label maps back.

Networks learn how slices stand. Where all training images stand as scanners store slices, ours get
every image so; nnU-Net itself takes an image as its file has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from shoulderseg.datasets.orientation import Reorientation

# How each image was turned, by its case.
Turns = dict[str, "Reorientation"]


def write_upright(images: Mapping[str, Path], folder: Path, ending: str) -> Turns:
    """Writes images in canonical orientation, under the names that nnU-Net expects.

    Args:
        images: file of each case.
        folder: where they go; is made.
        ending: of the files, one that nnU-Net's dataset has.

    Returns:
        How they were turned; `restore_label_maps` takes it.

    Raises:
        ValueError: if an image cannot be read.
        OSError: if one cannot be written.
    """
    from shoulderseg.datasets.orientation import find_reorientation, reorient
    from shoulderseg.datasets.reader import read_image
    from shoulderseg.datasets.writer import write_image

    folder.mkdir(parents=True)
    turns: Turns = {}
    for case, path in images.items():
        image = read_image(path)
        turns[case] = find_reorientation(image)
        write_image(folder / f"{case}_0000{ending}", reorient(image, turns[case]))
    return turns


def restore_label_maps(folder: Path, images: Mapping[str, Path], turns: Turns, ending: str) -> None:
    """Replaces label maps of turned images by those of the images as they are.

    Args:
        folder: of the label maps that nnU-Net predicted.
        images: as for `write_upright`.
        turns: what it gave.
        ending: of the label maps.

    Raises:
        ValueError: if a label map or image cannot be read, or they do not fit.
        OSError: if a label map is missing or cannot be written.
    """
    from shoulderseg.datasets.orientation import restore
    from shoulderseg.datasets.reader import read_image, read_label_map
    from shoulderseg.datasets.writer import write_label_map

    for case, path in images.items():
        label_map = folder / f"{case}{ending}"
        values = read_label_map(label_map).array.astype(np.uint8)
        write_label_map(label_map, restore(values, turns[case]), read_image(path))


def lies_otherwise(images: Mapping[str, Path]) -> bool:
    """Tells whether any image stands otherwise than scanners store slices.

    Args:
        images: file of each case.

    Raises:
        ValueError: if one cannot be read.
    """
    from shoulderseg.datasets.orientation import Reorientation, find_reorientation
    from shoulderseg.datasets.reader import read_image

    as_stored = Reorientation((0, 1, 2), ())
    return any(find_reorientation(read_image(path)) != as_stored for path in images.values())
