"""What the log of the runs into a folder tells."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shoulderseg.workflows.outputs.plan import REPORT_FILE, RUN_LOG_FILE
from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.cohort.runs import NAMES, go, masks


def events(out: Path) -> list[dict[str, Any]]:
    lines = (out / RUN_LOG_FILE).read_text(encoding="ascii").splitlines()
    return [json.loads(line) for line in lines]


def told(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["event"], event.get("case", "")) for event in found]


def test_a_run_notes_how_each_case_went(segmenter: Segmenter, images: Path, tmp_path: Path) -> None:
    (images / "b.nii.gz").write_bytes(b"no image")
    out = tmp_path / "out"
    go(segmenter, images, out)

    found = events(out)

    assert told(found) == [
        ("run_started", ""),
        ("case_started", "a"),
        ("case_done", "a"),
        ("case_started", "b"),
        ("case_failed", "b"),
        ("case_started", "c"),
        ("case_done", "c"),
        ("run_ended", ""),
    ]
    report = json.loads((out / REPORT_FILE).read_text())
    assert {event["run"] for event in found} == {report["run_id"]}
    assert {event["process"] for event in found} == {os.getpid()}
    times = [datetime.fromisoformat(event["time"]) for event in found]
    assert times == sorted(times)
    assert {moment.utcoffset() for moment in times} == {timedelta(0)}
    assert found[0]["cases"] == 3
    assert found[2]["seconds"] == report["cases"][0]["seconds"]["total"]
    assert found[2].get("flags", 0) == len(report["cases"][0]["quality"]["flags"])
    assert found[4]["error"] == report["cases"][1]["error"][:120]
    assert found[4]["seconds"] >= 0
    ended = found[-1]
    assert (ended["reason"], ended["done"], ended["failed"]) == ("finished", 2, 1)
    assert (ended["kept"], ended["not_reached"]) == (0, 0)


def test_runs_add_up_and_kept_cases_are_told(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out, stop_before="c")
    first = events(out)
    assert (first[-1]["event"], first[-1]["reason"]) == ("run_ended", "interrupted")
    assert (first[-1]["done"], first[-1]["not_reached"]) == (2, 1)

    go(segmenter, images, out)

    second = events(out)[len(first) :]
    assert events(out)[: len(first)] == first
    assert told(second)[1:-1] == [
        ("case_kept", "a"),
        ("case_kept", "b"),
        ("case_started", "c"),
        ("case_done", "c"),
    ]
    assert second[0]["run"] != first[0]["run"]
    assert (second[-1]["done"], second[-1]["kept"]) == (3, 2)


def test_what_ends_a_run_is_told_without_its_message(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    def stop(case: str) -> None:
        msg = "/home/Doe_Jane/scans is gone"
        raise OSError(msg)

    with pytest.raises(OSError, match="is gone"):
        go(segmenter, images, tmp_path / "out", after=stop)
    ended = events(tmp_path / "out")[-1]
    assert (ended["reason"], ended["error"]) == ("failed", "OSError")
    assert "Doe" not in (tmp_path / "out" / RUN_LOG_FILE).read_text()


def test_a_log_that_cannot_be_written_fails_no_case_and_is_told_once(
    segmenter: Segmenter,
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("shoulderseg.datasets.appended_file.append_line", full)
    out = tmp_path / "out"
    go(segmenter, images, out)
    assert len(masks(out)) == 3
    warnings = [line for line in caplog.messages if RUN_LOG_FILE in line]
    assert len(warnings) == 1
    assert "No space left" in warnings[0]


def test_a_link_in_its_place_is_not_followed(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out, mine = tmp_path / "out", tmp_path / "mine"
    out.mkdir()
    mine.write_text("mine")
    (out / RUN_LOG_FILE).symlink_to(mine)
    go(segmenter, images, out)
    assert len(masks(out)) == 3
    assert mine.read_text() == "mine"


def predict(model: Path, images: Path, out: Path) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name("shoulderseg")
    words: list[str | Path] = ["predict", images, out, "--model", model, "--device", "cpu"]
    return subprocess.Popen([program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_killed_run_ends_without_a_word_and_the_next_one_goes_on(
    untrained: Path, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = predict(untrained, images, out)
    while not list(out.glob("*.nii.gz")):
        assert process.poll() is None
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(60)
    killed = events(out)
    assert "run_ended" not in {event["event"] for event in killed}
    # So a disk that is full, or a power cut, may leave a line.
    with (out / RUN_LOG_FILE).open("a") as log:
        log.write('{"time": "20')

    assert predict(untrained, images, out).wait(240) == 0

    lines = (out / RUN_LOG_FILE).read_text().splitlines()
    assert lines[len(killed)] == '{"time": "20'
    again = [json.loads(line) for line in lines[len(killed) + 1 :]]
    assert (again[0]["event"], again[-1]["event"]) == ("run_started", "run_ended")
    assert again[-1]["done"] == 3
    assert sum(event["event"] == "case_kept" for event in again) == again[-1]["kept"]


def test_two_runs_in_one_folder_write_to_one_log(
    untrained: Path, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    jobs = [predict(untrained, images, out) for _ in range(2)]
    assert [job.wait(240) for job in jobs] == [0, 0]
    found = events(out)
    kinds = Counter(event["event"] for event in found)
    assert (kinds["run_started"], kinds["run_ended"]) == (2, 2)
    # Each case is done by one, and kept by the other.
    assert (kinds["case_done"], kinds["case_kept"]) == (3, 3)
    done = {event["case"] for event in found if event["event"] == "case_done"}
    assert done == set(NAMES)
    assert {event["process"] for event in found} == {job.pid for job in jobs}
