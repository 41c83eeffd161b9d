"""Pictures of many cases: what is read of the run report for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.workflows.report import pictures, rows
from shoulderseg.workflows.report.build import build_report
from shoulderseg.workflows.report.parts import result_digest
from tests.workflows.report.made_run import page_data, record, write_files, write_report


def test_the_run_report_is_not_read_again_for_each_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, images, read = tmp_path / "out", tmp_path / "in", []
    names = ("a", "b", "c", "d")
    for name in names:
        write_files(out, images, name)
    write_report(out, [record(name) for name in names])

    def counted(content: object) -> rows.Reported:
        read.append(content)
        return parse(content)

    parse = rows.parse_report
    monkeypatch.setattr(rows, "parse_report", counted)
    assert build_report(out, images, viewer=True).without_volume == ()
    # Once for the page, and once to see what holds.
    assert len(read) == 2


def test_a_result_holds_until_a_run_replaces_it(tmp_path: Path) -> None:
    before, now = record("a"), record("a", seconds={"total": 2.0})
    for told, holds in ((before, True), (now, False), (before, True)):
        write_report(tmp_path, [told])
        assert pictures.still_holds(tmp_path, before) is holds
        assert pictures.still_holds(tmp_path, now) is not holds
    (tmp_path / "shoulderseg_report.json").unlink()
    with pytest.raises(FileNotFoundError):
        pictures.still_holds(tmp_path, before)


def test_a_case_without_pictures_tells_which_result_it_is(tmp_path: Path) -> None:
    # Else a verdict on an earlier result would pass for one on this.
    told = record("a")
    write_report(tmp_path, [told])
    [row] = rows.page_rows(tmp_path, rows.read_reported(tmp_path))
    assert "pictures are missing" in row["note"]
    assert row["digest"] == result_digest(told)
    [row] = page_data(build_report(tmp_path).path)["rows"]
    assert row["digest"] == result_digest(told)


def test_cases_that_a_later_run_has_are_not_told_as_missing_and_none_twice() -> None:
    earlier = {"cases": [], "not_reached": ["a", "b", "c"], "labels": {"humerus": 1}}
    last = {"cases": [record("a")], "not_reached": ["b"], "labels": {"humerus": 1}}
    content = last | {"earlier_runs": [earlier, earlier], "left_to_other_parts": ["d"]}
    assert rows.parse_report(content).not_reached == ("b", "c", "d")
