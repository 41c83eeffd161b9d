"""Masks that lie beside a DICOM series as NRRD, NIfTI or MetaImage, and where they fit."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.files import image_suffix
from shoulderseg.datasets.orientation import Turn, stand
from shoulderseg.datasets.plain_path import plain_path
from shoulderseg.datasets.quiet import quiet
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.volume import Volume, describe_grid_difference, same_grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from shoulderseg.datasets.converters.structures import Structures

MASK_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
# Far below a pixel; above what rounding in headers makes of the far corner.
SAME_GRID_MM = 0.1


def is_mask_file(path: Path) -> bool:
    """Tell by its name whether a file may be a mask."""
    return image_suffix(path) in MASK_SUFFIXES


def read_mask_file(path: Path, structures: Structures) -> Volume:
    """Read a mask and translate its values to those of the dataset.

    Args:
        path: The file. If its header names segments as 3D Slicer does, the names count. A mask of
            a single value in a file called as one of the structures is that structure. Otherwise
            the values count.
        structures: What names and values mean.

    Returns:
        The mask as it lies in the file, uint8, (Z, Y, X).

    Raises:
        NothingToTakeError: If it shows none of the structures.
        ValueError: If it is damaged or a label has no meaning. The message does not name the file.
    """
    try:
        with _unlogged():
            volume = read_label_map(path)
        names = _segment_names(path) if image_suffix(path) == ".nrrd" else {}
    except UnreadableVolumeError as error:
        # The name of a mask may be a patient's.
        raise ValueError(error.reason) from None
    present = [int(value) for value in np.unique(volume.array) if value]
    stem = path.name[: -len(image_suffix(path))]
    # A number in place of a name says nothing.
    called = not stem.isdecimal() and structures.value_of(stem) is not None
    if len(present) == 1 and not names and called:
        names = {present[0]: stem}
    meant = structures.values_of({value: names.get(value, str(value)) for value in present})
    table = np.zeros(max(present) + 1, np.uint8)
    for value, number in meant.items():
        table[value] = number
    return replace(volume, array=table[volume.array])


def turned_like(mask: Volume, grid: Volume) -> Volume:
    """Order and reverse the axes of a mask so that they run as those of a grid, or nearly so.

    Args:
        mask: The mask.
        grid: The grid; only its directions are looked at.

    Returns:
        The mask with every voxel in its place in the world. Nothing is resampled.
    """
    # Rows are the directions of array axes 0, 1, 2.
    alike = _axes(grid) @ _axes(mask).T
    order = max(permutations(range(3)), key=lambda chosen: _agreement(alike, chosen))
    first, second, third = order
    against = tuple(axis for axis in range(3) if alike[axis, order[axis]] < 0)
    return stand(mask, Turn((first, second, third), against))


def find_grid(mask: Volume, grids: Mapping[str, Volume]) -> str:
    """Find the one series that a mask was drawn on.

    Args:
        mask: The mask as it lies in its file.
        grids: Name of each series to its grid.

    Returns:
        The name.

    Raises:
        ValueError: If none fits, or several do.
    """
    if not grids:
        msg = "no series that can be used lies beside it. Add the series it was drawn on."
        raise ValueError(msg)
    turned = {name: turned_like(mask, grid) for name, grid in grids.items()}
    fitting = [name for name in grids if same_grid(turned[name], grids[name], SAME_GRID_MM)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        msg = (
            f"its grid fits {len(fitting)} series ({', '.join(fitting)}), expected one. Leave only "
            "the series it was drawn on, or save it as DICOM SEG, which names its series."
        )
        raise ValueError(msg)
    nearest = min(grids, key=lambda name: _distance(turned[name], grids[name]))
    differs = describe_grid_difference(turned[nearest], grids[nearest], SAME_GRID_MM)
    msg = (
        f"its grid fits no series. Nearest is {nearest}: {differs}. Save the mask on the grid of "
        "the series it was drawn on."
    )
    raise ValueError(msg)


def _axes(volume: Volume) -> npt.NDArray[np.float64]:
    return np.reshape(np.asarray(volume.direction, np.float64), (3, 3)).T[::-1]


def _agreement(alike: npt.NDArray[np.float64], order: tuple[int, ...]) -> float:
    return float(sum(abs(alike[axis, chosen]) for axis, chosen in enumerate(order)))


def _distance(mask: Volume, grid: Volume) -> tuple[Any, ...]:
    """Sorts grids of the same shape first, then by the distance of the middles."""
    gap_mm = np.linalg.norm(_middle_mm(mask) - _middle_mm(grid))
    return mask.array.shape != grid.array.shape, float(gap_mm)


def _middle_mm(volume: Volume) -> npt.NDArray[np.float64]:
    half = (np.array(volume.array.shape) - 1) / 2 * np.array(volume.spacing_mm)
    middle: npt.NDArray[np.float64] = half @ _axes(volume) + np.array(volume.origin_mm)
    return middle


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


def _segment_names(path: Path) -> dict[int, str]:
    """Value to name of each segment in a header of 3D Slicer; empty for a plain NRRD."""
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("NrrdImageIO")
    with quiet(), plain_path(path) as plain:
        reader.SetFileName(str(plain))
        try:
            reader.ReadImageInformation()
            fields = {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys()}
        except (RuntimeError, UnicodeDecodeError):
            raise UnreadableVolumeError(path, "its header cannot be read. Save it again.") from None
    names: dict[int, str] = {}
    for key, name in fields.items():
        number = re.fullmatch(r"Segment(\d+)_Name", key)
        value = fields.get(f"Segment{number[1]}_LabelValue", "") if number else ""
        if value.strip().isdecimal():
            names[int(value)] = name
    return names
