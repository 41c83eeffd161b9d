"""What became of a bone in each series of an examination, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.examination.bones import CONTRADICTION, OTHER_BONES
from shoulderseg.workflows.examination.flags import (
    NO_AGREEMENT,
    NOWHERE,
    ONLY_ELSEWHERE,
    ONLY_HERE,
)

if TYPE_CHECKING:
    from shoulderseg.refine.examination.align import Motion
    from shoulderseg.refine.examination.consensus import Consensus


def told_of(consensus: Consensus, motion: Motion | None, k: int) -> dict[str, Any]:
    """Says whether a bone of a series was used, or why not, and how it moved.

    Args:
        consensus: of the bone.
        motion: from `bone_motion`.
        k: number of the series.

    Returns:
        `used`; `reason` where it was not used. `taken_from_the_others` only where others agree on
        the bone.
    """
    member = consensus.members[k]
    if consensus.bone is None:
        return {"used": False, "reason": _why_apart(consensus, k)}
    said: dict[str, Any] = {"used": not member.reason}
    if member.reason:
        said["reason"] = member.reason
        said["taken_from_the_others"] = motion is not None
    if motion is not None:
        said["shift_mm"] = round(motion.shift_length_mm, 2)
        # Of a bone that is taken from the others nobody knows how far it turned.
        said["turn_deg"] = None if member.reason else round(motion.turn_deg, 2)
    if member.motion is not None:
        said["overlap_with_the_others"] = round(member.overlap, 4)
    return said


def _why_apart(consensus: Consensus, k: int) -> str:
    """Why a series keeps its own of a bone on which no two series agree."""
    from shoulderseg.refine.examination.consensus import NO_EDGE

    member = consensus.members[k]
    if member.reason in (OTHER_BONES, CONTRADICTION):
        return member.reason
    found = [len(one.slices.edge_mm) > 0 for one in consensus.members]
    if not any(found):
        return NO_EDGE if member.reason == NO_EDGE else NOWHERE
    if sum(found) == 1 and not found[k]:
        return ONLY_ELSEWHERE
    reason = NO_AGREEMENT if sum(found) > 1 else ONLY_HERE
    return f"{reason}: {member.reason}" if member.reason else reason
