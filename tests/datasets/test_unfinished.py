"""What is left of files that were being written, and what somebody still writes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shoulderseg.datasets.output_file import replaced_file, write_text
from shoulderseg.datasets.unfinished import UNFINISHED, sweep_unfinished

WRITE = """
import os, sys
from pathlib import Path
from shoulderseg.datasets.output_file import replaced_file
with replaced_file(Path(sys.argv[1]) / "a.txt") as part:
    part.write_text("half")
    os._exit(1)
"""
HOUR_S = 3600


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def made(folder: Path, age_s: float, file_age_s: float) -> Path:
    """A folder of a process that nothing is known of."""
    folder.mkdir(parents=True)
    (folder / "part.txt").write_bytes(b"half")
    now = time.time()
    os.utime(folder / "part.txt", (now - file_age_s,) * 2)
    os.utime(folder, (now - age_s,) * 2)
    return folder


def test_what_a_process_that_has_ended_left_goes_at_once(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", WRITE, tmp_path], check=False)
    [left] = names(tmp_path)
    assert left.startswith(UNFINISHED)
    sweep_unfinished(tmp_path)
    assert names(tmp_path) == []


def test_what_a_process_that_has_ended_unnoticed_left_goes_too(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITE, tmp_path], stdout=subprocess.PIPE) as one:
        assert one.stdout is not None
        # Its end is seen, and not asked for.
        one.stdout.read()
        os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOWAIT)
        sweep_unfinished(tmp_path)
        assert names(tmp_path) == []


def test_what_this_process_writes_stays(tmp_path: Path) -> None:
    with replaced_file(tmp_path / "a.txt") as part:
        part.write_text("half")
        sweep_unfinished(tmp_path)
    assert names(tmp_path) == ["a.txt"]
    write_text(tmp_path / "a.txt", "whole")
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    ("age_s", "file_age_s", "stays"),
    [
        (0.5 * HOUR_S, 2 * HOUR_S, True),
        (2 * HOUR_S, 0.5 * HOUR_S, True),
        (2 * HOUR_S, 2 * HOUR_S, False),
    ],
)
def test_what_others_left_goes_after_an_hour(
    tmp_path: Path, age_s: float, file_age_s: float, stays: bool
) -> None:
    left = made(tmp_path / "report" / ".part-q7x2", age_s, file_age_s)
    other = made(tmp_path / ".part-0123abcd-1-q7x2", age_s, file_age_s)
    sweep_unfinished(tmp_path)
    assert (left.exists(), other.exists()) == (stays, stays)


def test_where_nobody_else_writes_all_goes(tmp_path: Path) -> None:
    made(tmp_path / ".part-q7x2", 0, 0)
    sweep_unfinished(tmp_path, alone=True)
    assert names(tmp_path) == []
