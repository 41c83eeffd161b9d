"""How far the runs in a folder are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoulderseg.workflows.cohort.presence import at_work
from shoulderseg.workflows.cohort.status import read_status
from shoulderseg.workflows.outputs.plan import REPORT_FILE


def test_done_flagged_failed_and_missing(tmp_path: Path) -> None:
    fine = {"case": "a", "outputs": ["a.nii.gz"], "quality": {"flags": []}}
    doubtful = {"case": "b", "outputs": ["b.nii.gz"], "quality": {"flags": ["no glenoid"]}}
    failed = {"case": "c", "error": "c.nii.gz: cut off"}
    earlier = {"cases": [fine, failed, {"case": "d", "error": "old"}], "not_reached": ["b", "e"]}
    again = {"case": "d", "outputs": ["d.nii.gz"]}
    report = {"cases": [doubtful, again], "not_reached": ["f"], "earlier_runs": [earlier]}
    (tmp_path / REPORT_FILE).write_text(json.dumps(report))

    with at_work(tmp_path, {}):
        found = read_status(tmp_path)

    assert (found.done, found.flagged, found.at_work) == (3, 1, 1)
    assert found.failed == {"c": "c.nii.gz: cut off"}
    assert found.missing == ("e", "f")


def test_cases_that_were_left_to_other_parts_are_missing_until_one_has_them(
    tmp_path: Path,
) -> None:
    fine = {"case": "a", "outputs": ["a.nii.gz"], "quality": {"flags": []}}
    part = {"cases": [], "not_reached": ["d"], "left_to_other_parts": ["a", "b"]}
    last = {"cases": [fine], "not_reached": [], "left_to_other_parts": ["b", "c", "d"]}
    (tmp_path / REPORT_FILE).write_text(json.dumps(last | {"earlier_runs": [part]}))

    assert read_status(tmp_path).missing == ("d", "b", "c")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cases": 3, "not_reached": []}'])
def test_what_is_no_report(tmp_path: Path, content: str) -> None:
    with pytest.raises(FileNotFoundError, match=REPORT_FILE):
        read_status(tmp_path)
    (tmp_path / REPORT_FILE).write_text(content)

    with pytest.raises(ValueError, match="is no run report"):
        read_status(tmp_path)
