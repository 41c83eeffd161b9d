"""All measures of a shoulder from the masks of its two bones; what cannot be had says why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.morphometry.bone import take_bone
from shoulderseg.morphometry.catalogue import DEFINITIONS, REFUSED
from shoulderseg.morphometry.flat_ends import image_box
from shoulderseg.morphometry.found import Found
from shoulderseg.morphometry.joint_measures import measure_joint_of
from shoulderseg.morphometry.shoulder import SIDES, Measure, Shoulder
from shoulderseg.morphometry.uncertainty import uncertainty

if TYPE_CHECKING:
    from shoulderseg.morphometry.bone import Bone

# Seen on the default bundle's masks of phantoms: for each bone which measures, and what to know.
_FILLED = (
    (
        ("hill_sachs_",),
        "of a predicted mask, which may have filled a defect: 0 does not say that there is none",
    ),
    (
        ("bone_loss_", "glenoid_track", "glenoid_circle_diameter"),
        "of a predicted mask, which may have filled what is missing: the loss may be far larger",
    ),
)


def measure_shoulder(shoulder: Shoulder) -> tuple[Measure, ...]:
    """Measures a shoulder.

    Args:
        shoulder: Its masks; an empty one refuses all that needs that bone.

    Returns:
        A measure for each name of the catalogue, in its order, then those that two bones cannot
        give.

    Raises:
        ValueError: If the masks' shapes differ, they are not 3D, the affine is none, or the side.
    """
    _check(shoulder)
    found = Found()
    bones = _bones(shoulder)
    humerus, glenoid = bones
    for name, bone in (("humerus", humerus), ("glenoid", glenoid)):
        _measure_volume(name, bone, found)
    missing = [name for name, bone in (("humerus", humerus), ("glenoid", glenoid)) if bone is None]
    if humerus is None or glenoid is None:
        reason = f"there is no {' and no '.join(missing)}"
    else:
        reason = measure_joint_of(shoulder, humerus, glenoid, found)
    for (names, filled), dice in zip(_FILLED, shoulder.dice, strict=True):
        for name in (name for name in DEFINITIONS if name.startswith(names) and dice != 1):
            said = found.notes.get(name)
            found.notes[name] = f"{filled}; {said}" if said else filled
    given = [_given(name, found, reason) for name in DEFINITIONS]
    sure = [_with_uncertainty(measure, shoulder, bones, found) for measure in given]
    never = [Measure(name, None, unit, refused=why) for name, (unit, why) in REFUSED.items()]
    return (*sure, *never)


def _bones(shoulder: Shoulder) -> tuple[Bone | None, Bone | None]:
    """Humerus and glenoid; None for an empty mask."""
    view, glenoid_view = shoulder.in_view
    humerus = take_bone(shoulder.humerus, shoulder.affine, view)
    image = None
    # Of fused bones is known where images end, and slices make flat ends on their fine voxels.
    if humerus is not None and not view.steps_mm and shoulder.glenoid.any():
        axes = _along_joint(shoulder)
        image = image_box(humerus, shoulder.affine, shoulder.humerus.shape, axes)
    if image is not None:
        humerus = take_bone(shoulder.humerus, shoulder.affine, view, image)
    return humerus, take_bone(shoulder.glenoid, shoulder.affine, glenoid_view, image)


def _along_joint(shoulder: Shoulder) -> tuple[int, ...]:
    """The axes but the one that leads most from bone to bone: a worn head may be flat there."""
    apart = np.subtract(
        *(np.argwhere(mask).mean(axis=0) for mask in (shoulder.humerus, shoulder.glenoid))
    )
    across = int(np.abs(apart * np.linalg.norm(shoulder.affine[:3, :3], axis=0)).argmax())
    return tuple(axis for axis in range(3) if axis != across)


def _check(shoulder: Shoulder) -> None:
    shapes = shoulder.humerus.shape, shoulder.glenoid.shape
    if shapes[0] != shapes[1] or len(shapes[0]) != 3:
        msg = f"The masks have shapes {shapes[0]} and {shapes[1]}, expected the same, (Z, Y, X)."
        raise ValueError(msg)
    for in_view in shoulder.in_view:
        if in_view.seen is not None and in_view.seen.shape != shapes[0]:
            msg = f"What is seen has shape {in_view.seen.shape}, expected the masks' {shapes[0]}."
            raise ValueError(msg)
    if not np.isfinite(shoulder.affine).all() or not np.linalg.det(shoulder.affine[:3, :3]):
        msg = f"The affine is {shoulder.affine.tolist()}, expected finite axes that span space."
        raise ValueError(msg)
    for dice in shoulder.dice:
        if dice is not None and not 0 <= dice <= 1:
            msg = f"A Dice is {dice}, expected 0 to 1, or None where nobody knows it."
            raise ValueError(msg)
    if shoulder.side not in ("", *SIDES):
        msg = f"The side is {shoulder.side!r}, expected left, right or nothing."
        raise ValueError(msg)


def _measure_volume(name: str, bone: Bone | None, found: Found) -> None:
    volume, surface = f"{name}_volume", f"{name}_surface"
    if bone is None:
        found.refuse((volume, surface), f"there is no {name}")
        return
    found.values[volume] = bone.volume_mm3
    area = float(bone.surface.areas_mm2.sum())
    found.values[surface] = area or "a single slice or row of voxels has no surface"
    cut = cut_at(bone)
    said = [f"cut by the image: {', '.join(cut)}"] if cut else []
    if bone.left_out:
        rest = bone.left_out * bone.spacing_mm.prod()
        said.append(f"the largest piece; {rest:.0f} mm3 in smaller ones are left out")
    found.notes[volume] = found.notes[surface] = "; ".join(said)


def cut_at(bone: Bone) -> list[str]:
    """Which borders of the image cut a bone, by the nearest direction of the body."""
    words = (("right", "left"), ("anterior", "posterior"), ("inferior", "superior"))
    cut = []
    for axis, ends in enumerate(bone.cut_ends):
        step = bone.affine[:3, axis]
        main = int(np.abs(step).argmax())
        for touched, sign in zip(ends, (-1, 1), strict=True):
            if touched:
                cut.append(words[main][int(sign * step[main] > 0)])
    return cut


def _given(name: str, found: Found, reason: str) -> Measure:
    definition, value = DEFINITIONS[name], found.values.get(name, reason)
    measure = Measure(name, None, definition.unit, experimental=definition.experimental)
    if isinstance(value, str):
        return replace(measure, refused=value)
    if not np.isfinite(value):
        return replace(measure, refused="there is nothing to measure")
    return replace(measure, value=float(value), note=found.notes.get(name, ""))


def _with_uncertainty(
    measure: Measure, shoulder: Shoulder, bones: tuple[Bone | None, Bone | None], found: Found
) -> Measure:
    if measure.value is None:
        return measure
    along = found.along.get(measure.name, ())
    return replace(measure, uncertainty=uncertainty(measure.name, bones, shoulder.dice, along))
