"""How far a measure may be off, from the voxels and from how well the mask is likely to fit.

Two lengths say how well a bone's edge is known: a voxel's standard deviation, its mean length over
the root of 12, and how far the mask's edge is off on average where its Dice is as predicted, which
for a bone of volume V and surface S is about (1 - Dice) V / S. Each measure goes off by a multiple
of their root mean square. The multiples are the ninetieth percentiles of what was seen on the true
masks of 60 phantoms; no predicted masks are among them yet:

    .venv/bin/python -m benchmarks.measures --predicted 0
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shoulderseg.morphometry.bone import Bone

# The error in nine of ten cases, in units of the measure, for a mm of how well the edge is known.
FACTORS: dict[str, float] = {
    "bone_loss_area": 16.9,
    "bone_loss_linear": 18.24,
    "glenoid_circle_diameter": 8.07,
    "glenoid_height": 1.71,
    "glenoid_track": 1.69,
    "glenoid_width": 2.14,
    "head_radius": 2.28,
    "hill_sachs_depth": 5.07,
    "neck_shaft_angle": 95.96,
}
_HUMERUS = ("head_", "hill_sachs", "neck_", "humerus")


def edge_error_mm(bone: Bone, dice: float) -> float:
    """How well a bone's edge is known.

    Args:
        bone: Its mask.
        dice: How well it is likely to fit, 0 to 1.
    """
    voxel = float(np.mean(bone.spacing_mm)) / np.sqrt(12)
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
    factor = FACTORS.get(name)
    which = 0 if told_by_humerus(name) else 1
    fits = dice[which]
    if factor is None or fits is None:
        return None
    return factor * edge_error_mm(bones[which], fits)
