"""Folders of 2D slices with masks, one folder a patient, stacked to volumes.

Layout, either of the two:

    SOURCE/PATIENT/images/slice1.png      SOURCE/PATIENT/slice1.png
    SOURCE/PATIENT/masks/slice1.png       SOURCE/PATIENT/slice1_mask.png
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.converters.label_values import lookup_table, unknown_values
from shoulderseg.datasets.converters.patient_folders import loose_files, patient_folders
from shoulderseg.datasets.converters.slice_file import SLICE_SUFFIXES, read_mask, read_slice
from shoulderseg.datasets.converters.slice_names import pair_slices
from shoulderseg.datasets.converters.slice_places import Placement, plane_of
from shoulderseg.datasets.converters.source import (
    Labelled,
    Rejected,
    SourceCase,
    reason_of,
    source_name,
)
from shoulderseg.datasets.unfetched import NOT_FETCHED, is_unfetched
from shoulderseg.datasets.volume import Volume, describe_grid_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from shoulderseg.datasets.converters.slice_names import SlicePair

_AXES = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class SliceStack:
    """How slices become a case.

    Attributes:
        spacing_mm: From slice to slice, from row to row, and from column to column (Z, Y, X).
        label_values: Value in the masks to structure. 0 is background.
        labels: Structure to value in the dataset.
        keep_source_names: Name cases' sources by their folders instead of hashes.

    Raises:
        ValueError: If a spacing is not between 0.01 and 100 mm.
    """

    spacing_mm: tuple[float, float, float]
    label_values: Mapping[int, str]
    labels: Mapping[str, int]
    keep_source_names: bool = False

    def __post_init__(self) -> None:
        if not all(0.01 <= step <= 100 for step in self.spacing_mm):
            msg = f"Spacing is {self.spacing_mm} mm (Z, Y, X), expected 0.01 to 100 mm each."
            raise ValueError(msg)


def slices_settings(stack: SliceStack) -> dict[str, Any]:
    """Gives all that the cases depend on besides their files, for JSON."""
    return {
        "converter": "slices",
        "spacing_mm": list(stack.spacing_mm),
        "values": sorted(stack.label_values.items()),
    }


def slice_cases(source: Path, stack: SliceStack) -> Iterator[SourceCase | Rejected]:
    """Lists the patients of a folder of slices.

    Cases are called `p001`, `p002`, ... in natural order of the folders: a folder may be called
    after its patient.

    Args:
        source: Folder with one folder a patient.
        stack: How the slices become cases.

    Returns:
        A candidate for each folder, or a rejection if its files do not pair up or cannot be listed.

    Raises:
        FileNotFoundError: If there is no such folder, or no folder in it.
        OSError: If the folder cannot be read.
    """
    patients = _candidates(source, patient_folders(source), stack)
    return chain(loose_files(source, lambda file: file.suffix.lower() in SLICE_SUFFIXES), patients)


def _candidates(
    source: Path, folders: list[Path], stack: SliceStack
) -> Iterator[SourceCase | Rejected]:
    for number, folder in enumerate(folders, start=1):
        name = f"p{number:03d}"
        told = source_name(folder, source, keep=stack.keep_source_names)
        if is_unfetched(folder):
            yield Rejected(name, told, NOT_FETCHED)
            continue
        try:
            pairs = pair_slices(folder)
        except (ValueError, OSError) as error:
            yield Rejected(name, told, reason_of(error))
            continue
        files = tuple(file for pair in pairs for file in pair)
        load = partial(_load, pairs, stack)
        yield SourceCase(name=name, patient=name, source=told, files=files, load=load)


def _load(pairs: list[SlicePair], stack: SliceStack) -> Labelled:
    images: list[npt.NDArray[np.float32]] = []
    masks: list[npt.NDArray[np.uint16]] = []
    places: list[Volume | None] = []
    for image_file, mask_file in pairs:
        image, place = read_slice(image_file)
        mask, mask_place = read_mask(mask_file)
        expected = images[0].shape if images else image.shape
        for file, shape in ((image_file, image.shape), (mask_file, mask.shape)):
            if shape != expected:
                msg = (
                    f"{file.name}: it has {shape[0]} x {shape[1]} pixels (rows x columns), "
                    f"expected {expected[0]} x {expected[1]} as in {pairs[0].image.name}."
                )
                raise ValueError(msg)
        _check_place(mask_file, mask_place, place)
        unknown = unknown_values(mask, stack.label_values)
        if unknown:
            msg = f"{mask_file.name}: {unknown}"
            raise ValueError(msg)
        images.append(image)
        masks.append(mask)
        places.append(place)
    placement = plane_of([pair.image.name for pair in pairs], places, stack.spacing_mm)
    return _stacked(np.stack(images), np.stack(masks), placement, stack)


def _check_place(mask_file: Path, mask: Volume | None, image: Volume | None) -> None:
    """Refuses a mask that says itself that it lies elsewhere than the image it is called like."""
    if mask is None or image is None or _states_no_place(mask, image):
        return
    difference = describe_grid_difference(mask, image)
    if difference:
        msg = (
            f"{mask_file.name}: it lies elsewhere than the image of this name. {difference}. Give "
            "each mask the name of the slice it was drawn on."
        )
        raise ValueError(msg)


def _states_no_place(mask: Volume, image: Volume) -> bool:
    """Tells whether the place of a mask is only what programs write for an array without one.

    It is the origin, pixels of 1 mm and the axes of the scanner. A series of such slices is
    counted in mm from the origin upwards.
    """
    if not _is_default(mask):
        return False
    return not any(mask.origin_mm) or not _is_default(image)


def _is_default(slice_: Volume) -> bool:
    return (
        slice_.spacing_mm[1:] == (1.0, 1.0)
        and slice_.direction == _AXES
        and slice_.origin_mm[:2] == (0.0, 0.0)
    )


def _stacked(
    image: npt.NDArray[np.float32],
    mask: npt.NDArray[np.uint16],
    placement: Placement,
    stack: SliceStack,
) -> Labelled:
    if image.min() == image.max():
        msg = f"its slices have no contrast: every pixel is {float(image.flat[0]):g}."
        raise ValueError(msg)
    if placement.reverse:
        image, mask = image[::-1].copy(), mask[::-1].copy()
    volume = Volume(image, placement.spacing_mm, placement.origin_mm, placement.direction)
    return Labelled(volume, lookup_table(stack.label_values, stack.labels)[mask])
