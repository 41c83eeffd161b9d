"""What is said of a bone that was not used, and how a bone lay in a series that lacks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoulderseg.refine.examination.align import Motion, still
from shoulderseg.refine.examination.consensus import NOT_FOUND, Consensus, find_consensus
from shoulderseg.refine.examination.member import Member
from shoulderseg.workflows.bundles.bundle import Bundle, read_bundle
from shoulderseg.workflows.examination.bones import CONTRADICTION, bone_motion
from shoulderseg.workflows.examination.flags import (
    NO_AGREEMENT,
    NOT_DRAWN,
    NOWHERE,
    ONLY_ELSEWHERE,
    ONLY_HERE,
)
from shoulderseg.workflows.examination.told import told_of
from shoulderseg.workflows.examination.vote import Examination, vote_together
from shoulderseg.workflows.segmentation.flags import voting_lines
from shoulderseg.workflows.segmentation.options import Options, settings_of
from tests.refine.examination.bones import ball, head_and_shaft, stack
from tests.workflows.examination.made_results import Taken, dice, take

SETTINGS = settings_of(Options(device="cpu"))


@pytest.fixture(scope="module")
def bundle(untrained: Path) -> Bundle:
    return read_bundle(untrained)


def vote(taken: list[Taken], bundle: Bundle) -> Examination:
    return vote_together([one.result for one in taken], bundle, SETTINGS)


def said(examination: Examination, bone: str) -> dict[str, Any]:
    return {name: bones[bone] for name, bones in examination.record["series"].items()}


def lines(examination: Examination) -> list[str]:
    return voting_lines([{"examination": "exam", **examination.record}])


def test_a_bone_that_one_series_alone_found_is_not_taken_from_it(bundle: Bundle) -> None:
    taken = [take("axial", "axial"), take("coronal", "coronal", missed=("glenoid",))]

    found = vote(taken, bundle)

    assert dice(found.results[1], taken[1].truth, 2) == 0
    np.testing.assert_array_equal(found.results[0].labels == 2, taken[0].result.labels == 2)
    assert said(found, "glenoid") == {
        "axial": {"used": False, "reason": ONLY_HERE},
        "coronal": {"used": False, "reason": ONLY_ELSEWHERE},
    }
    assert [one.flags for one in found.results] == [
        [f"glenoid: {ONLY_HERE}"],
        [f"glenoid: {ONLY_ELSEWHERE}"],
    ]
    assert all(one["used"] for one in said(found, "humerus").values())
    assert lines(found) == ["exam: 2 of 2 series vote together"]


def test_a_bone_that_nobody_found_is_told_once(bundle: Bundle) -> None:
    missed = ("glenoid",)
    taken = [take("axial", "axial", missed=missed), take("coronal", "coronal", missed=missed)]

    found = vote(taken, bundle)

    assert {one["reason"] for one in said(found, "glenoid").values()} == {NOWHERE}
    # Each series alone has a flag for it.
    assert [one.flags for one in found.results] == [[], []]


def test_series_that_contradict_each_other_are_not_said_to_vote(bundle: Bundle) -> None:
    """Their humeri agree and their glenoids lie on either side of them."""
    taken = [take("axial", "axial"), take("coronal", "coronal", opposite=True)]

    found = vote(taken, bundle)

    unused = {"used": False, "reason": CONTRADICTION}
    for bone in ("humerus", "glenoid"):
        assert said(found, bone) == {"axial": unused, "coronal": unused}
    assert f"humerus: {CONTRADICTION}" in found.results[0].flags
    assert lines(found) == ["exam: 0 of 2 series vote together"]


def test_each_series_keeps_its_reason_where_no_two_agree() -> None:
    empty = stack(lambda points: np.full(len(points), 9.0), "axial")
    series = [
        stack(head_and_shaft, "axial"),
        stack(head_and_shaft, "coronal", shift_mm=(30, 0, 0)),
        empty,
    ]
    consensus = find_consensus(series, [1.0, 1.0, 1.0])

    reasons = [told_of(consensus, None, k)["reason"] for k in range(3)]

    assert all(reason.startswith(NO_AGREEMENT) for reason in reasons)
    assert sorted("expected at most 15" in reason for reason in reasons) == [False, False, True]
    assert reasons[2] == f"{NO_AGREEMENT}: {NOT_FOUND}"


@pytest.mark.parametrize(
    "step",
    [
        "shoulderseg.workflows.examination.vote.draw_bones",
        "shoulderseg.refine.examination.agreement.pair_agreements",
    ],
)
def test_bones_that_cannot_be_drawn_cost_no_vote(
    step: str, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    taken = [take("axial", "axial"), take("coronal", "coronal", shift_mm=(1, 2, 0))]
    with monkeypatch.context() as failing:
        failing.setattr(step, fail)
        found = vote(taken, bundle)

    whole = vote(taken, bundle)
    for one, other in zip(found.results, whole.results, strict=True):
        np.testing.assert_array_equal(one.labels, other.labels)
    assert found.bones is None
    assert found.in_view is None
    assert found.record["error"].startswith(NOT_DRAWN)
    assert found.record["series"] == whole.record["series"]
    assert "error" not in whole.record


class TestBoneMotion:
    """Of a series that lacks a bone, from what its other bone did."""

    turned = Motion(np.array([5.0, 0, 0]), np.array([3.0, -2.0, 1.0]), np.array([0, 0, 0.1]))
    nobody: tuple[None, ...] = (None, None, None)

    def consensus(self, *motions: Motion | None, reference: int = 0) -> Consensus:
        slices = stack(ball, "axial")
        members = [
            Member(slices, 1.0, motion=motion, reason="" if motion else NOT_FOUND)
            for motion in motions
        ]
        return Consensus(None, tuple(members), reference)

    def test_it_moves_with_the_other_where_nothing_tells_of_the_head(self) -> None:
        rest = still(np.array([1.0, 2.0, 3.0]))
        humerus = self.consensus(rest, rest, None)
        # Its reference is another series, in which it lies elsewhere.
        before = Motion(np.zeros(3), np.array([1.0, 1.0, 0.0]), np.zeros(3))
        glenoid = self.consensus(before, still(np.zeros(3)), self.turned, reference=1)
        points = np.array([[10.0, -5.0, 2.0], [0.0, 3.0, 30.0]])

        motion = bone_motion(humerus, glenoid, self.nobody, 2)

        assert motion is not None
        expected = self.turned.apply(before.undo(points))
        np.testing.assert_allclose(motion.apply(points), expected, atol=1e-9)
        np.testing.assert_array_equal(motion.centre_mm, rest.centre_mm)

    def test_the_head_is_the_better_guess(self) -> None:
        rest = still(np.zeros(3))
        pair = self.consensus(rest, rest, None), self.consensus(rest, rest, self.turned)
        heads = [np.zeros(3), np.zeros(3), np.array([0.0, 4.0, 0.0])]

        motion = bone_motion(*pair, heads, 2)

        assert motion is not None
        np.testing.assert_array_equal(motion.shift_mm, [0, 4, 0])
        np.testing.assert_array_equal(motion.turn, 0)

    def test_it_stays_unknown_where_the_other_is_unknown_too(self) -> None:
        rest = still(np.zeros(3))
        far = Motion(np.zeros(3), np.array([16.0, 0, 0]), np.zeros(3))
        lacking = self.consensus(rest, rest, None)
        for other in (
            self.consensus(rest, rest, None),
            self.consensus(None, rest, rest, reference=1),
            self.consensus(rest, rest, far),
        ):
            assert bone_motion(lacking, other, self.nobody, 2) is None
