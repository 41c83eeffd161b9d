"""How far a measure may be off, from the voxels and from how well the mask is likely to fit.

Two lengths say how well a bone's edge is known: a voxel's standard deviation, its length along what
is measured over the root of 12, and how far the mask's edge is off on average where its Dice is as
predicted, which for a bone of volume V and surface S is about (1 - Dice) V / S. Each measure goes
off by a multiple of their root mean square; where both bones decide it, that of the one whose edge
is known worse. The multiples are what covers nine of ten further cases (split conformal
prediction), on true masks of phantoms for masks that are taken as true, and else on masks that the
default bundle made of scans of the same phantoms, all on voxels of 1 mm in every direction:

    .venv/bin/python -m benchmarks.measures
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.morphometry.spacing import coarsest_mm, finest_mm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shoulderseg.morphometry.bone import Bone

    Floats = NDArray[np.float64]

# The error in nine of ten cases, in units of the measure, for a mm of how well the edge is known.
TRUE_MASKS: dict[str, float] = {
    "bone_loss_area": 19.48,
    "bone_loss_clock": 0.13,
    "bone_loss_linear": 18.6,
    "glenoid_area": 19.05,
    "glenoid_circle_diameter": 7.53,
    "glenoid_height": 1.13,
    "glenoid_surface": 129.7,
    "glenoid_track": 1.99,
    "glenoid_volume": 103.49,
    # Of phantoms of before, since fewer than nine of these have a whole width.
    "glenoid_width": 2.14,
    "head_centre_left": 0.32,
    "head_centre_posterior": 0.14,
    "head_centre_superior": 0.17,
    "head_offset": 0.98,
    "head_offset_anterior": 1.06,
    "head_radius": 1.62,
    "head_shaft_offset": 0.31,
    "hill_sachs_angle": 8.76,
    "hill_sachs_depth": 6.12,
    "hill_sachs_length": 7.68,
    "hill_sachs_volume": 528.46,
    "hill_sachs_width": 8.72,
    "humerus_surface": 562.94,
    "humerus_volume": 578.94,
    "joint_gap_median": 0.2,
    "joint_gap_minimum": 1.13,
    "neck_shaft_angle": 92.59,
    "subluxation_index": 0.02,
    "vault_retroversion": 2.13,
}
# Not what the bundle fills, bone loss and Hill-Sachs defects: it may be off by more than any
# interval about what is left would say.
PREDICTED_MASKS: dict[str, float] = {
    "glenoid_area": 210.99,
    "glenoid_height": 2.49,
    "glenoid_surface": 1230.7,
    "glenoid_volume": 4455.51,
    "head_centre_left": 2.28,
    "head_centre_posterior": 1.85,
    "head_centre_superior": 2.57,
    "head_offset": 2.98,
    "head_offset_anterior": 4.95,
    "head_radius": 2.07,
    "head_shaft_offset": 2.82,
    "humerus_surface": 3963.75,
    "humerus_volume": 16738.06,
    "joint_gap_median": 0.75,
    "joint_gap_minimum": 2.6,
    "neck_shaft_angle": 54.39,
    "subluxation_index": 0.06,
    "vault_retroversion": 9.99,
}
# What the phantom itself states, so that a fault of the method shows in the factor on true masks.
# All others tell how far a measure is off from the same measure on a better mask of the bone.
STATED = frozenset(
    {
        "bone_loss_area",
        "bone_loss_linear",
        "glenoid_circle_diameter",
        "glenoid_height",
        "glenoid_track",
        "glenoid_width",
        "head_radius",
        "hill_sachs_depth",
        "neck_shaft_angle",
    }
)
_HUMERUS = ("head_", "hill_sachs", "neck_", "humerus")
_BOTH = ("head_offset", "joint_gap", "subluxation")
# Lengths between two ends. On slices an end may lie anywhere in a voxel, which no neighbour makes
# up for: the sum of two such errors is within this part of it in nine of ten cases (1 - sqrt(0.1)).
_TWO_ENDS, _WITHIN = ("glenoid_height", "glenoid_width", "joint_gap"), 0.684
# The factors come from such voxels; what finer ones gain was not looked at.
CALIBRATED_MM = 1.0
# Voxels so much longer than wide are not those that the factors come from. On them what has no
# direction was found to be off by more than the factors say.
MOST_UNLIKE = 1.5
_NO_DIRECTION = frozenset(
    {"glenoid_area", "glenoid_surface", "glenoid_volume", "humerus_surface", "humerus_volume"}
)


def edge_error_mm(bone: Bone, dice: float, along: Sequence[Floats] = ()) -> float:
    """How well a bone's edge is known.

    Args:
        bone: Its mask.
        dice: How well it is likely to fit, 0 to 1.
        along: Directions that count, unit vectors (3,); none for all.
    """
    voxel = max(coarsest_mm(bone, along), CALIBRATED_MM) / np.sqrt(12)
    area = float(bone.surface.areas_mm2.sum())
    off = (1 - dice) * bone.volume_mm3 / area if area else 0.0
    return float(np.hypot(voxel, off))


def told_by_humerus(name: str) -> bool:
    """Whether a measure is one of the humerus rather than of the glenoid."""
    return name.startswith(_HUMERUS)


def deciding(name: str) -> tuple[int, ...]:
    """Which bones' edges decide how far a measure is off: 0 for the humerus, 1 for the glenoid."""
    if name.startswith(_BOTH):
        return 0, 1
    return (0,) if told_by_humerus(name) else (1,)


