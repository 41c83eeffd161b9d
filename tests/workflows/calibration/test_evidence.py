from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from shoulderseg.evaluation.quality.calibration import SHARES, Example
from shoulderseg.evaluation.quality.measures import BoneQuality, CaseQuality
from shoulderseg.workflows.calibration.evidence import (
    Judged,
    cross_validate,
    describe_evidence,
    evidence,
)

NAMES = ["humerus", "glenoid"]


def example(case: str, share: float, dice: float, *, degraded: bool = False) -> Example:
    bone = BoneQuality(**dict.fromkeys(SHARES, share), area_cm2=50.0)
    return Example(case, CaseQuality((bone, bone), share, 3.0), (dice, dice), degraded)


def examples(images: int) -> list[Example]:
    made = []
    for number, share in enumerate(np.linspace(0.86, 0.94, images)):
        made.append(example(f"c{number}", share, share))
        made.append(example(f"c{number}", share / 2, share / 2, degraded=True))
    return made


@pytest.mark.parametrize("images", [6, 25])
def test_no_case_is_judged_by_what_it_taught(images: int) -> None:
    plain = cross_validate(examples(images), 0.7, NAMES)
    spoiled = examples(images)
    spoiled[0] = example("c0", 0.86, 0.02)
    changed = cross_validate(spoiled, 0.7, NAMES)
    before, after = (
        {(j.example.case, j.example.degraded): j.predicted for j in judged}
        for judged in (plain, changed)
    )
    assert len(before) == 2 * images
    # Neither the image nor its copy; all others learned from it, but for those left out with it.
    assert before["c0", False] == after["c0", False]
    assert before["c0", True] == after["c0", True]
    assert before["c1", False] != after["c1", False]
    for judged in plain:
        assert judged.predicted[0] == pytest.approx(judged.example.dice[0], abs=0.03)
        assert judged.flagged == judged.example.degraded


def test_no_case_is_judged_by_another_of_its_patient() -> None:
    patients = {f"c{number}": f"P{number // 2}" for number in range(8)}
    plain = cross_validate(examples(8), 0.7, NAMES, patients)
    spoiled = examples(8)
    spoiled[0] = example("c0", 0.86, 0.02)
    changed = cross_validate(spoiled, 0.7, NAMES, patients)
    of_one = {
        (new.example.case, new.example.degraded): new.predicted == old.predicted
        for new, old in zip(changed, plain, strict=True)
    }
    assert {case for (case, _), same in of_one.items() if same} == {"c0", "c1"}
    found = evidence(plain, 0.7, NAMES, [], patients)
    assert (found["images"], found["patients"]) == (8, 4)
    assert "8 images (patients: 4)" in describe_evidence(found, 0.7, NAMES)[0]
    untold = evidence(plain, 0.7, NAMES, [])
    assert untold["patients"] is None
    assert "8 images and 8 degraded copies" in describe_evidence(untold, 0.7, NAMES)[0]


def judged(dice: tuple[float, float], predicted: float, flagged: bool, **kind: bool) -> Judged:
    degraded = kind.get("degraded", False)
    made = example("x", 0.5, 0.5, degraded=degraded)._replace(dice=dice)
    if kind.get("missing", False):
        bones = (made.quality.bones[0], BoneQuality())
        made = made._replace(quality=replace(made.quality, bones=bones))
    return Judged(made, (predicted, predicted), flagged)


def test_figures_known_on_paper() -> None:
    cases = [
        judged((0.9, 0.8), 0.9, flagged=True),
        judged((0.9, 0.9), 0.8, flagged=False),
        judged((0.9, 0.95), 0.8, flagged=True),
        judged((0.1, math.nan), 0.3, flagged=False, degraded=True),
        judged((math.nan, math.nan), 0.0, flagged=True),
        # No prediction was made for the glenoid, and none was needed.
        judged((0.9, 0.0), 0.8, flagged=True, missing=True),
    ]
    found = evidence(cases, 0.85, NAMES, [True, True, False])
    # Off by 0, 0.1, 0.1, 0.2 and 0.1; by 0.1, 0.1 and 0.15.
    assert found["humerus"]["mean_absolute_error"] == pytest.approx(0.1)
    # Their mean is 0.74: off by 0.16 four times and by 0.64.
    assert found["humerus"]["error_of_the_mean"] == pytest.approx((4 * 0.16 + 0.64) / 5)
    assert found["glenoid"]["mean_absolute_error"] == pytest.approx(0.1167, abs=1e-4)
    assert found["glenoid"]["n"] == 3
    wanted = np.corrcoef([0.9, 0.8, 0.8, 0.3, 0.8], [0.9, 0.9, 0.9, 0.1, 0.9])[0, 1]
    assert found["humerus"]["correlation"] == pytest.approx(wanted, abs=1e-4)
    plain = found["humerus_without_copies"]
    assert (plain["n"], plain["mean_absolute_error"]) == (4, pytest.approx(0.075))
    assert found["missing_flagged"] == [1, 1]
    assert found["poor_flagged"] == [1, 2]
    assert found["others_not_flagged"] == [1, 2]
    assert found["negatives_flagged"] == [2, 3]
    lines = describe_evidence(found, 0.85, NAMES)
    assert "sensitivity, flagged of the others with a bone below 0.85: 0.50 (1 of 2)" in lines
    assert "flagged of those where a bone was missed: 1.00 (1 of 1)" in lines
    assert "negatives flagged: 0.67 (2 of 3)" in lines


def test_what_cannot_be_said_is_left_out() -> None:
    found = evidence([judged((0.9, math.nan), 0.9, flagged=False)], 0.85, NAMES, [])
    assert found["humerus"]["correlation"] is None
    lines = "\n".join(describe_evidence(found, 0.85, NAMES))
    assert "correlation none" in lines
    for absent in ("glenoid", "negatives", "sensitivity", "nan"):
        assert absent not in lines


def test_a_bone_that_is_too_rare_without_one_patient_leaves_that_one_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = [example(f"c{number}", 0.9, 0.9) for number in range(6)]
    # The glenoid is found in as many images as a fit needs, and in fewer without one of these.
    absent = BoneQuality(**dict.fromkeys(SHARES, 0.0), area_cm2=0.0)
    for number in (3, 4, 5):
        quality = made[number].quality
        made[number] = made[number]._replace(
            quality=replace(quality, bones=(quality.bones[0], absent))
        )
    judged = cross_validate(made, 0.7, NAMES)
    assert [one.example.case for one in judged] == ["c3", "c4", "c5"]
    assert "the figures are without c0: in the other images bone 2 was found in 2" in caplog.text
    assert evidence(judged, 0.7, NAMES, [])["images"] == 3
