from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from shoulderseg.refine.examination.consensus import NOT_FOUND, Consensus, find_consensus
from shoulderseg.refine.examination.samples import BoneSlices, bone_slices, to_index
from tests.refine.examination.bones import Floats, ball, head_and_shaft, scanned, stack

TURNS = ((0, 0, 0), (2, -3, 4), (-3, 2, -2))
SHIFTS = ((0, 0, 0), (3, -2, 1), (-2, 1, 4))


def three_series() -> list[BoneSlices]:
    planes = ("axial", "coronal", "sagittal")
    return [
        stack(head_and_shaft, plane, turn_deg=turn, shift_mm=shift)
        for plane, turn, shift in zip(planes, TURNS, SHIFTS, strict=True)
    ]


def errors(consensus: Consensus, number: int) -> tuple[float, float]:
    """Of a series' motion against the reference's, in mm at the bone's middle and degrees."""
    member, reference = consensus.members[number], consensus.reference
    assert member.motion is not None
    turns = [Rotation.from_rotvec(turn, degrees=True) for turn in TURNS]
    wanted = turns[number] * turns[reference].inv()
    centre = member.motion.centre_mm
    place = wanted.apply(centre - np.array(SHIFTS[reference])) + np.array(SHIFTS[number])
    found = member.motion.apply(centre[None])[0]
    turned = Rotation.from_rotvec(member.motion.turn).inv() * wanted
    return float(np.linalg.norm(found - place)), float(np.degrees(turned.magnitude()))


def test_motions_of_a_known_bone_are_found() -> None:
    consensus = find_consensus(three_series(), [1.0, 1.0, 1.0])

    assert [member.reason for member in consensus.members] == ["", "", ""]
    for number in range(3):
        away_mm, turned_deg = errors(consensus, number)
        assert away_mm < 0.3
        assert turned_deg < 1.5
    assert all(member.overlap > 0.95 for member in consensus.members)


def test_surface_of_a_ball_lies_where_it_is() -> None:
    """Slices of 5 mm in three planes; the surface is true to a tenth of that."""
    series = [stack(ball, plane, slice_mm=5.0) for plane in ("axial", "coronal", "sagittal")]

    bone = find_consensus(series, [1.0, 1.0, 1.0]).bone

    assert bone is not None
    directions = np.random.default_rng(1).normal(size=(500, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    assert np.abs(bone.at(20.0 * directions)).max() < 0.6
    assert np.abs(bone.at(20.0 * directions)).mean() < 0.25
    assert (bone.at(15.0 * directions) < -3).all()
    assert (bone.at(25.0 * directions) > 3).all()


def test_a_series_without_the_bone_has_no_say() -> None:
    empty = stack(lambda points: np.full(len(points), 9.0), "axial")
    series = three_series()

    with_it = find_consensus([*series, empty], [1.0] * 4)
    without = find_consensus(series, [1.0] * 3)

    assert with_it.members[3].reason == NOT_FOUND
    assert with_it.members[3].motion is None
    assert with_it.bone is not None
    assert without.bone is not None
    np.testing.assert_array_equal(with_it.bone.distance_mm, without.bone.distance_mm)


@pytest.mark.parametrize("other", ["mirrored", "far", "small"])
def test_a_wrong_series_is_left_out_and_leaves_no_trace(other: str) -> None:
    wrong = {
        "mirrored": stack(lambda p: head_and_shaft(p * [-1, 1, -1]), "coronal"),
        "far": stack(head_and_shaft, "coronal", shift_mm=(24, 0, 0)),
        "small": stack(lambda p: ball(p) + 13, "coronal", shift_mm=(10, 5, 10)),
    }[other]
    series = three_series()

    with_it = find_consensus([series[0], wrong, *series[1:]], [1.0] * 4)
    without = find_consensus(series, [1.0] * 3)

    assert with_it.members[1].reason
    assert [with_it.members[k].reason for k in (0, 2, 3)] == ["", "", ""]
    assert with_it.bone is not None
    assert without.bone is not None
    np.testing.assert_array_equal(with_it.bone.distance_mm, without.bone.distance_mm)


def test_no_two_series_agree() -> None:
    series = [stack(head_and_shaft, "axial"), stack(head_and_shaft, "coronal", shift_mm=(30, 0, 0))]

    consensus = find_consensus(series, [1.0, 1.0])

    assert consensus.bone is None
    assert any("expected at most 15" in member.reason for member in consensus.members)


def test_same_input_gives_the_same_bytes() -> None:
    first, second = (find_consensus(three_series(), [0.9, 0.8, 0.5]) for _ in range(2))

    assert first.bone is not None
    assert second.bone is not None
    assert first.bone.distance_mm.tobytes() == second.bone.distance_mm.tobytes()


def test_an_anchor_holds_what_edges_do_not_tell() -> None:
    """A tube open at both ends of the stack says nothing about where it lies along itself."""

    def tube(points_mm: Floats) -> Floats:
        distance: Floats = np.hypot(points_mm[:, 0], points_mm[:, 1]) - 12.0
        return distance

    series = [
        stack(tube, "axial", extent_mm=60, tilt_deg=0),
        stack(tube, "axial", extent_mm=60, tilt_deg=0, shift_mm=(2, 0, 0)),
    ]
    anchors = [np.array([0.0, 0.0, 0.0]), np.array([2.0, 0.0, 4.0])]

    held = find_consensus(series, [1.0, 1.0], anchors)
    free = find_consensus(series, [1.0, 1.0])

    shifts = []
    for consensus in (held, free):
        other = consensus.members[1 - consensus.reference]
        assert other.motion is not None
        shifts.append(np.abs(other.motion.shift_mm))
    np.testing.assert_allclose(shifts[0], (2, 0, 4), atol=0.5)
    np.testing.assert_allclose(shifts[1], (2, 0, 0), atol=0.5)


def test_excluded_series_stay_out() -> None:
    consensus = find_consensus(three_series(), [1.0] * 3, excluded=["", "", "it is a knee"])

    assert consensus.members[2].reason == "it is a knee"
    assert consensus.members[2].motion is None
    assert not consensus.members[0].reason


def test_a_bone_goes_on_where_the_margin_of_another_series_begins() -> None:
    """A scanner that fills its slices to a square has not looked there."""
    probability, affine = scanned(head_and_shaft, "coronal")
    rows = np.arange(probability.shape[1])
    below = rows > to_index(affine, np.array([[0.0, 0.0, -5.0]]))[0, 1]
    filled = np.broadcast_to(below[None, :, None], probability.shape)
    cut = np.where(filled, 0, probability).astype(np.float32)
    other = stack(head_and_shaft, "axial")
    shaft_mm = np.array([[-8.0, 0.0, z] for z in (-10.0, -15.0, -20.0, -25.0, -30.0)])
    inside = []
    for margin in (~filled, np.ones_like(filled)):
        bone = find_consensus([bone_slices(cut, affine, margin), other], [1.0, 1.0]).bone
        inside.append(None if bone is None else (bone.at(shaft_mm) < -6).tolist())
    assert inside[0] == [True] * 5
    # As if it had looked, and seen nothing.
    assert inside[1] != inside[0]
