"""Draws the bones that the series of an examination agree on, on one fine grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.workflows.examination.bones import bone_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.morphometry.field_of_view import FieldOfView
    from shoulderseg.refine.examination.align import Motion
    from shoulderseg.refine.examination.consensus import Consensus
    from shoulderseg.refine.examination.field import Field
    from shoulderseg.refine.examination.member import Member

    Floats = NDArray[np.float64]

# Voxels of the label map, and how far beyond the bones it reaches.
BONES_MM = 0.5
_MARGIN_MM = 3.0
# So far from a bone's surface it is looked up whether a series shows a place.
_NEAR_MM = 2.0


class _Part(NamedTuple):
    """A bone to draw, how it lay in the reference series, and the series that vote on it."""

    bone: Field
    motion: Motion
    used: Sequence[Member]


def draw_bones(
    both: tuple[Consensus, Consensus], heads: Sequence[Floats | None], values: Sequence[int]
) -> tuple[Volume, tuple[FieldOfView, FieldOfView]] | tuple[None, None]:
    """Draws both bones where the humerus' reference series has them.

    Args:
        both: humerus and glenoid.
        heads: the head's centre in each series, from `joint_centres`.
        values: the voxel value of each bone.

    Returns:
        A label map, uint8, isotropic, and what series show of humerus and glenoid on its voxels;
        None twice where there is nothing of either.
    """
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.morphometry.field_of_view import ALL_IN_VIEW, FieldOfView
    from shoulderseg.refine.examination.field import grid_shape

    k = drawn_in(both)
    parts = [_part(one, other, heads, k) for one, other in (both, both[::-1])]
    placed = [part.motion.apply(part.bone.places_inside()) for part in parts if part]
    if not placed:
        return None, None
    every = np.concatenate(placed)
    first, last = every.min(axis=0) - _MARGIN_MM, every.max(axis=0) + _MARGIN_MM
    label_map = np.zeros(grid_shape(first, last, BONES_MM), np.uint8)
    in_view = [ALL_IN_VIEW, ALL_IN_VIEW]
    # The humerus last, as where both claim a voxel it is the humerus'.
    for number in (1, 0):
        part = parts[number]
        if part:
            seen = _draw(part, values[number], label_map, first)
            in_view[number] = FieldOfView(seen, tuple(_steps(part, one) for one in part.used))
    x, y, z = first.tolist()
    axes = tuple(np.eye(3).ravel().tolist())
    labels = Volume(label_map, (BONES_MM, BONES_MM, BONES_MM), (x, y, z), axes)
    return labels, (in_view[0], in_view[1])


def drawn_in(both: tuple[Consensus, Consensus]) -> int:
    """Number of the series in whose place both bones are drawn; -1 without a bone."""
    return next((one.reference for one in both if one.bone is not None), -1)


def _part(one: Consensus, other: Consensus, heads: Sequence[Floats | None], k: int) -> _Part | None:
    if one.bone is None or not (one.bone.distance_mm < 0).any():
        return None
    motion = bone_motion(one, other, heads, k)
    used = [member for member in one.members if not member.reason]
    return None if motion is None else _Part(one.bone, motion, used)


def _draw(
    part: _Part, value: int, label_map: NDArray[np.uint8], first_mm: Floats
) -> NDArray[np.bool_]:
    """Writes a bone into the label map, as far as a series shows it; which voxels one shows."""
    from shoulderseg.refine.examination.member import shown

    seen = np.ones(label_map.shape, np.bool_)
    step = np.concatenate([np.zeros((1, 3)), BONES_MM * np.eye(3)[[1, 0]]])
    for z, row in enumerate(label_map):
        corner = first_mm + np.array([0, 0, z * BONES_MM])
        frame = part.motion.undo(corner + step)
        distance = part.bone.on_plane(frame[0], frame[1:] - frame[0], row.shape)
        y, x = np.nonzero(distance < _NEAR_MM)
        places = corner + BONES_MM * np.column_stack([x, y, np.zeros(len(x))])
        seen[z, y, x] = shown(part.used, part.motion.undo(places))
        row[(distance < 0) & seen[z]] = value
    return seen


def _steps(part: _Part, member: Member) -> Floats:
    """Steps from voxel to voxel of a series, as the bone lies in the label map, (3, 3)."""
    ends = np.vstack([np.zeros(3), member.slices.steps_mm.T])
    moved = ends if member.motion is None else part.motion.apply(member.motion.undo(ends))
    steps: Floats = (moved[1:] - moved[0]).T
    return steps
