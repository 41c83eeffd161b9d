from __future__ import annotations

import numpy as np
import pytest

from shoulderseg.refine.examination.agreement import pair_agreements
from shoulderseg.refine.examination.align import Motion, still
from shoulderseg.refine.examination.consensus import find_consensus
from shoulderseg.refine.examination.samples import BoneSlices, bone_slices, to_mm
from shoulderseg.refine.examination.vote import EDGE_MM, distance_in_series, examination_votes
from shoulderseg.refine.voting import fuse
from tests.refine.examination.bones import Floats, ball, scanned, stack


def row(*values: float) -> np.ndarray:
    return np.array([[values]], np.float32)


DEEP, INSIDE, OUTSIDE, FAR = -3 * EDGE_MM, -0.9 * EDGE_MM, 0.9 * EDGE_MM, 3 * EDGE_MM


@pytest.mark.parametrize(
    ("distance", "own", "whole", "bone"),
    [
        (DEEP, 0.0, 0.0, True),
        (FAR, 1.0, 1.0, False),
        (INSIDE, 1.0, 0.0, True),
        (INSIDE, 0.0, 0.0, False),
        (OUTSIDE, 1.0, 1.0, True),
        (OUTSIDE, 1.0, 0.0, False),
        (np.nan, 1.0, 1.0, True),
        (np.nan, 0.0, 0.0, False),
    ],
)
def test_the_table_of_the_vote(distance: float, own: float, whole: float, bone: bool) -> None:
    votes = examination_votes(row(own), row(whole), row(distance), contradicts=False)

    assert bool(fuse([votes]).label_map[0, 0, 0]) is bone


def test_u_nets_that_contradict_do_not_vote_where_the_others_see() -> None:
    distance = row(DEEP, INSIDE, OUTSIDE, FAR, np.nan)
    own, whole = row(0, 0, 1, 1, 1), row(0, 0, 1, 1, 1)

    votes = examination_votes(own, whole, distance, contradicts=True)

    np.testing.assert_array_equal(fuse([votes]).label_map, [[[1, 1, 0, 0, 1]]])
    np.testing.assert_array_equal(own, row(0, 0, 1, 1, 1))


def heights(probability: np.ndarray, affine: Floats) -> Floats:
    """Of each voxel, along z of LPS."""
    index = np.indices(probability.shape).reshape(3, -1).T.astype(np.float64)
    return to_mm(affine, index)[:, 2].reshape(probability.shape)


def upper_half(plane: str) -> BoneSlices:
    """The ball in slices that end at its middle."""
    probability, affine = scanned(ball, plane, tilt_deg=0)
    return bone_slices(probability, affine, heights(probability, affine) > 0)


def test_distance_is_told_in_the_series_own_place() -> None:
    """A ball that moved by 6 mm; the other series see nothing below its middle."""
    moved = (6.0, 0.0, 0.0)
    series = [stack(ball, "axial"), stack(ball, "coronal")]
    bone = find_consensus(series, [1.0, 1.0])
    assert bone.bone is not None
    cut = find_consensus([upper_half("axial"), upper_half("coronal")], [1.0, 1.0]).members
    probability, affine = scanned(ball, "sagittal", shift_mm=moved)
    motion = Motion(np.zeros(3), np.array(moved), np.zeros(3))
    asked = np.zeros(probability.shape, np.bool_)

    distance, above = (
        distance_in_series(bone.bone, motion, others, affine, asked)
        for others in (bone.members, cut)
    )

    assert distance.shape == probability.shape
    known = np.isfinite(distance)
    assert known.any()
    assert not known.all()
    inside = probability > 0.5
    assert known[inside].all()
    assert np.mean((distance < 0)[known] == inside[known]) > 0.99
    height = heights(probability, affine)
    # The last slice above the middle ends up to a slice below it.
    assert np.isfinite(above[inside & (height > 2)]).all()
    assert np.isnan(above[height < -4]).all()
    np.testing.assert_array_equal(above[height > 2], distance[height > 2])


def test_nobody_else_sees_it() -> None:
    series = [stack(ball, "axial"), stack(ball, "coronal")]
    bone = find_consensus(series, [1.0, 1.0])
    assert bone.bone is not None
    probability, affine = scanned(ball, "sagittal")

    distance = distance_in_series(
        bone.bone, still(np.zeros(3)), [], affine, np.ones(probability.shape, np.bool_)
    )

    assert np.isnan(distance).all()


def test_agreement_of_two_balls() -> None:
    """Radii 20 and 18 mm about one centre: 2 mm apart, Dice 2 * 18^3 / (20^3 + 18^3)."""
    smaller, affine = scanned(lambda points: ball(points) + 2, "coronal", slice_mm=1.0)
    series = [stack(ball, "axial", slice_mm=1.0), bone_slices(smaller, affine)]
    consensus = find_consensus(series, [1.0, 1.0])
    assert consensus.bone is not None

    [pair] = pair_agreements(consensus.bone, consensus.members)

    assert (pair.first, pair.second) == (0, 1)
    assert pair.dice == pytest.approx(2 * 18**3 / (20**3 + 18**3), abs=0.03)
    assert pair.surface_mm == pytest.approx(2.0, abs=0.4)


def test_a_pair_tells_how_the_bone_moved() -> None:
    series = [stack(ball, "axial"), stack(ball, "coronal", shift_mm=(3, 0, 0))]
    consensus = find_consensus(series, [1.0, 1.0])
    assert consensus.bone is not None

    [pair] = pair_agreements(consensus.bone, consensus.members)

    assert pair.shift_mm == pytest.approx(3.0, abs=0.3)
    assert pair.turn_deg < 3.0
    assert pair.dice is not None
    assert pair.dice > 0.95
