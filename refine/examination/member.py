"""A series as one of an examination, and what several of them make of a bone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from shoulderseg.refine.examination.field import Field, empty_field
from shoulderseg.refine.examination.samples import REACH_MM, Samples, to_index
from shoulderseg.refine.examination.surface import Evidence, fuse_surface

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.refine.examination.align import Motion
    from shoulderseg.refine.examination.samples import BoneSlices

    Floats = NDArray[np.float64]

COARSE_MM = 2.0
_MARGIN_MM = 8.0


@dataclass(frozen=True, eq=False)
class Member:
    """A series as one of an examination, for one bone.

    Attributes:
        slices: What it says about the bone.
        weight: How far it is trusted, above 0.
        motion: From the bone's place in the examination to that in the series; None if unknown.
        overlap: Dice of its bone with that of the others, after alignment.
        share: Volume of its bone over that of the others' there.
        reason: Why it has no say; empty where it has.
        anchor_mm: Where a point fixed to the bone lies in the series, LPS, (3,); None if unknown.
    """

    slices: BoneSlices
    weight: float
    motion: Motion | None = None
    overlap: float = 0.0
    share: float = 0.0
    reason: str = ""
    anchor_mm: Floats | None = None


def shown(members: Sequence[Member], places_mm: Floats) -> NDArray[np.bool_]:
    """Which places any of the series has slices of.

    Args:
        members: The series; those without a motion show nothing.
        places_mm: In the examination's LPS mm, (n, 3).
    """
    seen = np.zeros(len(places_mm), np.bool_)
    for member in members:
        if member.motion is not None:
            left = np.flatnonzero(~seen)
            seen[left] = member.slices.shows(member.motion.apply(places_mm[left]))
    return seen


def fused(members: Sequence[Member]) -> Field:
    """The bone that series make together, coarsely.

    Args:
        members: With a motion, at least one.
    """
    guess = first_guess(members)
    return fuse_surface(guess, evidence_of(members, guess))


def first_guess(members: Sequence[Member]) -> Field:
    """The mean of the series' distances, interpolated between their slices."""
    placed = np.concatenate([m.motion.undo(m.slices.edge_mm) for m in members if m.motion])
    low, high = placed.min(axis=0) - _MARGIN_MM, placed.max(axis=0) + _MARGIN_MM
    grid = empty_field(low, high, COARSE_MM)
    places = grid.places()
    total, count = np.zeros(len(places)), np.zeros(len(places))
    for member in members:
        if member.motion is None:
            continue
        there = member.motion.apply(places)
        seen = member.slices.shows(there)
        index = to_index(member.slices.affine, there[seen])
        distance = ndimage.map_coordinates(
            member.slices.distance_mm, index.T, order=1, mode="nearest"
        )
        total[seen] += member.weight * distance
        count[seen] += member.weight
    mean = np.full(len(places), REACH_MM)
    np.divide(total, count, out=mean, where=count > 0)
    guess, unseen = (
        mean.reshape(grid.distance_mm.shape),
        (count == 0).reshape(grid.distance_mm.shape),
    )
    if unseen.any() and not unseen.all():
        # A bone does not end where slices do.
        nearest = ndimage.distance_transform_edt(
            unseen, return_distances=False, return_indices=True
        )
        guess = guess[tuple(nearest)]
    return Field(guess, grid.first_mm, COARSE_MM)


def evidence_of(members: Sequence[Member], grid: Field) -> list[Evidence]:
    """What the series say, in the place of the bone and within its grid."""
    low = grid.first_mm
    high = low + grid.step_mm * (np.array(grid.distance_mm.shape[::-1]) - 1)
    found = []
    for member in members:
        if member.motion is None:
            continue
        samples = member.slices.samples
        here = member.motion.undo(samples.points_mm)
        inside = ((here >= low) & (here <= high)).all(axis=1)
        kept = Samples(here[inside], samples.distance_mm[inside], samples.on_edge[inside])
        ends = member.motion.undo(np.stack([np.zeros(3), member.slices.slab_mm]))
        found.append(Evidence(kept, ends[1] - ends[0], member.weight))
    return found
