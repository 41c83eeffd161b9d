"""Folders for what must not stay: private, and removed also after a process was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "shoulderseg-"
_LOCK = ".lock"
# A folder without a lock is just being made, or of a release that made none.
_ABANDONED_SECONDS = 86400.0


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

    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        # The system gives the lock up when the process ends, however it ends.
        lock = FileLock(Path(name, _LOCK), mode=0o600)
        lock.acquire(timeout=0)
        try:
            content = Path(name, "content")
            content.mkdir(mode=0o700)
            yield content
        finally:
            lock.release()


def sweep_temporary_folders() -> int:
    """Removes the folders of processes that were killed.

    Returns:
        How many. Folders of other users, links, and folders of living processes are left alone.
    """
    swept = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Another process may sweep the same, and what is not ours cannot be removed.
        with contextlib.suppress(OSError):
            if _is_own_folder(folder) and _is_abandoned(folder):
                shutil.rmtree(folder)
                swept += 1
    return swept


def _is_own_folder(folder: Path) -> bool:
    found = folder.lstat()
    own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return own and stat.S_ISDIR(found.st_mode)


def _is_abandoned(folder: Path) -> bool:
    from filelock import FileLock, Timeout

    path = folder / _LOCK
    if not path.is_file() or path.is_symlink():
        return time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True
