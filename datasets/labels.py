"""What the labels of a label map are called, how they are coloured and how they are coded.

Codes are SNOMED CT as in DICOM PS3.16: Humerus and Scapula of CID 6114, Glenoid cavity of scapula
of CID 6115. The label glenoid covers some bone behind the joint surface as well, for which there is
no code of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

RGB = tuple[int, int, int]

# Of the first label, the second, and further ones.
PALETTE: tuple[RGB, ...] = ((230, 85, 13), (49, 130, 189), (49, 163, 84), (117, 107, 177))
SHOULDER_LABELS: Mapping[str, int] = {"humerus": 1, "glenoid": 2}


@dataclass(frozen=True)
class Code:
    """A concept of SNOMED CT.

    Attributes:
        value: The concept's number.
        meaning: Its name.
    """

    value: str
    meaning: str


# CID 7150 of DICOM lists the first, the terminologies of 3D Slicer the second.
CATEGORY = Code("91723000", "Anatomical Structure")
SLICER_CATEGORY = Code("123037004", "Anatomical Structure")
_KINDS = {
    "humerus": Code("85050009", "Humerus"),
    "glenoid": Code("46385009", "Glenoid cavity of scapula"),
    "scapula": Code("79601000", "Scapula"),
}


@dataclass(frozen=True)
class Label:
    """One label of a label map.

    Attributes:
        name: As in the data set it was learned from.
        value: Of its voxels, 1 to 255.
        colour: Red, green and blue, 0 to 255 each.
        kind: What it is; the category itself where the name is none of those known here.
    """

    name: str
    value: int
    colour: RGB
    kind: Code


def describe_labels(values: Mapping[str, int] = SHOULDER_LABELS) -> tuple[Label, ...]:
    """Describes the labels of a label map.

    Args:
        values: The voxel value of each name, without the background.

    Returns:
        The labels by rising value; empty if there are none.

    Raises:
        ValueError: If a value is not from 1 to 255 or stands for two names.
    """
    if len(set(values.values())) < len(values):
        msg = f"Two labels have the same value: {dict(values)}. Give each its own."
        raise ValueError(msg)
    if not all(1 <= value <= 255 for value in values.values()):
        msg = f"Label values must be 1 to 255, found {dict(values)}."
        raise ValueError(msg)
    by_value = sorted(values.items(), key=lambda item: item[1])
    return tuple(
        Label(
            name=name,
            value=value,
            colour=PALETTE[place % len(PALETTE)],
            kind=_KINDS.get(name.lower(), CATEGORY),
        )
        for place, (name, value) in enumerate(by_value)
    )


def as_hex(colour: RGB) -> str:
    """Gives a colour as `#rrggbb`.

    Example:
        >>> as_hex((255, 128, 0))
        '#ff8000'
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)
