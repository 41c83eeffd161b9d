"""All measures that need the head, and those that need the glenoid's face too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.morphometry.bone_loss import find_bone_loss
from shoulderseg.morphometry.catalogue import DEFINITIONS
from shoulderseg.morphometry.glenoid import find_face
from shoulderseg.morphometry.head import find_head, neck_shaft_angle_deg
from shoulderseg.morphometry.hill_sachs import find_hill_sachs
from shoulderseg.morphometry.joint import measure_joint
from shoulderseg.morphometry.refusal import RefusedError, told
from shoulderseg.morphometry.shaft import find_shaft
from shoulderseg.morphometry.spacing import MOST_SPACING_MM, coarsest_mm
from shoulderseg.morphometry.vault import MOST_DEPTH_MM, depth_mm, vault_retroversion_deg
from shoulderseg.morphometry.vectors import distances_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shoulderseg.morphometry.bone import Bone
    from shoulderseg.morphometry.found import Found
    from shoulderseg.morphometry.glenoid import Face
    from shoulderseg.morphometry.head import Head
    from shoulderseg.morphometry.shoulder import Shoulder

_LOSS = tuple(
    name
    for name in DEFINITIONS
    if name.startswith(("bone_loss_", "glenoid_circle_", "glenoid_track"))
)
_DEFECT = tuple(name for name in DEFINITIONS if name.startswith("hill_sachs_"))
_VAULT = ("vault_retroversion",)
# Bones of one joint lie no farther apart.
MOST_APART_MM = 15.0
# Cosines: of the glenoid's long axis to the body's, and of its normal to the side.
LEAST_UPRIGHT, LEAST_OUTWARDS = 0.7, 0.2
_FEWEST = 50
_CENTRE = ("head_centre_left", "head_centre_posterior", "head_centre_superior")
# Of a defect that reaches the edge of the joint surface.
_GOES_ON = tuple(f"hill_sachs_{what}" for what in ("width", "length", "volume", "angle"))
GOES_ON = (
    "of the defect on the joint surface and a few mm beyond its edge, where it passes into the "
    "neck: the whole may be larger"
)
# The shaft is what lies farther from the head; it may lead upwards so far, as a sine.
_SHAFT_MM, MOST_UPWARDS = 12.0, 0.5
UNKNOWN_SIDE = "the side is unknown, and with it where the front is; state left or right"


def measure_joint_of(shoulder: Shoulder, humerus: Bone, glenoid: Bone, found: Found) -> str:
    """Measures all that needs the head.

    Args:
        shoulder: What is measured.
        humerus: Its humerus.
        glenoid: Its glenoid.
        found: Gets the measures.

    Returns:
        Why the others, that are not in it, cannot be had; empty if there are none.
    """
    apart = distances_to(humerus.surface.points_mm, glenoid.surface.points_mm).min(initial=np.inf)
    if np.isfinite(apart) and apart > MOST_APART_MM:
        return (
            f"the bones lie {told(apart, MOST_APART_MM)} mm apart, expected at most "
            f"{MOST_APART_MM:g}: they are not of one joint"
        )
    try:
        head = find_head(humerus, glenoid)
    except RefusedError as error:
        return f"head: {error}"
    found.values.update(head_radius=head.radius_mm, head_residual=head.residual_mm)
    found.values.update(zip(_CENTRE, head.centre_mm.tolist(), strict=True))
    found.along.update((name, (way,)) for name, way in zip(_CENTRE, np.eye(3), strict=True))
    found.values.update(
        _tried(("neck_shaft_angle", "head_shaft_offset"), lambda: _shaft(humerus, head))
    )
    try:
        face = find_face(glenoid, head)
        if face.cut:
            msg = "the image's border cuts the face"
            raise RefusedError(msg)
    except RefusedError as error:
        return f"glenoid: {error}"
    _measure_face(shoulder, (humerus, glenoid), head, face, found)
    return ""


def _shaft(humerus: Bone, head: Head) -> dict[str, float]:
    shaft = find_shaft(humerus, head)
    return {
        "neck_shaft_angle": neck_shaft_angle_deg(head, shaft.up),
        "head_shaft_offset": shaft.offset_mm,
    }


def _measure_face(
    shoulder: Shoulder, bones: tuple[Bone, Bone], head: Head, face: Face, found: Found
) -> None:
    humerus, glenoid = bones
    _note_depth(glenoid, face, found)
    _measure_lengths(bones, head, face, found)
    reason = _front(shoulder.side, face) or _upside_down(humerus, head)
    if reason:
        found.refuse(tuple(name for name, one in DEFINITIONS.items() if one.to_front), reason)
        return
    # The plane of the face, and with it all of these, depends on all three directions.
    axes = (face.superior, face.anterior, face.normal)
    coarse = _fine_enough(0.0, coarsest_mm(glenoid, axes))
    if isinstance(coarse, str):
        found.refuse((*_LOSS, *_VAULT), coarse)
    else:
        found.values.update(_tried(_LOSS, lambda: _loss(face)))
        found.values.update(
            _tried(_VAULT, lambda: {"vault_retroversion": vault_retroversion_deg(glenoid, face)})
        )
    coarse = _fine_enough(0.0, coarsest_mm(humerus, axes))
    if isinstance(coarse, str):
        found.refuse(_DEFECT, coarse)
    else:
        found.values.update(_tried(_DEFECT, lambda: _hill_sachs(humerus, head, face, found.notes)))


def _note_depth(glenoid: Bone, face: Face, found: Found) -> None:
    depth = depth_mm(glenoid, face)
    if depth <= MOST_DEPTH_MM:
        return
    said = (
        f"of more of the scapula than the glenoid: the mask reaches {depth:.0f} mm behind the face"
    )
    for name in ("glenoid_volume", "glenoid_surface"):
        found.notes[name] = "; ".join(filter(None, (found.notes.get(name, ""), said)))


def _measure_lengths(bones: tuple[Bone, Bone], head: Head, face: Face, found: Found) -> None:
    """Measures the face, and how the head stands to it."""
    joint = measure_joint(*bones, head, face)
    high, wide, across = (face.superior,), (face.anterior,), (face.normal,)
    both, glenoid = bones, bones[1:]
    for name, value, deciding, along in (
        ("joint_gap_minimum", joint.least_gap_mm, both, across),
        ("joint_gap_median", joint.median_gap_mm, both, across),
        ("glenoid_height", face.height_mm, glenoid, high),
        ("glenoid_width", face.width_mm, glenoid, wide),
        ("glenoid_area", face.area_mm2, glenoid, high + wide),
        ("head_offset", joint.offset_mm, both, high + wide),
        ("head_offset_anterior", joint.offset_anterior_mm, both, wide),
        ("subluxation_index", joint.subluxation, both, wide),
    ):
        spacing = max(coarsest_mm(bone, along) for bone in deciding)
        found.values[name] = _fine_enough(value, spacing)
        found.along[name] = along


def _front(side: str, face: Face) -> str:
    """Why nobody knows where the front is; empty if the stated side and the axes agree on it."""
    if not side:
        return UNKNOWN_SIDE
    upright, outwards = float(face.superior[2]), abs(float(face.normal[0]))
    if upright < LEAST_UPRIGHT or outwards < LEAST_OUTWARDS:
        return (
            f"by the header's axes the glenoid's long axis stands {_tilt(upright):.0f} degrees off "
            f"the body's and its face looks {_tilt(outwards):.0f} degrees off to the side, "
            f"expected at most {_tilt(LEAST_UPRIGHT):.0f} and {_tilt(LEAST_OUTWARDS):.0f}: the "
            "axes are wrong, and with them where the front is"
        )
    # The glenoid looks outwards: to the left of the body (LPS x) in a left shoulder.
    seen = "left" if face.normal[0] > 0 else "right"
    if seen != side:
        return (
            f"the side is said to be {side}, but by the header's axes the glenoid looks to the "
            f"{seen}: one of them is wrong, and with it where the front is"
        )
    return ""


def _upside_down(humerus: Bone, head: Head) -> str:
    """Why the axes cannot be right where the shaft leads upwards; empty where it does not."""
    off = humerus.surface.points_mm - head.centre_mm
    far = np.linalg.norm(off, axis=1) > head.radius_mm + _SHAFT_MM
    if np.count_nonzero(far) < _FEWEST:
        return ""
    middle = off[far].mean(axis=0)
    if middle[2] <= MOST_UPWARDS * np.linalg.norm(middle):
        return ""
    return (
        "by the header's axes the shaft leads upwards from the head: the axes are upside down, or "
        "the arm is raised, and nobody knows where the front is"
    )


def _tilt(cosine: float) -> float:
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _fine_enough(value: float, spacing_mm: float) -> float | str:
    if spacing_mm > MOST_SPACING_MM:
        return (
            f"slices or voxels are {told(spacing_mm, MOST_SPACING_MM)} mm apart along it, expected "
            f"at most {MOST_SPACING_MM:g}; a finer series or an examination's fused bone gives it"
        )
    return value


def _tried(
    names: tuple[str, ...], measure: Callable[[], Mapping[str, float]]
) -> dict[str, float | str]:
    try:
        return dict(measure())
    except RefusedError as error:
        return dict.fromkeys(names, str(error))


def _loss(face: Face) -> dict[str, float]:
    loss = find_bone_loss(face)
    return {
        "bone_loss_linear": loss.linear_percent,
        "bone_loss_area": loss.area_percent,
        "bone_loss_clock": loss.clock,
        "glenoid_circle_diameter": loss.diameter_mm,
        "glenoid_track": 0.83 * loss.diameter_mm - loss.missing_mm,
    }


def _hill_sachs(humerus: Bone, head: Head, face: Face, notes: dict[str, str]) -> dict[str, float]:
    defect = find_hill_sachs(humerus, head, face)
    if defect.goes_on:
        notes.update(dict.fromkeys(_GOES_ON, GOES_ON))
    return {
        "hill_sachs_depth": defect.depth_mm,
        "hill_sachs_width": defect.width_mm,
        "hill_sachs_length": defect.length_mm,
        "hill_sachs_volume": defect.volume_mm3,
        "hill_sachs_angle": defect.angle_deg,
    }
