"""What a phantom should be like, and what is left to chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from shoulderseg.datasets.phantom.anatomy.glenoid import DEPTH_MM
from shoulderseg.datasets.phantom.scanner.protocol import PLANES, SEQUENCES
from shoulderseg.datasets.phantom.scanner.relaxation import check_field
from shoulderseg.datasets.phantom.scanner.signals import check_sequence_at_field

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.scanner.protocol import Plane, Sequence

Health = Literal["healthy", "mixed", "instability", "arthrosis", "cuff-tear"]
HEALTH: tuple[Health, ...] = get_args(Health)
# No scanner stores a finer or a larger image; coarser pixels than these show no shoulder.
SPACINGS_MM = (0.05, 50.0)
MOST_VOXELS = 2**28
MOST_COARSENED = 8.0


@dataclass(frozen=True)
class PhantomOptions:
    """What a phantom should be like; None leaves a choice to chance.

    Attributes:
        sequence: Kind of contrast, one of `SEQUENCES`.
        plane: Slice orientation, one of `PLANES`.
        side: Left or right shoulder.
        sex: Of the person, for the distributions of the dimensions.
        field_t: Field strength, 1.5 or 3 tesla, or 0.2 to 0.5 for a weak magnet.
        shape: Voxels along (Z, Y, X).
        spacing_mm: Of the voxels along (Z, Y, X).
        health: Which findings there may be: none, a mixture as in a clinic (many shoulders sound),
            or those of one disease.
        bone_loss_percent: Area of the glenoid's best-fit circle missing in front.
        random_contrast: Random intensities instead of a physical contrast; `sequence` then only
            sets noise, shading and resolution.
        raised: The arm is raised sideways or overhead, not at rest beside the trunk.
        coarsened: Times that pixels are longer in both in-plane directions than the protocol says,
            over the same field of view; from 1 on.
        whole_scapula: Label the whole scapula instead of the glenoid.
        glenoid_depth_mm: How far from the joint surface the scapula is called glenoid.

    Raises:
        ValueError: If a value is none of those that are known, a number is out of range, or the
            sequence cannot be done at the field strength.
    """

    sequence: Sequence | None = None
    plane: Plane | None = None
    side: Literal["left", "right"] | None = None
    sex: Literal["female", "male"] | None = None
    field_t: float | None = None
    shape: tuple[int, int, int] | None = None
    spacing_mm: tuple[float, float, float] | None = None
    health: Health = "mixed"
    bone_loss_percent: float | None = None
    random_contrast: bool = False
    raised: bool = False
    coarsened: float = 1.0
    whole_scapula: bool = False
    glenoid_depth_mm: float = DEPTH_MM

    def __post_init__(self) -> None:
        for name, value, known in (
            ("sequence", self.sequence, SEQUENCES),
            ("plane", self.plane, PLANES),
            ("side", self.side, ("left", "right")),
            ("sex", self.sex, ("female", "male")),
            ("health", self.health, HEALTH),
        ):
            if value is not None and value not in known:
                msg = f"{name} is {value!r}, expected one of {', '.join(map(str, known))}"
                raise ValueError(msg)
        if self.field_t is not None:
            check_field(self.field_t)
        if self.field_t is not None and self.sequence is not None:
            check_sequence_at_field(self.sequence, self.field_t)
        if self.shape is not None and not (
            np.shape(self.shape) == (3,)
            and min(self.shape) >= 1
            and math.prod(self.shape) <= MOST_VOXELS
        ):
            msg = (
                f"shape is {self.shape}, expected three numbers of voxels (Z, Y, X), 1 or more and "
                f"{MOST_VOXELS} together at most"
            )
            raise ValueError(msg)
        low, high = SPACINGS_MM
        if self.spacing_mm is not None and not (
            np.shape(self.spacing_mm) == (3,)
            and all(low <= step <= high for step in self.spacing_mm)
        ):
            msg = (
                f"spacing_mm is {self.spacing_mm}, expected three lengths (Z, Y, X) from {low:g} "
                f"to {high:g} mm"
            )
            raise ValueError(msg)
        if self.bone_loss_percent is not None and not 0 <= self.bone_loss_percent <= 35:
            msg = f"bone_loss_percent is {self.bone_loss_percent}, expected 0 to 35"
            raise ValueError(msg)
        if not 1 <= self.coarsened <= MOST_COARSENED:
            msg = f"coarsened is {self.coarsened}, expected 1 to {MOST_COARSENED}"
            raise ValueError(msg)
        if not 5 <= self.glenoid_depth_mm <= 60:
            msg = f"glenoid_depth_mm is {self.glenoid_depth_mm}, expected 5 to 60"
            raise ValueError(msg)
