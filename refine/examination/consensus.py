"""The bone that the series of an examination agree on, and how it lay in each of them.

One series is taken as the reference, the others are aligned with it, and then each with what all
the others together make of the bone. A series whose bone does not overlap with that, or moved
farther than people move, has no say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from shoulderseg.refine.examination.align import Expectation, align, still
from shoulderseg.refine.examination.member import Member, evidence_of, fused, shown
from shoulderseg.refine.examination.overlap import overlap
from shoulderseg.refine.examination.surface import fuse_surface

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from shoulderseg.refine.examination.field import Field
    from shoulderseg.refine.examination.samples import BoneSlices

    Floats = NDArray[np.float64]

# Beyond these a motion between two series is an error of the alignment or of a header.
MOST_SHIFT_MM, MOST_TURN_DEG = 15.0, 15.0
# Least overlap (Dice) of a bone in a series with what the others make of it.
LEAST_OVERLAP = 0.6
# How far the head of the humerus moves in its socket while someone lies still.
JOINT_MM = 1.0
FINE_MM = 1.0
_ROUNDS = 2
# Nothing of a shoulder in a scanner's field of view is longer.
MOST_EXTENT_MM = 350.0
NOT_FOUND = "the bone was not found in it"
NO_EDGE = "no edge of the bone is seen in its slices"


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
            reason=why or _why_not(slices),
            anchor_mm=anchor,
        )
        for slices, weight, anchor, why in zip(
            series, weights, known, excluded or [""] * len(series), strict=True
        )
    ]
    # Threads of a linear algebra library wait for each other longer than they work here, and add
    # up in another order each time.
    with threadpool_limits(1, "blas"):
        reference, members = _without_trace(members, independent)
        used = [member for member in members if not member.reason]
        if reference < 0 or len(used) < 2:
            return Consensus(None, tuple(members))
        grid = fused(used).resampled(fine_mm)
        return Consensus(fuse_surface(grid, evidence_of(used, grid)), tuple(members), reference)


def _why_not(slices: BoneSlices) -> str:
    """Why a series has no say by itself; empty where it may have."""
    edge = slices.edge_mm
    if not len(edge):
        return NO_EDGE if (slices.probability > 0.5).any() else NOT_FOUND
    extent = float((edge.max(axis=0) - edge.min(axis=0)).max())
    if extent > MOST_EXTENT_MM:
        return f"the bone spans {extent:.0f} mm, expected at most {MOST_EXTENT_MM:g}"
    return ""


def _without_trace(members: Sequence[Member], independent: float) -> tuple[int, list[Member]]:
    """Aligns the series; those that turn out to have no say leave no trace in the others."""
    dropped: dict[int, Member] = {}
    while True:
        reference, settled = _first_alignment(members, independent)
        for _ in range(_ROUNDS if reference >= 0 else 0):
            settled = _realigned(settled, reference, independent)
        new = {k: one for k, one in enumerate(settled) if one.reason and not members[k].reason}
        if not new or reference < 0:
            return reference, [dropped.get(k, member) for k, member in enumerate(settled)]
        dropped |= new
        members = [
            replace(member, reason=new[k].reason) if k in new else member
            for k, member in enumerate(members)
        ]


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
        bone = fused([placed])
        aligned = [
            placed
            if n == k
            else member
            if member.reason
            else _aligned(member, bone, placed, independent, [placed])
            for n, member in enumerate(members)
        ]
        fitting = sum(member.weight * member.overlap for member in aligned if not member.reason)
        agreeing = sum(not member.reason for member in aligned)
        if k == present[0]:
            # Says why, should no two agree.
            found = aligned
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
        bone = fused(others)
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
    others: Sequence[Member],
) -> Member:
    start = member.motion or reference.motion
    if start is None:
        return member
    expected = None
    if member.anchor_mm is not None and reference.anchor_mm is not None:
        expected = Expectation(reference.anchor_mm, member.anchor_mm, JOINT_MM)
    edge = member.slices.edge_mm
    # Where the others have no slices their bone says nothing.
    motion = align(edge[shown(others, start.undo(edge))], bone, start, independent, expected)
    shared, share = overlap(member.slices, motion, bone, others)
    reason = ""
    if motion.shift_length_mm > MOST_SHIFT_MM or motion.turn_deg > MOST_TURN_DEG:
        reason = (
            f"it lies {motion.shift_length_mm:.0f} mm and {motion.turn_deg:.0f} degrees from the "
            f"others', expected at most {MOST_SHIFT_MM:g} and {MOST_TURN_DEG:g}"
        )
    elif shared < LEAST_OVERLAP:
        reason = f"it overlaps with the others' in {shared:.2f} (Dice), not in {LEAST_OVERLAP:g}"
    return replace(member, motion=motion, overlap=shared, share=share, reason=reason)
