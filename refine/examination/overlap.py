"""How far a bone in one series is that of the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.refine.examination.member import shown
from shoulderseg.refine.examination.samples import REACH_MM, index_box, to_index, to_mm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.refine.examination.align import Motion
    from shoulderseg.refine.examination.field import Field
    from shoulderseg.refine.examination.member import Member
    from shoulderseg.refine.examination.samples import BoneSlices


def overlap(
    slices: BoneSlices, motion: Motion, bone: Field, others: Sequence[Member] = ()
) -> tuple[float, float]:
    """Compares a bone in a series with that of others, where these have slices.

    Args:
        slices: The series.
        motion: From the bone's place to the series.
        bone: The bone of the others.
        others: Those; none for the whole series.

    Returns:
        Dice, and the volume in the series over that of the others, in all that both show; 0 where
        neither has any.
    """
    asked = (slices.distance_mm < REACH_MM / 2) | _box_of(slices, motion, bone)
    index = np.argwhere(asked & slices.shown)
    places = motion.undo(to_mm(slices.affine, index.astype(np.float64)))
    own = slices.probability[tuple(index.T)] > 0.5
    theirs = bone.at(places) < 0
    if others:
        seen = shown(others, places)
        own, theirs = own & seen, theirs & seen
    mine, wanted = float(np.count_nonzero(own)), float(np.count_nonzero(theirs))
    # A part of a bone does not fit the better for being small.
    wanted += _beyond(slices, motion, bone, others)
    if not mine + wanted:
        return 0.0, 0.0
    return 2 * int(np.count_nonzero(own & theirs)) / (mine + wanted), mine / max(wanted, 1.0)


def _box_of(slices: BoneSlices, motion: Motion, bone: Field) -> NDArray[np.bool_]:
    """Voxels of the series in the box that the bone's grid takes up there."""
    box = np.zeros(slices.probability.shape, np.bool_)
    box[index_box(slices.affine, motion.apply(bone.corners()), box.shape)] = True
    return box


def _beyond(
    slices: BoneSlices, motion: Motion, bone: Field, others: Sequence[Member] = ()
) -> float:
    """Bone of the others that the series shows farther from its own, in voxels of the series."""
    places = bone.places_inside()
    there = motion.apply(places)
    index = to_index(slices.affine, there)[:, 1:]
    kept = ((index >= -0.5) & (index <= np.array(slices.shown.shape[1:]) - 0.5)).all(axis=1)
    away = ~kept & slices.shows(there)
    if others:
        away[away] = shown(others, places[away])
    volume = abs(float(np.linalg.det(slices.affine[:3, :3])))
    return int(np.count_nonzero(away)) * bone.step_mm**3 / volume
