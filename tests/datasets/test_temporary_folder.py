"""Folders for what must not stay."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from shoulderseg.datasets.temporary_folder import (
    PREFIX,
    sweep_temporary_folders,
    temporary_folder,
)

KEEPING = """
import sys, time
from shoulderseg.datasets.temporary_folder import temporary_folder
with temporary_folder() as folder:
    (folder / "patient.dcm").write_bytes(b"x")
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder for temporary files, for this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def keeping(temporary: Path) -> subprocess.Popen[str]:
    """Another process that has a temporary folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", KEEPING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_it_is_private_and_goes(temporary: Path) -> None:
    before = os.umask(0)
    try:
        with temporary_folder() as folder:
            (outer,) = temporary.iterdir()
            assert outer.stat().st_mode & 0o777 == 0o700
            assert list(folder.iterdir()) == []
            # Its own folder is nobody's to take.
            assert sweep_temporary_folders() == 0
            assert folder.is_dir()
    finally:
        os.umask(before)
    assert list(temporary.iterdir()) == []


def test_it_goes_after_an_exception(temporary: Path) -> None:
    def interrupted() -> None:
        with temporary_folder() as folder:
            (folder / "a").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(temporary.iterdir()) == []


def test_only_what_dead_processes_left_is_swept(temporary: Path) -> None:
    living, killed = keeping(temporary), keeping(temporary)
    killed.kill()
    killed.communicate()
    assert len(list(temporary.rglob("patient.dcm"))) == 2
    assert sweep_temporary_folders() == 1
    (left,) = temporary.rglob("patient.dcm")
    living.communicate("")
    assert not left.exists()
    assert list(temporary.iterdir()) == []


def test_other_folders_stay(temporary: Path, tmp_path: Path) -> None:
    """Whatever they are called: only what this package made is its to remove."""
    elsewhere = left(tmp_path / "mine")
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    (temporary / f"{PREFIX}file").touch()
    (temporary / f"{PREFIX}empty").mkdir(0o700)
    (left(temporary / f"{PREFIX}more") / "thesis.txt").touch()
    left(temporary / f"{PREFIX}open").chmod(0o755)
    for name in ("shoulderseg-results", "shoulderseg-clone", "another-program"):
        folder = left(temporary / name)
        long_ago = time.time() - 10 * 86400
        os.utime(folder, (long_ago, long_ago))
    before = sorted(path.name for path in temporary.iterdir())
    assert sweep_temporary_folders() == 0
    assert sorted(path.name for path in temporary.iterdir()) == before
    left(temporary / f"{PREFIX}a1b2c3d4")
    assert sweep_temporary_folders() == 1


def left(folder: Path) -> Path:
    """What a killed process leaves."""
    folder.mkdir(0o700)
    (folder / "content").mkdir()
    (folder / ".shoulderseg-lock").touch()
    return folder


def test_without_a_folder_for_temporary_files_nothing_is_swept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    assert sweep_temporary_folders() == 0
