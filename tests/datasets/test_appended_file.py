from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shoulderseg.datasets.appended_file import LONGEST, append_line

WRITER = """
import sys
from pathlib import Path
from shoulderseg.datasets.appended_file import append_line
print("ready", flush=True)
sys.stdin.readline()
for number in range(300):
    append_line(Path(sys.argv[1]), sys.argv[2] * (3 * number + 1))
"""


def test_lines_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "log"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [
        subprocess.Popen([*command, letter], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for letter in "abc"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    # All of them wait now; none has begun.
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)

    lines = path.read_text().splitlines()

    expected = [letter * (3 * number + 1) for letter in "abc" for number in range(300)]
    assert sorted(lines) == sorted(expected)


def test_an_unfinished_line_is_ended_first(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"whole\nhal")
    append_line(path, "next")
    append_line(path, "last")
    assert path.read_bytes() == b"whole\nhal\nnext\nlast\n"


@pytest.mark.parametrize("line", ["a\nb", "x" * (LONGEST + 1), "naïve"])
def test_what_would_not_be_one_short_line_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match=r"expected one line|ascii"):
        append_line(tmp_path / "log", line)
    assert not (tmp_path / "log").exists()


def test_links_and_pipes_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine\n")
    (tmp_path / "soft").symlink_to(other)
    (tmp_path / "dangling").symlink_to(tmp_path / "made")
    os.link(other, tmp_path / "hard")
    os.mkfifo(tmp_path / "pipe")
    for name in ("soft", "dangling", "hard", "pipe"):
        with pytest.raises(OSError, match=name):
            append_line(tmp_path / name, "event")
    assert other.read_text() == "mine\n"
    assert not (tmp_path / "made").exists()


def test_a_device_is_refused() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full")
    with pytest.raises(OSError, match="no plain file"):
        append_line(full, "event")


def test_a_line_of_which_a_part_was_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = tmp_path / "log", os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda opened, content: write(opened, content[:3]))
        with pytest.raises(OSError, match="only a part"):
            append_line(path, "event")

    def refuse(opened: int, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuse)
        with pytest.raises(OSError, match="No space left"):
            append_line(path, "event")
    append_line(path, "next")
    assert path.read_text() == "eve\nnext\n"
