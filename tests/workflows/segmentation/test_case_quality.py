from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from shoulderseg.evaluation.quality.calibration import (
    GAP,
    SHARES,
    UNDISPUTED,
    Example,
    Oddity,
    fit_calibration,
)
from shoulderseg.evaluation.quality.measures import BoneQuality, CaseQuality
from shoulderseg.refine.voting import fuse
from shoulderseg.workflows.segmentation.case_quality import (
    describe_oddity,
    measure_quality,
    quality_record,
    reasons,
)
from shoulderseg.workflows.segmentation.flags import flag_lines

NAMES = ["humerus", "glenoid"]
NOTHING = BoneQuality()


def bone(share: float, area_cm2: float = 50.0) -> BoneQuality:
    return BoneQuality(**dict.fromkeys(SHARES, share), area_cm2=area_cm2)


USUAL = CaseQuality((bone(0.9), bone(0.9)), 0.9, 3.0)
CALIBRATION = fit_calibration(
    [
        Example(str(n), CaseQuality((bone(s), bone(s)), s, 3.0), (s, s), degraded=s < 0.88)
        for n, s in enumerate((0.2, 0.4, 0.6, 0.8, 0.88, 0.9, 0.92))
    ],
    0.85,
)


def test_a_usual_case_is_not_flagged() -> None:
    record = quality_record(USUAL, CALIBRATION, NAMES)
    assert record["flags"] == []
    assert record["humerus"] == pytest.approx(0.9, abs=0.02)
    assert record["features"]["glenoid"]["agreement"] == 0.9
    assert record["features"]["gap_mm"] == 3.0


@pytest.mark.parametrize("calibrated", [True, False])
def test_hard_rules_need_no_calibration(calibrated: bool) -> None:
    calibration = CALIBRATION if calibrated else None
    empty = CaseQuality((NOTHING, NOTHING), 0.0, None)
    assert reasons(empty, calibration, NAMES) == ["no bone found"]
    missing = CaseQuality((bone(0.9), NOTHING), 0.9, None)
    assert reasons(missing, calibration, NAMES) == ["no glenoid found"]
    far = CaseQuality((bone(0.9), bone(0.9)), 0.9, 43.2)
    first = "humerus and glenoid are 43 mm apart, expected at most 15 mm"
    assert reasons(far, calibration, NAMES)[0] == first
    assert reasons(CaseQuality(far.bones, 0.9, 14.9), None, NAMES) == []


def test_without_a_calibration_dice_is_unknown() -> None:
    poor = CaseQuality((bone(0.2), bone(0.2)), 0.2, 3.0)
    record = quality_record(poor, None, NAMES)
    assert (record["humerus"], record["glenoid"], record["flags"]) == (None, None, [])
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_a_low_prediction_and_an_odd_feature_are_named() -> None:
    low = CaseQuality((bone(0.9), bone(0.84)), 0.9, 3.0)
    (reason,) = reasons(low, CALIBRATION, NAMES)
    assert reason == "predicted Dice of the glenoid is 0.84, below 0.85"
    (reason,) = reasons(CaseQuality((bone(0.9), bone(0.848)), 0.9, 3.0), CALIBRATION, NAMES)
    # 0.85 would not be below 0.85.
    assert re.fullmatch(r"predicted Dice of the glenoid is 0\.84\d\d, below 0\.85", reason)
    large = CaseQuality((bone(0.9, 400.0), bone(0.9)), 0.9, 3.0)
    (reason,) = reasons(large, CALIBRATION, NAMES)
    assert reason.startswith("the mean area of the humerus in a slice is 400 cm2 (usually")


def test_every_feature_that_may_be_odd_has_words() -> None:
    features = [*asdict(bone(0.9)), UNDISPUTED, GAP]
    told = [describe_oddity(Oddity(0, name, 0.25, (0.5, 0.75)), NAMES) for name in features]
    assert len(set(told)) == len(set(features))
    assert not any("_" in line.replace("cm2", "") or "{" in line for line in told)
    assert told[1] == ("the networks agree on 25 % of the humerus (usually 50 to 75 %)")
    gap = describe_oddity(Oddity(None, GAP, 21.0, (2.0, 6.0)), NAMES)
    assert gap == "the bones lie 21 mm apart (usually 2 to 6 mm)"


@pytest.mark.parametrize("axis", [1, 2])
def test_features_do_not_depend_on_where_the_slices_lie(axis: int) -> None:
    rng = np.random.default_rng(0)
    votes = {name: rng.random((3, 9, 8), dtype=np.float32) for name in (*NAMES, "whole")}
    moved = {name: np.moveaxis(vote, 0, axis) for name, vote in votes.items()}
    spacing = [0.7, 0.9]
    spacing.insert(axis, 3.0)
    plain, turned = (
        measure_quality(
            given,
            fuse([[given[NAMES[0]]], [given[NAMES[1]]]], whole=[given["whole"]]),
            (mm[0], mm[1], mm[2]),
            where,
        )
        for given, mm, where in ((votes, (3.0, 0.7, 0.9), 0), (moved, spacing, axis))
    )
    assert turned == plain


def test_flagged_cases_are_listed_and_failed_ones_not_counted() -> None:
    records: list[dict[str, Any]] = [
        {"case": "a", "quality": {"flags": []}},
        {"case": "b", "quality": {"flags": ["no bone found", "odd"]}},
        {"case": "c", "error": "c.nii.gz: broken"},
    ]
    assert flag_lines(records, calibrated=True) == [
        "check b: no bone found; odd",
        "1 of 2 cases flagged",
    ]
    assert "not calibrated" in flag_lines(records[:1], calibrated=False)[0]


def test_nothing_is_counted_where_no_case_was_done() -> None:
    assert flag_lines([], calibrated=False) == []
    assert flag_lines([{"case": "c", "error": "c.nii.gz: broken"}], calibrated=True) == []


def test_each_bone_may_have_its_own_limit() -> None:
    both = replace(CALIBRATION, flag_below=(0.95, 0.8))
    found = CaseQuality((bone(0.9), bone(0.84)), 0.9, 3.0)
    assert reasons(found, both, NAMES) == ["predicted Dice of the humerus is 0.90, below 0.95"]
