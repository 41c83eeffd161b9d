"""The bone that the series of an examination agree on, and how it lay in each of them.

One series is taken as the reference, the others are aligned with it, and then each with what all
the others together make of the bone. A series whose bone does not overlap with that, or moved
farther than people move, has no say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from threadpoolctl import threadpool_limits

from shoulderseg.refine.examination.align import Expectation, Motion, align, still
from shoulderseg.refine.examination.field import Field, empty_field
from shoulderseg.refine.examination.samples import (
    REACH_MM,
    BoneSlices,
    Samples,
    index_box,
    to_index,
    to_mm,
)
from shoulderseg.refine.examination.surface import Evidence, fuse_surface

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Beyond these a motion between two series is an error of the alignment or of a header.
MOST_SHIFT_MM, MOST_TURN_DEG = 15.0, 15.0
# Least overlap (Dice) of a bone in a series with what the others make of it.
LEAST_OVERLAP = 0.6
# How far the head of the humerus moves in its socket while someone lies still.
JOINT_MM = 1.0
COARSE_MM, FINE_MM = 2.0, 1.0
_ROUNDS = 2
_MARGIN_MM = 8.0
NOT_FOUND = "the bone was not found in it"


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


@dataclass(frozen=True, eq=False)
class Consensus:
    """One bone of an examination.

    Attributes:
        bone: Its surface, where the reference series has it; None if no two series agree.
        members: The series, in the order in which they were given.
        reference: Number of the reference series; -1 if there is none.
    """

    bone: Field | None
    members: tuple[Member, ...] = field(repr=False)
    reference: int = -1


def find_consensus(
    series: Sequence[BoneSlices],
    weights: Sequence[float],
    anchors_mm: Sequence[Floats | None] | None = None,
    *,
    excluded: Sequence[str] = (),
    independent: float = 150.0,
    fine_mm: float = FINE_MM,
) -> Consensus:
    """Aligns the series of an examination by a bone, and fuses it.

    Args:
        series: The bone in each series, in one frame of reference.
        weights: How far each is trusted, above 0.
        anchors_mm: Where a point that is fixed to the bone lies in each series, LPS, (3,), as known
            from another bone; None where it is not.
        excluded: For each series why it is left out from the start; empty where it is not.
        independent: How many points of its edge in a series err independently.
        fine_mm: Length of the voxels of the fused bone.

    Returns:
        The bone, and what became of each series. The same input gives the same bytes.
    """
    known = anchors_mm or [None] * len(series)
    members = [
        Member(
            slices,
            weight,
            reason=why or ("" if len(slices.edge_mm) else NOT_FOUND),
            anchor_mm=anchor,
        )
        for slices, weight, anchor, why in zip(
            series, weights, known, excluded or [""] * len(series), strict=True
        )
    ]
    # Threads of a linear algebra library wait for each other longer than they work here, and add
    # up in another order each time.
    with threadpool_limits(1, "blas"):
        reference, members = _first_alignment(members, independent)
        if reference < 0:
            return Consensus(None, tuple(members))
        for _ in range(_ROUNDS):
            members = _realigned(members, reference, independent)
        used = [member for member in members if not member.reason]
        if len(used) < 2:
            return Consensus(None, tuple(members))
        coarse = _fused(used)
        grid = coarse.resampled(fine_mm)
        return Consensus(fuse_surface(grid, _evidence(used, grid)), tuple(members), reference)


def _first_alignment(members: Sequence[Member], independent: float) -> tuple[int, list[Member]]:
    """Aligns all with the series that most of the others fit; gives its number and the members."""
    present = [k for k, member in enumerate(members) if not member.reason]
    # The most trusted first, since the first that most others fit is taken.
    present.sort(key=lambda k: -members[k].weight * len(members[k].slices.edge_mm) ** (1 / 3))
    best, found, most = -1, list(members), 0.0
    for k in present:
        placed = replace(
            members[k], motion=still(members[k].slices.edge_mm.mean(axis=0)), overlap=1
        )
        bone = _fused([placed])
        aligned = [
            placed
            if n == k
            else member
            if member.reason
            else _aligned(member, bone, placed, independent)
            for n, member in enumerate(members)
        ]
        fitting = sum(member.weight * member.overlap for member in aligned if not member.reason)
        agreeing = sum(not member.reason for member in aligned)
        if agreeing > 1 and fitting > most:
            best, found, most = k, aligned, fitting
        if 2 * agreeing > len(present):
            break
    return best, found


def _realigned(members: Sequence[Member], reference: int, independent: float) -> list[Member]:
    """Aligns each series with what the others make of the bone."""
    used = [k for k, member in enumerate(members) if not member.reason]
    found = list(members)
    for k, member in enumerate(members):
        others = [members[other] for other in used if other != k]
        if not others or member.motion is None:
            continue
        bone = _fused(others)
        if k == reference:
            shared, share = overlap(member.slices, member.motion, bone, others)
            found[k] = replace(member, overlap=shared, share=share)
        else:
            found[k] = _aligned(member, bone, members[reference], independent, others)
    return found


def _aligned(
    member: Member,
    bone: Field,
    reference: Member,
    independent: float,
    others: Sequence[Member] = (),
) -> Member:
    start = member.motion or reference.motion
    if start is None:
        return member
    expected = None
    if member.anchor_mm is not None and reference.anchor_mm is not None:
        expected = Expectation(reference.anchor_mm, member.anchor_mm, JOINT_MM)
    motion = align(member.slices.edge_mm, bone, start, independent, expected)
    shared, share = overlap(member.slices, motion, bone, others)
    reason = ""
    if motion.shift_length_mm > MOST_SHIFT_MM or motion.turn_deg > MOST_TURN_DEG:
        reason = (
            f"it lies {motion.shift_length_mm:.0f} mm and {motion.turn_deg:.0f} degrees from the "
            f"others', expected at most {MOST_SHIFT_MM:g} and {MOST_TURN_DEG:g}"
        )
    elif shared < LEAST_OVERLAP:
        reason = f"it overlaps with the others' in {shared:.2f} (Dice), expected {LEAST_OVERLAP:g} or more"
    return replace(member, motion=motion, overlap=shared, share=share, reason=reason)


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
        Dice, and the volume in the series over that of the others; 0 where neither has any.
    """
    index = np.argwhere((slices.distance_mm < REACH_MM / 2) | _box_of(slices, motion, bone))
    places = motion.undo(to_mm(slices.affine, index.astype(np.float64)))
    own = slices.probability[tuple(index.T)] > 0.5
    theirs = bone.at(places) < 0
    if others:
        seen = np.zeros(len(places), np.bool_)
        for other in others:
            if other.motion is not None:
                seen |= other.slices.shows(other.motion.apply(places))
        own, theirs = own & seen, theirs & seen
    mine, other = int(np.count_nonzero(own)), int(np.count_nonzero(theirs))
    if not mine + other:
        return 0.0, 0.0
    return 2 * int(np.count_nonzero(own & theirs)) / (mine + other), mine / max(other, 1)


def _box_of(slices: BoneSlices, motion: Motion, bone: Field) -> NDArray[np.bool_]:
    """Voxels of the series in the box that the bone's grid takes up there."""
    box = np.zeros(slices.probability.shape, np.bool_)
    box[index_box(slices.affine, motion.apply(bone.corners()), box.shape)] = True
    return box


def _fused(members: Sequence[Member]) -> Field:
    guess = _first_guess(members)
    return fuse_surface(guess, _evidence(members, guess))


def _first_guess(members: Sequence[Member]) -> Field:
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
    return Field(mean.reshape(grid.distance_mm.shape), grid.first_mm, COARSE_MM)


def _evidence(members: Sequence[Member], grid: Field) -> list[Evidence]:
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
