"""One process at a time in a folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)


@contextmanager
def locked(
    path: Path, timeout_s: float, busy: Exception, *, remove: bool = False
) -> Iterator[None]:
    """Holds a lock file while the block runs; raises `busy` where another process does.

    Args:
        path: the lock file, in a folder that is there.
        timeout_s: how long to wait for another process.
        busy: what is raised where another process keeps it longer.
        remove: whether the file goes when the block ends, where the system removes it.

    Raises:
        ValueError: if it is a link, through which a file elsewhere would be opened or made.
        OSError: if it cannot be made.
    """
    from filelock import FileLock, Timeout

    # Versions of filelock before 3.20.1 follow a link and empty the file that it leads to.
    if path.is_symlink():
        msg = f"{path} is a link, expected a lock file or none; remove the link"
        raise ValueError(msg)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=timeout_s)
        while remove and not path.exists():
            # Whoever held it has removed the file since it was opened.
            lock.release()
            lock.acquire(timeout=timeout_s)
    except Timeout:
        raise busy from None
    try:
        yield
    finally:
        try:
            if remove:
                # While it is held: one that waits for it then sees that its file has gone. Windows
                # removes no open file; there the release does, unless somebody waits. What stays
                # is held by nobody, and whoever comes next uses it.
                with suppress(OSError):
                    path.unlink(missing_ok=True)
        finally:
            lock.release()


@contextmanager
def alone_in(folder: Path, what: str) -> Iterator[None]:
    """Makes a folder, and lets nobody else work in it while the block runs.

    Args:
        folder: where; its lock file stays.
        what: is at work there, such as `another experiment`.

    Raises:
        TimeoutError: if somebody is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    msg = f"{what} is at work in {folder}; wait for its end or choose another folder"
    with locked(folder / ".lock", 0, TimeoutError(msg)):
        yield


@contextmanager
def held_open(path: Path, busy: Exception) -> Iterator[int]:
    """Holds a lock file for as long as the block runs, or a process that keeps the file open.

    Args:
        path: the lock file, in a folder that is there; it stays.
        busy: what is raised where another process holds it.

    Yields:
        The open file, to be handed to a process; -1 where system or disk have no such locks.

    Raises:
        OSError: if it cannot be made.
    """
    try:
        import fcntl
    except ImportError:
        yield -1
        return
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            # A network disk without such locks.
            yield -1
            return
        yield opened
    finally:
        os.close(opened)