def worst_edge_mm(
    name: str,
    bones: Sequence[Bone | None],
    dice: Sequence[float | None],
    along: Sequence[Floats] = (),
) -> float | None:
    """How well the edge is known that is known worst of those that decide a measure.

    Args:
        name: Of the measure.
        bones: Humerus and glenoid, None for one that is missing.
        dice: How well each is likely to fit, None where nobody knows.
        along: As for `edge_error_mm`.

    Returns:
        None where that is not known of one of them.
    """
    edges = []
    for which in deciding(name):
        bone, fits = bones[which], dice[which]
        if bone is None or fits is None:
            return None
        edges.append(edge_error_mm(bone, fits, along))
    return max(edges)


def uncertainty(
    name: str,
    bones: Sequence[Bone | None],
    dice: Sequence[float | None],
    along: Sequence[Floats] = (),
) -> float | None:
    """Half of the interval that holds the value in nine of ten cases.

    Args:
        name: Of a measure.
        bones: Humerus and glenoid, None for one that is missing.
        dice: How well each is likely to fit, None where nobody knows.
        along: Directions it is measured along, unit vectors (3,); none for all.

    Returns:
        In the measure's unit; None for a measure whose errors were not looked at, where nobody
        knows how well the mask fits, and for volumes, areas and surfaces on slices.
    """
    edge = worst_edge_mm(name, bones, dice, along)
    true = all(dice[which] == 1 for which in deciding(name))
    factor = (TRUE_MASKS if true else PREDICTED_MASKS).get(name)
    if edge is None or factor is None:
        return None
    deciders = [bone for which in deciding(name) if (bone := bones[which]) is not None]
    sliced = any(are_slices(coarsest_mm(bone), finest_mm(bone)) for bone in deciders)
    if sliced and name in _NO_DIRECTION:
        return None
    known = factor * edge
    if sliced and name.startswith(_TWO_ENDS):
        known = max(known, _WITHIN * max(coarsest_mm(bone, along) for bone in deciders))
    return known


def are_slices(longest_mm: float, shortest_mm: float) -> bool:
    """Whether voxels with such sides are unlike those that the factors come from."""
    return longest_mm > MOST_UNLIKE * max(shortest_mm, CALIBRATED_MM)


def held_by(name: str) -> str:
    """What the interval of a measure was seen to hold in nine of ten phantoms."""
    if name in STATED:
        return "the true value, which the phantom states"
    return (
        "what the same measure gives on a better mask (of half the voxels' length, or true instead "
        "of predicted), so that no error of the method itself shows"
    )
