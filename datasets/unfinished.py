"""Hidden folders of files that are being written: whose they are, and when they are left over."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

# Their names begin with this.
UNFINISHED = ".part-"
# So long nobody takes to write on, unless the machine sleeps.
_OLD_S = 3600.0


def unfinished_prefix() -> str:
    """Gives the beginning of a folder's name that tells which process of which machine made it."""
    return f"{UNFINISHED}{_machine()}-{os.getpid()}-"


def sweep_unfinished(folder: Path, own: str = "", *, alone: bool = False) -> None:
    """Removes what killed processes left of files that they were writing.

    That is what a process of this machine made that has ended, and of others what has not changed
    for an hour: another command may be writing below the folder.

    Args:
        folder: Where to look, also in folders below it; links in it are not followed.
        own: What folders below it that others write to have in them; these are left alone.
        alone: Whether nobody else writes into the folder, so that all is left over.
    """
    for place, folders, _ in os.walk(folder):
        for name in [name for name in folders if name.startswith(UNFINISHED)]:
            left = Path(place) / name
            if not left.is_symlink() and (alone or _is_left(left)):
                shutil.rmtree(left, ignore_errors=True)
        # Where another run may be at work.
        if own:
            folders[:] = [name for name in folders if not (Path(place) / name / own).exists()]


@cache
def _machine() -> str:
    """A short hash of the machine's name, and of what its processes are counted in."""
    counted = 0
    # Containers of one name have processes of the same numbers.
    with suppress(OSError):
        counted = Path("/proc/self/ns/pid").stat().st_ino
    return hashlib.sha256(f"{platform.node()} {counted}".encode()).hexdigest()[:8]


def _is_left(folder: Path) -> bool:
    """Whether nobody writes into a folder any longer."""
    machine, _, rest = folder.name.removeprefix(UNFINISHED).partition("-")
    process = rest.partition("-")[0]
    if machine == _machine() and process.isdecimal() and not _is_alive(int(process)):
        return True
    try:
        changed = max(one.lstat().st_mtime for one in (folder, *folder.iterdir()))
    except OSError:
        # It has just been finished.
        return False
    return time.time() - changed > _OLD_S


def _is_alive(process: int) -> bool:
    """Whether a process of this machine runs; where nothing tells it may."""
    # On Windows this would end it.
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    # One that has ended stays until it is asked how.
    with suppress(OSError):
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return state.rpartition(")")[2].split()[:1] != ["Z"]
    return True
