"""nnU-Net's classes that read images, and those among them that read as this package does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shoulderseg.nnunet_ext.plan_bounds import shown

# Their arrays are in the order of the file, with its distances. `NibabelIOWithReorient` turns
# images first; `NaturalImage2DIO` and `Tiff3DIO` take pixels of 1 mm.
READERS = ("NibabelIO", "SimpleITKIO")
# What these two read, and nothing of this package does.
_PICTURES = (".png", ".bmp", ".tif", ".tiff")
IN_PLANS, IN_DATASET = "image_reader_writer", "overwrite_image_reader_writer"


def find_plans_reader_fault(plans: Mapping[str, Any]) -> str | None:
    """Returns what reader plans name that reads images otherwise than this package, or None.

    Args:
        plans: nnU-Net's, from anywhere; those that name no reader pass.
    """
    reader = plans.get(IN_PLANS, READERS[0])
    if reader in READERS:
        return None
    return (
        f"names the image reader {shown(reader)} ({IN_PLANS}), expected {' or '.join(READERS)}: "
        "the training images lay, or were measured, otherwise than this package reads images"
    )


def find_dataset_reader_fault(described: Mapping[str, Any]) -> str | None:
    """Returns why nnU-Net would read a dataset otherwise than this package, or None.

    Args:
        described: A dataset.json; nnU-Net goes by the ending where it names no reader.
    """
    ending = str(described.get("file_ending", ""))
    if ending.casefold() in _PICTURES:
        return (
            f"has files that end in {shown(ending)}, which no command but `convert slices` reads, "
            "and which tell no distances in mm; make a dataset of NIfTI files of them with "
            "`shoulderseg convert slices`"
        )
    reader = described.get(IN_DATASET)
    # nnU-Net writes the word for none.
    if reader in (None, "None", *READERS):
        return None
    return (
        f"has its images read by {shown(reader)} ({IN_DATASET} in its dataset.json), expected "
        f"{' or '.join(READERS)}: other readers may turn images, and `predict` reads them as they "
        "are stored; remove this entry, remove the dataset's folder in nnUNet_preprocessed, and "
        "plan and train it anew"
    )
