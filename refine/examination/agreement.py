"""How well two series of an examination agree on a bone: a measure that needs no truth."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from shoulderseg.refine.examination.samples import to_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shoulderseg.refine.examination.align import Motion
    from shoulderseg.refine.examination.field import Field
    from shoulderseg.refine.examination.member import Member

    Floats = NDArray[np.float64]


class PairAgreement(NamedTuple):
    """Two series.

    Attributes:
        first: Number of the one.
        second: Number of the other.
        dice: Of the bone, where both have slices, after alignment; None where they share nothing.
        surface_mm: Mean distance of the edges of each to the other's bone, both ways; likewise.
        shift_mm: How far the bone moved from the one to the other, at its middle.
        turn_deg: How far it turned.
    """

    first: int
    second: int
    dice: float | None
    surface_mm: float | None
    shift_mm: float
    turn_deg: float


def pair_agreements(bone: Field, members: Sequence[Member]) -> list[PairAgreement]:
    """Compares the series that have a say, each with each.

    Args:
        bone: The fused bone, whose grid is used.
        members: All series.
    """
    used = [(k, m, m.motion) for k, m in enumerate(members) if not m.reason and m.motion]
    return [
        _compared(bone, (first, one, one_motion), (second, other, other_motion))
        for (first, one, one_motion), (second, other, other_motion) in itertools.combinations(
            used, 2
        )
    ]


def _compared(
    bone: Field, first: tuple[int, Member, Motion], second: tuple[int, Member, Motion]
) -> PairAgreement:
    places = bone.places()[np.abs(bone.distance_mm).ravel() < 10]
    (seen, one), (also, other) = (_distance(*part[1:], places) for part in (first, second))
    both = seen & also
    inside = [(one < 0) & both, (other < 0) & both]
    total = sum(int(np.count_nonzero(part)) for part in inside)
    dice = 2 * int(np.count_nonzero(inside[0] & inside[1])) / total if total else None
    gaps = np.concatenate([_gaps(first, second), _gaps(second, first)])
    centre = first[2].centre_mm
    before, after = first[2].apply(centre[None])[0], second[2].apply(centre[None])[0]
    return PairAgreement(
        first[0],
        second[0],
        dice,
        float(gaps.mean()) if len(gaps) else None,
        float(np.linalg.norm(after - before)),
        first[2].turn_to_deg(second[2]),
    )


def _distance(member: Member, motion: Motion, places: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Where a series has slices, and its distances there."""
    there = motion.apply(places)
    index = to_index(member.slices.affine, there).T
    values = ndimage.map_coordinates(member.slices.distance_mm, index, order=1, mode="nearest")
    return member.slices.shows(there), values.astype(np.float64)


def _gaps(one: tuple[int, Member, Motion], other: tuple[int, Member, Motion]) -> Floats:
    places = one[2].undo(one[1].slices.edge_mm)
    seen, distance = _distance(other[1], other[2], places)
    gaps: Floats = np.abs(distance[seen])
    return gaps
