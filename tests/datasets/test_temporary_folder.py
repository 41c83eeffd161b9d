"""Folders for what must not stay."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from shoulderseg.datasets.temporary_folder import sweep_temporary_folders, temporary_folder

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
    elsewhere = tmp_path / "mine"
    elsewhere.mkdir()
    (elsewhere / ".lock").touch()
    (temporary / "shoulderseg-link").symlink_to(elsewhere)
    (temporary / "shoulderseg-new").mkdir()
    (temporary / "another-program").mkdir()
    (temporary / "shoulderseg-file").touch()
    old = temporary / "shoulderseg-old"
    old.mkdir()
    long_ago = time.time() - 10 * 86400
    os.utime(old, (long_ago, long_ago))
    assert sweep_temporary_folders() == 1
    assert not old.exists()
    assert len(list(temporary.iterdir())) == 4
    assert (elsewhere / ".lock").exists()
