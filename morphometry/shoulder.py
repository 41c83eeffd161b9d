"""A shoulder's masks, and a measure of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoulderseg.morphometry.field_of_view import ALL_IN_VIEW, FieldOfView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

SIDES = ("left", "right")


@dataclass(frozen=True)
class Measure:
    """One measure of a shoulder.

    Attributes:
        name: One of `catalogue.DEFINITIONS` or `catalogue.REFUSED`.
        value: In its unit; None if it is refused.
        unit: mm, mm2, mm3, deg, percent, 1 or h.
        uncertainty: Half of an interval that held, in nine of ten phantoms, what
            `uncertainty.held_by` says; None where that is not known.
        refused: Why it is not given; empty where it is.
        experimental: Whether it is less sure than the others.
        note: What else to know, such as which borders of the image cut the bone.
    """

    name: str
    value: float | None
    unit: str
    uncertainty: float | None = None
    refused: str = ""
    experimental: bool = False
    note: str = ""


@dataclass(frozen=True, eq=False)
class Shoulder:
    """What is measured.

    Attributes:
        humerus: bool (Z, Y, X).
        glenoid: bool (Z, Y, X).
        affine: From the index (z, y, x) to LPS mm, (4, 4), without shear.
        side: left or right, as somebody states it; empty where nobody does.
        dice: How well each mask is likely to fit (predicted Dice of humerus and glenoid); 1 for
            one that is taken as true, None where nobody knows.
        in_view: What images show of humerus and glenoid; by default all of the masks' grid.
    """

    humerus: Mask
    glenoid: Mask
    affine: Floats
    side: str = ""
    dice: tuple[float | None, float | None] = (1.0, 1.0)
    in_view: tuple[FieldOfView, FieldOfView] = (ALL_IN_VIEW, ALL_IN_VIEW)
