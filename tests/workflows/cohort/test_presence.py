"""Several processes in one folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoulderseg.workflows.cohort.presence import (
    LOCK_FILE,
    BusyError,
    at_work,
    claimed,
    count_runs,
    folder_locked,
)
from shoulderseg.workflows.cohort.status import read_status
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.cohort.runs import NAMES, go, masks, write_image

OTHER_RUN = """
import sys
from pathlib import Path
from shoulderseg.workflows.cohort.presence import at_work, claimed
out = Path(sys.argv[1])
with at_work(out, {"vote": "mean"}), claimed(out, "b"):
    print("at work", flush=True)
    sys.stdin.read()
"""


OTHER_CLAIM = """
import sys
from pathlib import Path
from shoulderseg.workflows.cohort.presence import claimed
with claimed(Path(sys.argv[1]), "b"):
    print("at work", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def another(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is at work in `out`, on case b, until its standard input ends."""
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", OTHER_RUN, str(tmp_path / "out")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        # An empty line at the end of a process that failed.
        assert process.stdout.readline() == "at work\n"
        yield process
        process.kill()


def test_a_run_with_other_options_is_refused_while_one_is_at_work(
    segmenter: Segmenter, images: Path, tmp_path: Path, another: subprocess.Popen[str]
) -> None:
    out = tmp_path / "out"
    with pytest.raises(ValueError, match=r"another run is at work in .* other options"):
        go(segmenter, images, out)
    assert masks(out) == {}
    assert not (out / REPORT_FILE).exists()

    another.communicate(timeout=60)

    assert go(segmenter, images, out).begun == list(NAMES)


def test_a_run_with_the_same_options_is_let_in(
    tmp_path: Path, another: subprocess.Popen[str]
) -> None:
    out = tmp_path / "out"
    with at_work(out, {"vote": "mean"}):
        assert count_runs(out) == 2
        with claimed(out, "a"):
            pass
        with pytest.raises(BusyError, match="another process works on b"), claimed(out, "b"):
            pass
    assert count_runs(out) == 1
    assert another.poll() is None


def test_a_killed_run_leaves_the_folder_free(
    tmp_path: Path, another: subprocess.Popen[str]
) -> None:
    out = tmp_path / "out"
    another.kill()
    another.wait(60)
    (out / ".part-left").mkdir()
    os.utime(out / ".part-left", (0, 0))
    # As another command makes one for a file that it is writing below the folder.
    (out / "report").mkdir()
    (out / "report" / ".part-now").mkdir()
    with at_work(out, {"vote": "majority"}):
        # The first one in the folder sweeps it.
        assert not (out / ".part-left").exists()
        assert (out / "report" / ".part-now").is_dir()
        with claimed(out, "b"):
            pass
    assert count_runs(out) == 0
    assert not (out / LOCK_FILE).exists()
    assert list((out / ".shoulderseg").iterdir()) == []


def test_unfinished_files_of_a_run_at_work_stay(
    tmp_path: Path, another: subprocess.Popen[str]
) -> None:
    (tmp_path / "out" / ".part-now").mkdir()
    os.utime(tmp_path / "out" / ".part-now", (0, 0))
    with at_work(tmp_path / "out", {"vote": "mean"}):
        assert (tmp_path / "out" / ".part-now").is_dir()
    assert another.poll() is None


def test_one_process_at_a_time_has_the_report(tmp_path: Path) -> None:
    with folder_locked(tmp_path):
        assert (tmp_path / LOCK_FILE).exists()
    assert not (tmp_path / LOCK_FILE).exists()


def test_a_case_that_another_works_on_comes_last(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "-c", OTHER_CLAIM, str(out)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "at work\n"

        def after(case: str) -> None:
            if case == "c":
                other.communicate(timeout=60)

        told = go(segmenter, images, out, after=after)

    assert told.begun == ["a", "c", "b"]
    report = json.loads((out / REPORT_FILE).read_text())
    assert (report["complete"], report["not_reached"]) == (True, [])


def predict(model: Path, images: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name("shoulderseg")
    words: list[str | Path] = ["predict", images, out, "--model", model, "--device", "cpu", *more]
    return subprocess.Popen([program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_run_killed_at_any_moment_goes_on_and_gives_the_same_bytes(
    untrained: Path, images: Path, tmp_path: Path
) -> None:
    for number in range(9):
        write_image(images / f"more{number}.nii.gz", 50 + number)
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert predict(untrained, images, whole).wait(240) == 0
    for count in (1, 4, 8):
        process = predict(untrained, images, out)
        while process.poll() is None and len(list(out.glob("*.nii.gz"))) < count:
            time.sleep(0.002)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)

    assert predict(untrained, images, out).wait(240) == 0

    report = json.loads((out / REPORT_FILE).read_text())
    assert sum(record.get("kept", False) for record in report["cases"]) >= 7
    assert masks(out) == masks(whole)
    assert len(masks(out)) == 12
    found = read_status(out)
    assert (found.done, found.failed, found.missing, found.at_work) == (12, {}, (), 0)
    assert list(out.rglob(".part-*")) == []


def test_parts_of_a_run_at_the_same_time_add_up(
    untrained: Path, images: Path, tmp_path: Path
) -> None:
    for number in range(4):
        write_image(images / f"more{number}.nii.gz", 50 + number)
    (images / "bad.nii.gz").write_bytes(b"no image")
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert predict(untrained, images, whole).wait(240) == 1

    jobs = [predict(untrained, images, out, "--part", f"{number}/3") for number in (1, 2, 3)]
    codes = sorted(job.wait(240) for job in jobs)

    # The bad image is in one of the parts.
    assert codes == [0, 0, 1]
    assert masks(out) == masks(whole)
    report = json.loads((out / REPORT_FILE).read_text())
    runs = [report, *report["earlier_runs"]]
    records = [record["case"] for run in runs for record in run["cases"]]
    assert sorted(records) == sorted([*NAMES, "bad", *(f"more{number}" for number in range(4))])
    assert all(run["complete"] for run in runs)
    assert list(read_status(out).failed) == ["bad"]
    assert read_status(out).done == 7


def test_two_runs_of_the_same_cases_share_them(
    untrained: Path, images: Path, tmp_path: Path
) -> None:
    for number in range(9):
        write_image(images / f"more{number}.nii.gz", 50 + number)
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert predict(untrained, images, whole).wait(240) == 0

    jobs = [predict(untrained, images, out) for _ in range(2)]

    assert [job.wait(240) for job in jobs] == [0, 0]
    report = json.loads((out / REPORT_FILE).read_text())
    assert len(report["cases"]) == 12
    assert masks(out) == masks(whole)
    assert read_status(out).done == 12
