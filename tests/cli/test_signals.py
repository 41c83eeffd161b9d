"""Commands that are ended from outside leave nothing of a patient behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.datasets.dicom.writing import series, write
from tests.zip_files import packed

COMMAND = [sys.executable, "-c", "from shoulderseg.cli.app import run; run()"]
# Of a busy machine; nothing waits that long.
PATIENCE_S = 120.0


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A zip file of a series called after its patient."""
    folder = tmp_path / "MARTENS_IDA"
    write(folder, series())
    entries = [
        (f"MARTENS_IDA/{number}.dcm", path.read_bytes())
        for number, path in enumerate(sorted(folder.iterdir()))
    ]
    return packed(tmp_path / "in.zip", *entries)


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The commands' folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def started(words: list[object], temporary: Path, *, ignored: str = "") -> subprocess.Popen[bytes]:
    """A command at work, which has unpacked its input."""
    # However the tests were started: in the background of a shell some signals are ignored.
    before = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    for name in ("SIGTERM", "SIGHUP"):
        handler = "SIG_IGN" if name == ignored else "SIG_DFL"
        before += f"signal.signal(signal.{name}, signal.{handler}); "
    process = subprocess.Popen(
        [sys.executable, "-c", before + COMMAND[2], *map(str, words)],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + PATIENCE_S
    while not list(temporary.rglob("5.dcm")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    return process


def words(archive: Path, untrained: Path, tmp_path: Path) -> list[object]:
    """Keeps the unpacked files for seconds, since the networks are loaded afterwards."""
    return ["predict", archive, tmp_path / "out", "--model", untrained, "--device", "cpu"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_what_a_zip_held_goes_when_the_command_is_ended(
    archive: Path, untrained: Path, temporary: Path, tmp_path: Path, name: str
) -> None:
    process = started(words(archive, untrained, tmp_path), temporary)
    process.send_signal(getattr(signal, name))
    # Batch systems ask more than once.
    if name != "SIGINT":
        process.send_signal(getattr(signal, name))
    code = process.wait(PATIENCE_S)
    assert code == (130 if name == "SIGINT" else 128 + getattr(signal, name))
    assert list(temporary.iterdir()) == []


def test_the_loss_of_the_terminal_is_ignored_where_it_was(
    archive: Path, untrained: Path, temporary: Path, tmp_path: Path
) -> None:
    """As by nohup."""
    process = started(words(archive, untrained, tmp_path), temporary, ignored="SIGHUP")
    process.send_signal(signal.SIGHUP)
    assert process.wait(PATIENCE_S) == 0
    assert list((tmp_path / "out").glob("*.nii.gz"))


@pytest.fixture
def killed(archive: Path, untrained: Path, temporary: Path, tmp_path: Path) -> Iterator[list[Path]]:
    """What a killed command leaves."""
    process = started(words(archive, untrained, tmp_path), temporary)
    process.kill()
    process.wait()
    yield list(temporary.iterdir())
    shutil.rmtree(temporary)


def test_the_next_command_removes_what_a_killed_one_left(
    killed: list[Path], temporary: Path
) -> None:
    assert [path.stat().st_mode & 0o777 for path in killed] == [0o700]
    files = [path for path in killed[0].rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    subprocess.run(
        [*COMMAND, "models"],
        env={**os.environ, "TMPDIR": str(temporary)},
        check=True,
        capture_output=True,
    )
    assert list(temporary.iterdir()) == []
