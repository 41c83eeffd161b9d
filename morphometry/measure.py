"""All measures of a shoulder from the masks of its two bones; what cannot be had says why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.morphometry.bone import take_bone
from shoulderseg.morphometry.bone_loss import find_bone_loss
from shoulderseg.morphometry.catalogue import DEFINITIONS, REFUSED, REFUSED_UNITS
from shoulderseg.morphometry.glenoid import find_face
from shoulderseg.morphometry.head import find_head, neck_shaft_angle_deg
from shoulderseg.morphometry.hill_sachs import find_hill_sachs
from shoulderseg.morphometry.joint import measure_joint
from shoulderseg.morphometry.refusal import RefusedError
from shoulderseg.morphometry.shaft import find_shaft
from shoulderseg.morphometry.spacing import MOST_SPACING_MM, spacing_along
from shoulderseg.morphometry.uncertainty import uncertainty
from shoulderseg.morphometry.vault import vault_retroversion_deg

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from shoulderseg.morphometry.bone import Bone
    from shoulderseg.morphometry.glenoid import Face
    from shoulderseg.morphometry.head import Head

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

SIDES = ("left", "right")
UNKNOWN_SIDE = "the side is unknown, and with it where the front is; state left or right"


@dataclass(frozen=True)
class Measure:
    """One measure of a shoulder.

    Attributes:
        name: One of `catalogue.DEFINITIONS` or `catalogue.REFUSED`.
        value: In its unit; None if it is refused.
        unit: mm, mm2, mm3, deg, percent, 1 or h.
        uncertainty: Half of an interval that holds the true value in nine of ten cases; None where
            that is not known.
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
            masks that are taken as true.
    """

    humerus: Mask
    glenoid: Mask
    affine: Floats
    side: str = ""
    dice: tuple[float, float] = (1.0, 1.0)


def measure_shoulder(shoulder: Shoulder) -> tuple[Measure, ...]:
    """Measures a shoulder.

    Args:
        shoulder: Its masks; an empty one refuses all that needs that bone.

    Returns:
        A measure for each name of the catalogue, in its order, then those that two bones cannot
        give.

    Raises:
        ValueError: If the masks' shapes differ, they are not 3D, or the side is none.
    """
    _check(shoulder)
    found: dict[str, float | str] = {}
    notes: dict[str, str] = {}
    humerus, glenoid = (
        take_bone(mask, shoulder.affine) for mask in (shoulder.humerus, shoulder.glenoid)
    )
    for name, bone in (("humerus", humerus), ("glenoid", glenoid)):
        _measure_volume(name, bone, found, notes)
    missing = [name for name, bone in (("humerus", humerus), ("glenoid", glenoid)) if bone is None]
    if humerus is None or glenoid is None:
        reason = f"there is no {' and no '.join(missing)}"
    else:
        reason = _measure_joint(shoulder, humerus, glenoid, found)
    given = [_given(name, found.get(name, reason), shoulder, notes) for name in DEFINITIONS]
    if humerus is not None and glenoid is not None:
        given = [_with_uncertainty(measure, shoulder, humerus, glenoid) for measure in given]
    never = [Measure(name, None, REFUSED_UNITS[name], refused=why) for name, why in REFUSED.items()]
    return (*given, *never)


def _check(shoulder: Shoulder) -> None:
    shapes = shoulder.humerus.shape, shoulder.glenoid.shape
    if shapes[0] != shapes[1] or len(shapes[0]) != 3:
        msg = f"The masks have shapes {shapes[0]} and {shapes[1]}, expected the same, (Z, Y, X)."
        raise ValueError(msg)
    if shoulder.side not in ("", *SIDES):
        msg = f"The side is {shoulder.side!r}, expected left, right or nothing."
        raise ValueError(msg)


def _measure_volume(
    name: str, bone: Bone | None, found: dict[str, float | str], notes: dict[str, str]
) -> None:
    if bone is None:
        found[f"{name}_volume"] = found[f"{name}_surface"] = f"there is no {name}"
        return
    found[f"{name}_volume"] = bone.volume_mm3
    found[f"{name}_surface"] = float(bone.surface.areas_mm2.sum())
    cut = cut_at(bone)
    if cut:
        notes[f"{name}_volume"] = notes[f"{name}_surface"] = f"cut by the image: {', '.join(cut)}"


def cut_at(bone: Bone) -> list[str]:
    """Which borders of the image a bone touches, by the nearest direction of the body."""
    words = (("right", "left"), ("anterior", "posterior"), ("inferior", "superior"))
    cut = []
    for axis, ends in enumerate(bone.on_border):
        step = bone.affine[:3, axis]
        main = int(np.abs(step).argmax())
        for touched, sign in zip(ends, (-1, 1), strict=True):
            if touched:
                cut.append(words[main][int(sign * step[main] > 0)])
    return cut


def _measure_joint(
    shoulder: Shoulder, humerus: Bone, glenoid: Bone, found: dict[str, float | str]
) -> str:
    """Measures all that needs the head; returns why it cannot be had, for what is not measured."""
    try:
        head = find_head(humerus, glenoid)
    except RefusedError as error:
        return f"head: {error}"
    found |= {
        "head_radius": head.radius_mm,
        "head_residual": head.residual_mm,
        **dict(
            zip(
                ("head_centre_left", "head_centre_posterior", "head_centre_superior"),
                head.centre_mm.tolist(),
                strict=True,
            )
        ),
    }
    found |= _tried(("neck_shaft_angle", "head_shaft_offset"), lambda: _shaft(humerus, head))
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
    shoulder: Shoulder,
    bones: tuple[Bone, Bone],
    head: Head,
    face: Face,
    found: dict[str, float | str],
) -> None:
    humerus, glenoid = bones
    joint = measure_joint(humerus, glenoid, head, face)
    high, wide = (spacing_along(glenoid, axis) for axis in (face.superior, face.anterior))
    found |= {
        "joint_gap_minimum": joint.least_gap_mm,
        "joint_gap_median": joint.median_gap_mm,
        "glenoid_height": _fine_enough(face.height_mm, high),
        "glenoid_width": _fine_enough(face.width_mm, wide),
        "glenoid_area": _fine_enough(face.area_mm2, max(high, wide)),
    }
    found |= {
        "head_offset": _fine_enough(joint.offset_mm, max(high, wide)),
        "head_offset_anterior": _fine_enough(joint.offset_anterior_mm, wide),
        "subluxation_index": _fine_enough(joint.subluxation, wide),
    }
    reason = _front(shoulder.side, face)
    if not reason and max(high, wide) > MOST_SPACING_MM:
        reason = str(_fine_enough(0.0, max(high, wide)))
    if reason:
        found |= {name: reason for name, one in DEFINITIONS.items() if one.to_front}
        return
    found |= _tried(_names("bone_loss_", "glenoid_circle", "glenoid_track"), lambda: _loss(face))
    found |= _tried(_names("hill_sachs_"), lambda: _hill_sachs(humerus, head, face))
    found |= _tried(
        ("vault_retroversion",),
        lambda: {"vault_retroversion": vault_retroversion_deg(glenoid, face)},
    )


def _names(*beginnings: str) -> tuple[str, ...]:
    return tuple(name for name in DEFINITIONS if name.startswith(beginnings))


def _front(side: str, face: Face) -> str:
    """Why nobody knows where the front is; empty if the stated side and the axes agree on it."""
    if not side:
        return UNKNOWN_SIDE
    # The glenoid looks outwards: to the left of the body (LPS x) in a left shoulder.
    seen = "left" if face.normal[0] > 0 else "right"
    if seen != side:
        return (
            f"the side is said to be {side}, but by the header's axes the glenoid looks to the "
            f"{seen}: one of them is wrong, and with it where the front is"
        )
    return ""


def _fine_enough(value: float, spacing_mm: float) -> float | str:
    if spacing_mm > MOST_SPACING_MM:
        return (
            f"slices or voxels are {spacing_mm:.1f} mm apart along it, expected at most "
            f"{MOST_SPACING_MM:g}; a finer series or an examination's fused bone gives it"
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


def _hill_sachs(humerus: Bone, head: Head, face: Face) -> dict[str, float]:
    defect = find_hill_sachs(humerus, head, face)
    return {
        "hill_sachs_depth": defect.depth_mm,
        "hill_sachs_width": defect.width_mm,
        "hill_sachs_length": defect.length_mm,
        "hill_sachs_volume": defect.volume_mm3,
        "hill_sachs_angle": defect.angle_deg,
    }


def _given(name: str, value: float | str, shoulder: Shoulder, notes: Mapping[str, str]) -> Measure:
    definition = DEFINITIONS[name]
    measure = Measure(name, None, definition.unit, experimental=definition.experimental)
    if isinstance(value, str):
        return replace(measure, refused=value)
    if not np.isfinite(value):
        return replace(measure, refused="there is nothing to measure")
    del shoulder
    return replace(measure, value=float(value), note=notes.get(name, ""))


def _with_uncertainty(
    measure: Measure, shoulder: Shoulder, humerus: Bone, glenoid: Bone
) -> Measure:
    if measure.value is None:
        return measure
    known = uncertainty(measure.name, (humerus, glenoid), shoulder.dice)
    return replace(measure, uncertainty=known)
