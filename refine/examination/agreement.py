"""How well two series of an examination agree on a bone: a measure that needs no truth."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.refine.examination.member import fused, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shoulderseg.refine.examination.align import Motion
    from shoulderseg.refine.examination.field import Field
    from shoulderseg.refine.examination.member import Member

    Floats = NDArray[np.float64]

# Farther from the fused bone there is neither's.
_NEAR_MM = 10.0


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
    used = [
        _Placed(k, m, m.motion, fused([m]))
        for k, m in enumerate(members)
        if not m.reason and m.motion
    ]
    return [_compared(bone, one, other) for one, other in itertools.combinations(used, 2)]


class _Placed(NamedTuple):
    """A series, and its bone by itself."""

    number: int
    member: Member
    motion: Motion
    bone: Field


def _compared(bone: Field, first: _Placed, second: _Placed) -> PairAgreement:
    places = bone.places()[np.abs(bone.distance_mm).ravel() < _NEAR_MM]
    both = shown([first.member], places) & shown([second.member], places)
    one, other = (part.bone.at(places[both]) < 0 for part in (first, second))
    total = int(np.count_nonzero(one)) + int(np.count_nonzero(other))
    gaps = np.concatenate([_gaps(first, second), _gaps(second, first)])
    centre = first.motion.centre_mm[None]
    moved = second.motion.apply(centre) - first.motion.apply(centre)
    return PairAgreement(
        first.number,
        second.number,
        2 * int(np.count_nonzero(one & other)) / total if total else None,
        float(gaps.mean()) if len(gaps) else None,
        float(np.linalg.norm(moved)),
        first.motion.turn_to_deg(second.motion),
    )


def _gaps(one: _Placed, other: _Placed) -> Floats:
    """From the edges of one series to the other's bone, where that has slices."""
    places = one.motion.undo(one.member.slices.edge_mm)
    seen = shown([other.member], places)
    gaps: Floats = np.abs(other.bone.at(places[seen]))
    return gaps
