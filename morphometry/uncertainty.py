"""How far a measure may be off, from the voxels and from how well the mask is likely to fit.

Two lengths say how well a bone's edge is known: a voxel's standard deviation, its mean length over
the root of 12, and how far the mask's edge is off on average where its Dice is as predicted, which
for a bone of volume V and surface S is about (1 - Dice) V / S. Each measure goes off by a multiple
of their root mean square. The multiples are what covers nine of ten further cases (split conformal
prediction), on true masks of phantoms for masks that are taken as true, and else on masks that the
default bundle made of scans of the same phantoms:

    .venv/bin/python -m benchmarks.measures --predicted 16
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.morphometry.spacing import voxel_lengths_mm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shoulderseg.morphometry.bone import Bone

# The error in nine of ten cases, in units of the measure, for a mm of how well the edge is known.
TRUE_MASKS: dict[str, float] = {
    "bone_loss_area": 16.42,
    "bone_loss_clock": 0.33,
    "bone_loss_linear": 18.82,
    "glenoid_area": 21.65,
    "glenoid_circle_diameter": 7.98,
    "glenoid_height": 1.13,
    "glenoid_surface": 143.28,
    "glenoid_track": 1.96,
    "glenoid_volume": 103.92,
    "glenoid_width": 2.14,
    "head_centre_left": 0.69,
    "head_centre_posterior": 0.16,
    "head_centre_superior": 0.31,
    "head_offset": 0.88,
    "head_offset_anterior": 0.82,
    "head_radius": 1.62,
    "head_shaft_offset": 0.57,
    "hill_sachs_depth": 10.68,
    "humerus_surface": 579.19,
    "humerus_volume": 1683.12,
    "joint_gap_median": 0.26,
    "joint_gap_minimum": 1.06,
    "neck_shaft_angle": 92.59,
    "subluxation_index": 0.02,
    "vault_retroversion": 2.33,
}
# Of nine cases or more, and of Hill-Sachs as many with a defect: fewer cannot tell what covers
# nine of ten.
PREDICTED_MASKS: dict[str, float] = {
    "glenoid_area": 193.91,
    "glenoid_height": 4.45,
    "glenoid_surface": 2178.93,
    "glenoid_volume": 8597.09,
    "head_centre_left": 2.27,
    "head_centre_posterior": 2.86,
    "head_centre_superior": 2.12,
    "head_offset": 22.0,
    "head_offset_anterior": 22.59,
    "head_radius": 2.33,
    "head_shaft_offset": 4.05,
    "humerus_surface": 6911.45,
    "humerus_volume": 30929.31,
    "joint_gap_median": 2.18,
    "joint_gap_minimum": 4.16,
    "neck_shaft_angle": 80.75,
    "subluxation_index": 0.22,
    "vault_retroversion": 9.05,
}
_HUMERUS = ("head_", "hill_sachs", "neck_", "humerus")


def edge_error_mm(bone: Bone, dice: float) -> float:
    """How well a bone's edge is known.

    Args:
        bone: Its mask.
        dice: How well it is likely to fit, 0 to 1.
    """
    voxel = min(float(np.mean(lengths)) for lengths in voxel_lengths_mm(bone)) / np.sqrt(12)
    area = float(bone.surface.areas_mm2.sum())
    off = (1 - dice) * bone.volume_mm3 / area if area else 0.0
    return float(np.hypot(voxel, off))


def told_by_humerus(name: str) -> bool:
    """Whether a measure's error comes from the humerus' edge rather than the glenoid's."""
    return name.startswith(_HUMERUS)


def uncertainty(name: str, bones: Sequence[Bone], dice: Sequence[float | None]) -> float | None:
    """Half of the interval that holds the true value in nine of ten cases.

    Args:
        name: Of a measure.
        bones: Humerus and glenoid.
        dice: How well each is likely to fit, None where nobody knows.

    Returns:
        In the measure's unit; None for a measure whose errors were not looked at, and where nobody
        knows how well the mask fits.
    """
    which = 0 if told_by_humerus(name) else 1
    fits = dice[which]
    if fits is None:
        return None
    factor = (TRUE_MASKS if fits == 1 else PREDICTED_MASKS).get(name)
    if factor is None:
        return None
    return factor * edge_error_mm(bones[which], fits)
