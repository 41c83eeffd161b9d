from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shoulderseg.workflows.cohort.presence import folder_locked
from shoulderseg.workflows.segmentation import run_report
from shoulderseg.workflows.segmentation.pace import Pace
from shoulderseg.workflows.segmentation.run_report import RunReport


class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_rest_is_twenty_times_as_long_as_what_it_follows(tmp_path: Path) -> None:
    clock = Clock()
    pace = Pace(clock=clock)
    assert pace.due

    def fail() -> None:
        clock.now += 2
        (tmp_path / "none").read_text()

    with pytest.raises(FileNotFoundError), pace.taken():
        fail()
    assert not pace.due
    clock.now += 39
    assert not pace.due
    clock.now += 1
    assert pace.due


def test_what_is_quick_needs_no_rest() -> None:
    clock = Clock()
    pace = Pace(0.5, clock)
    with pace.taken():
        clock.now += 0.5
    assert pace.due
    with pace.taken():
        clock.now += 0.6
    assert not pace.due


def test_a_report_that_takes_long_is_not_written_after_each_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(run_report, "Pace", lambda quick_s: Pace(quick_s, clock))

    @contextmanager
    def slowly(out: Path, wait_s: float) -> Iterator[None]:
        with folder_locked(out):
            clock.now += 3
            yield

    path = tmp_path / "report.json"
    names = [f"c{number}" for number in range(4)]
    report = RunReport(path, {"labels": {}}, names)
    report.begin()
    report.add({"case": "c0", "error": "bad"})
    assert '"not_reached": [\n    "c1"' in path.read_text()

    monkeypatch.setattr(run_report, "folder_locked", slowly)
    report.add({"case": "c1", "error": "bad"})
    written = path.read_text()
    assert '"not_reached": [\n    "c2"' in written
    report.add({"case": "c2", "error": "bad"})
    assert path.read_text() == written
    clock.now += 60
    report.add({"case": "c3", "error": "bad"})
    assert '"not_reached": []' in path.read_text()
