"""What a series says of itself once the others of its examination have voted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shoulderseg.workflows.examination.flags import flagged
from shoulderseg.workflows.segmentation.case_quality import NO_BONE, not_found
from tests.workflows.examination.made_results import take

GIVEN = {"reason": "the bone was not found in it", "taken_from_the_others": True}


@pytest.mark.parametrize(
    ("before", "told", "kept"),
    [
        ([not_found("glenoid"), "odd"], {"humerus": {}, "glenoid": GIVEN}, ["odd"]),
        ([NO_BONE], {"humerus": GIVEN, "glenoid": GIVEN}, []),
        (
            ["predicted Dice of the glenoid is 0.41, below 0.85", "humerus is odd"],
            {"humerus": {}, "glenoid": GIVEN},
            ["humerus is odd"],
        ),
        ([NO_BONE], {"humerus": GIVEN, "glenoid": {}}, [not_found("glenoid")]),
        ([not_found("glenoid")], {"humerus": GIVEN, "glenoid": {}}, [not_found("glenoid")]),
    ],
)
def test_a_bone_that_the_others_gave_is_not_called_missing(
    before: list[str], told: dict[str, dict[str, object]], kept: list[str]
) -> None:
    result = take("axial", "axial").result
    _, found = result.segmented()
    quality = {"humerus": 0.0, "glenoid": 0.0, "flags": before}
    alone = replace(result, segmentation=replace(found, measures={"quality": quality}))

    after = flagged(alone, told)

    assert [flag for flag in after.flags if "taken from" not in flag] == kept
    for name, bone in told.items():
        # Nobody knows how well a bone fits that the series has from others.
        assert after.quality[name] == (None if bone else 0.0)
    assert alone.flags == before
