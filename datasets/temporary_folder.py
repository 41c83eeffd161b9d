"""Folders for what must not stay: private, and removed also after a process was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Only what is called so, is this user's alone and holds these two is removed by a later process.
PREFIX = ".shoulderseg-work-"
_LOCK, _CONTENT = ".shoulderseg-lock", "content"
_NEW = ".shoulderseg-new-"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Makes a folder in the system's folder for temporary files, for this user alone.

    Yields:
        The folder, empty. It is removed at the end, also after an exception; what a killed process
        leaves is removed by `sweep_temporary_folders` in a later one.

    Raises:
        OSError: If it cannot be made.
    """
    from filelock import FileLock

    folder = Path(tempfile.mkdtemp(prefix=_NEW))
    # The system gives the lock up when the process ends, however it ends.
    lock = FileLock(folder / _LOCK, mode=0o600)
    try:
        lock.acquire(timeout=0)
        (folder / _CONTENT).mkdir(mode=0o700)
        folder = _published(folder)
        yield folder / _CONTENT
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def sweep_temporary_folders() -> int:
    """Removes the folders of processes that were killed.

    Returns:
        How many. Folders of other users, links, folders of living processes and of other programs
        are left alone.
    """
    swept = 0
    # Without a folder for temporary files there is nothing to remove.
    with contextlib.suppress(OSError):
        for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            # Another process may sweep the same.
            with contextlib.suppress(OSError):
                swept += _is_ours(folder) and _remove_abandoned(folder)
    return swept


def _published(folder: Path) -> Path:
    """Gives a folder that is locked the name that is swept: so no other process takes it for left.

    Where a folder with an open file cannot be renamed (Windows) it keeps its first name.
    """
    name = folder.with_name(PREFIX + folder.name.removeprefix(_NEW))
    try:
        return folder.rename(name)
    except PermissionError:
        return folder


def _is_ours(folder: Path) -> bool:
    found = folder.lstat()
    private = not hasattr(os, "getuid") or (
        found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) == 0o700
    )
    if not private or not stat.S_ISDIR(found.st_mode):
        return False
    return {entry.name for entry in folder.iterdir()} <= {_LOCK, _CONTENT} and (
        (folder / _LOCK).is_file() and not (folder / _LOCK).is_symlink()
    )


def _remove_abandoned(folder: Path) -> bool:
    from filelock import FileLock, Timeout

    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    try:
        shutil.rmtree(folder)
    finally:
        lock.release()
    return True
