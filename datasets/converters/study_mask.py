"""Masks that lie beside a DICOM series as NRRD, NIfTI or MetaImage."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.files import image_suffix
from shoulderseg.datasets.meta_file import voxel_file
from shoulderseg.datasets.named_labels import mentions
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.segment_names import read_segment_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from shoulderseg.datasets.converters.structures import Structures
    from shoulderseg.datasets.volume import Volume

MASK_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")


def is_mask_file(path: Path) -> bool:
    """Tells by its name whether a file may be a mask."""
    return image_suffix(path) in MASK_SUFFIXES


def mask_files(path: Path) -> tuple[Path, ...]:
    """Gives all files of a mask: itself, and for MetaImage the file with its voxels, if any."""
    voxels = voxel_file(path) if image_suffix(path) in (".mha", ".mhd") else None
    return (path,) if voxels is None else (path, voxels)


@dataclass(frozen=True)
class Drawing:
    """A mask as its file holds it.

    Attributes:
        stem: Name of the file without its suffix.
        volume: The values of the file, not yet those of the dataset.
        names: Value to name, where values have names.
    """

    stem: str
    volume: Volume
    names: Mapping[int, str]


def read_mask_file(path: Path, structures: Structures) -> Volume:
    """Reads a mask and translates its values to those of the dataset.

    Args:
        path: The file.
        structures: What names and values mean.

    Returns:
        As `translated`.

    Raises:
        NothingToTakeError: As `translated`.
        ValueError: As `read_drawing` and `translated`.
    """
    return translated(read_drawing(path), structures)


def read_drawing(path: Path) -> Drawing:
    """Reads a mask whatever its values mean.

    Args:
        path: The file. If its header names segments, the names count.

    Returns:
        The mask.

    Raises:
        ValueError: If it is damaged. The message does not name the file.
    """
    try:
        with _unlogged():
            volume = read_label_map(path)
        names = read_segment_names(path)
    except UnreadableVolumeError as error:
        # The name of a mask may be a patient's, and so may that of its voxels.
        reason = error.reason
        for file in mask_files(path):
            reason = reason.replace(f"file {file.name} is", "file is")
        raise ValueError(reason) from None
    return Drawing(path.name[: -len(image_suffix(path))], volume, names)


def translated(drawing: Drawing, structures: Structures) -> Volume:
    """Translates the values of a mask to those of the dataset.

    Args:
        drawing: The mask. Names of segments count if one of them has a meaning. A mask of a single
            value in a file called as one of the structures is that structure. Otherwise the values
            count.
        structures: What names and values mean.

    Returns:
        The mask as it lies in the file, uint8, (Z, Y, X).

    Raises:
        NothingToTakeError: If it shows none of the structures.
        ValueError: If a label has no meaning. The message does not name the file.
    """
    volume, names = drawing.volume, drawing.names
    present = [int(value) for value in np.unique(volume.array) if value]
    # A number in place of a name says nothing.
    called = not drawing.stem.isdecimal() and structures.value_of(drawing.stem) is not None
    if len(present) == 1 and not names and called:
        names = {present[0]: drawing.stem}
    if all(structures.value_of(name) is None for name in names.values()):
        # Names of another convention: the values count, as in a file without names.
        _refuse_contradiction(names, present, structures)
        names = {}
    meant = structures.values_of({value: names.get(value, str(value)) for value in present})
    table = np.zeros(max(present) + 1, np.uint8)
    for value, number in meant.items():
        table[value] = number
    return replace(volume, array=table[volume.array])


def _refuse_contradiction(
    names: Mapping[int, str], present: list[int], structures: Structures
) -> None:
    for value in present:
        number = structures.value_of(str(value))
        mentioned = mentions(names.get(value, ""), structures.labels)
        if number is not None and mentioned and structures.name_of(number) not in mentioned:
            msg = (
                f"its header calls value {value} {structures.quoted(names[value])}, and the map "
                f"says {structures.name_of(number)}. Say with --map what that name is."
            )
            raise ValueError(msg)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keeps the reader from logging doubts about a place: they name the file, and grids decide."""
    logger = logging.getLogger("shoulderseg.datasets.reader")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
