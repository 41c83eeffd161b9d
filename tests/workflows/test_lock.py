"""Locks of folders, also where a file that is open cannot be removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shoulderseg.workflows.cohort.presence import at_work, claimed, count_runs, folder_locked
from shoulderseg.workflows.lock import locked


class Busy(Exception):  # noqa: N818  (no error)
    """Raised where somebody holds a lock."""


@pytest.fixture
def keeps_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows does with the file of a lock that is held."""
    unlink = Path.unlink

    def refuse(path: Path, *args: Any, **options: Any) -> None:  # noqa: ANN401
        if path.suffix == ".lock":
            raise PermissionError(13, "another process uses the file", str(path))
        unlink(path, *args, **options)

    monkeypatch.setattr(Path, "unlink", refuse)


@pytest.mark.usefixtures("keeps_open_files")
def test_a_lock_is_given_up_where_its_file_cannot_be_removed(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / "a.lock", 0, Busy(), remove=True):
            pass
    with (
        pytest.raises(ZeroDivisionError),
        locked(tmp_path / "a.lock", 0, Busy(), remove=True),
    ):
        raise ZeroDivisionError
    with locked(tmp_path / "a.lock", 0, Busy()):
        pass


@pytest.mark.usefixtures("keeps_open_files")
def test_runs_come_and_go_where_open_files_cannot_be_removed(tmp_path: Path) -> None:
    for _ in range(2):
        with at_work(tmp_path, {}), claimed(tmp_path, "a"), folder_locked(tmp_path, 0):
            pass
    assert count_runs(tmp_path) == 0


def test_an_interruption_while_a_file_is_removed_gives_the_lock_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(Path, "unlink", stop)
        with (
            pytest.raises(KeyboardInterrupt),
            locked(tmp_path / "a.lock", 0, Busy(), remove=True),
        ):
            pass
    with locked(tmp_path / "a.lock", 0, Busy(), remove=True):
        assert (tmp_path / "a.lock").exists()
    assert not (tmp_path / "a.lock").exists()
