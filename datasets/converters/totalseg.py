"""The public TotalSegmentator datasets, one case for each shoulder that they show.

Layout, the same for MRI and CT:

    SOURCE/s0001/mri.nii.gz                          or ct.nii.gz
    SOURCE/s0001/segmentations/humerus_left.nii.gz   one mask a structure: 0 and above 0

Structures are told by file name: their numbers differ between the releases and tools. A mask that
is missing or empty means that the structure is not in the image. `meta.csv` is not needed. It names
no patients, so each folder counts as one; few people were scanned more than once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.converters.crop import box_around, cropped
from shoulderseg.datasets.converters.glenoid_cut import DEPTH_MM, cut_glenoid
from shoulderseg.datasets.converters.joint import find_joint, places_mm
from shoulderseg.datasets.converters.patient_folders import list_folders
from shoulderseg.datasets.converters.source import (
    Labelled,
    NothingToTakeError,
    Rejected,
    SourceCase,
    reason_of,
)
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.unfetched import NOT_FETCHED, is_unfetched
from shoulderseg.datasets.volume import describe_grid_difference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shoulderseg.datasets.converters.joint import Mask, Side
    from shoulderseg.datasets.converters.totalseg_releases import Release
    from shoulderseg.datasets.volume import Volume

SIDES: tuple[Side, ...] = ("left", "right")
HUMERUS, GLENOID = 1, 2
_BONES = ("humerus", "scapula")
_MASKS = "segmentations"


@dataclass(frozen=True)
class ShoulderChoice:
    """Which shoulders are taken, and how much around them.

    Attributes:
        glenoid_mm: As `depth_mm` of `cut_glenoid`.
        margin_mm: Around the humeral head and the glenoid.
        least_voxels: How many voxels humerus and scapula must have, each.

    Raises:
        ValueError: If a number is out of range.
    """

    glenoid_mm: float = DEPTH_MM
    margin_mm: float = 40.0
    least_voxels: int = 500

    def __post_init__(self) -> None:
        if not (5 <= self.glenoid_mm <= 100 and 0 <= self.margin_mm <= 500):
            msg = (
                f"Glenoid depth is {self.glenoid_mm} mm and margin {self.margin_mm} mm, expected "
                "5 to 100 mm and 0 to 500 mm."
            )
            raise ValueError(msg)
        if self.least_voxels < 1:
            msg = f"Least number of voxels is {self.least_voxels}, expected 1 or more."
            raise ValueError(msg)


def totalseg_settings(release: Release, choice: ShoulderChoice) -> dict[str, Any]:
    """Gives all that the cases depend on besides their files, for JSON."""
    return {
        "converter": release.image_name,
        "glenoid_mm": choice.glenoid_mm,
        "margin_mm": choice.margin_mm,
        "least_voxels": choice.least_voxels,
    }


def totalseg_cases(
    source: Path, release: Release, choice: ShoulderChoice
) -> Iterator[SourceCase | Rejected]:
    """Lists the shoulders of a TotalSegmentator dataset, the left before the right of each folder.

    Args:
        source: Folder with the folders `s0001`, `s0002`, ...
        release: Which dataset it is.
        choice: Which shoulders are taken.

    Returns:
        A candidate for each side of each folder with an image and masks, named `s0001_left`; a
        rejection for each other folder.

    Raises:
        FileNotFoundError: If no folder in `source` is like that.
        OSError: If `source` cannot be read.
    """
    folders = list_folders(source)
    if not any(_has_masks(folder) for folder in folders):
        msg = (
            f"{source.name}: no folder in it holds a folder `segmentations`. Expected "
            f"s0001/{release.image_name} and s0001/segmentations/humerus_left.nii.gz; give the "
            "folder that holds s0001."
        )
        raise FileNotFoundError(msg)
    return _candidates(folders, release, choice)


def _candidates(
    folders: list[Path], release: Release, choice: ShoulderChoice
) -> Iterator[SourceCase | Rejected]:
    for folder in folders:
        image = folder / release.image_name
        unfetched = [path for path in (folder, image, folder / _MASKS) if is_unfetched(path)]
        if unfetched:
            reason = f"{unfetched[0].name}: {NOT_FETCHED}"
            yield Rejected(folder.name, folder.name, reason)
            continue
        try:
            lacking = [] if image.is_file() else [release.image_name]
            lacking += [] if (folder / _MASKS).is_dir() else [_MASKS]
        except OSError as error:
            yield Rejected(folder.name, folder.name, reason_of(error))
            continue
        if lacking:
            verb = "are" if len(lacking) > 1 else "is"
            reason = f"{' and '.join(lacking)} {verb} missing. Unpack the folder again."
            yield Rejected(folder.name, folder.name, reason)
            continue
        for side in SIDES:
            masks = [folder / _MASKS / f"{bone}_{side}.nii.gz" for bone in _BONES]
            yield SourceCase(
                name=f"{folder.name}_{side}",
                patient=folder.name,
                source=f"{folder.name} {side}",
                files=(image, *masks),
                load=partial(_load, image, masks, side, choice),
            )


def _has_masks(folder: Path) -> bool:
    try:
        return (folder / _MASKS).is_dir()
    except OSError:
        # It is told of with the others.
        return True


def _load(image_file: Path, masks: list[Path], side: Side, choice: ShoulderChoice) -> Labelled:
    """Reads one shoulder; the masks first, since most images show none."""
    humerus, scapula = (_read_mask(mask, choice.least_voxels) for mask in masks)
    difference = describe_grid_difference(humerus, scapula)
    if difference:
        msg = f"{masks[0].name}: grid differs from {masks[1].name}. {difference}."
        raise ValueError(msg)
    joint = find_joint(humerus.array, scapula.array, humerus, side)
    glenoid = cut_glenoid(scapula.array, joint, humerus, choice.glenoid_mm)
    image = read_image(image_file)
    difference = describe_grid_difference(humerus, image)
    if difference:
        msg = f"{masks[0].name}: grid differs from its image. {difference}."
        raise ValueError(msg)
    bone = places_mm(humerus.array, humerus)
    head = bone[np.linalg.norm(bone - joint.centre, axis=1) <= joint.radius_mm]
    around = np.concatenate([head, places_mm(glenoid, humerus)])
    box = box_around(around, image, choice.margin_mm)
    label_map = np.where(glenoid[box], GLENOID, 0).astype(np.uint8)
    label_map[humerus.array[box]] = HUMERUS
    return Labelled(cropped(image, box), label_map)


def _read_mask(path: Path, least_voxels: int) -> Volume:
    if is_unfetched(path):
        msg = f"{path.name}: {NOT_FETCHED}"
        raise ValueError(msg)
    if not path.exists():
        msg = f"{path.name} is missing; the structure is not in the image."
        raise NothingToTakeError(msg)
    volume = read_label_map(path)
    mask: Mask = volume.array > 0
    count = int(np.count_nonzero(mask))
    if count < least_voxels:
        msg = f"{path.name} has {count} voxels, expected {least_voxels} or more."
        raise NothingToTakeError(msg)
    return replace(volume, array=mask)
