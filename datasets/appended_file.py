"""Lines at the end of a file that several processes write to at the same time."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

# What one call writes in one piece.
LONGEST = 4000
# How long that takes at most; who takes longer gets an empty line in between.
_WRITING_S = 0.05


def append_line(path: Path, line: str) -> None:
    """Adds a line in one piece, so that lines of several processes do not mix.

    A line that was left unfinished, as on a full disk, is ended first. Only a plain file of one
    name is written to: behind a link lies a file of somebody else.

    Args:
        path: the file; made if it is not there.
        line: ASCII without an end of line, at most `LONGEST` characters.

    Raises:
        ValueError: if the line is too long or has an end of line.
        OSError: if the file is a link or no plain file, or cannot be written to.
    """
    content = line.encode("ascii") + b"\n"
    if len(content) > LONGEST + 1 or b"\n" in content[:-1]:
        msg = f"a line of {len(content)} bytes, expected one line of at most {LONGEST}"
        raise ValueError(msg)
    # A system without O_NOFOLLOW is asked before.
    if path.is_symlink():
        msg = f"{path.name} is a link, expected a plain file or none"
        raise OSError(msg)
    # A pipe would be waited for.
    more = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    opened = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | more, 0o666)
    try:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            msg = f"{path.name} is no plain file of one name, expected that or none"
            raise OSError(msg)
        if _is_unfinished(opened):
            content = b"\n" + content
        if os.write(opened, content) < len(content):
            msg = f"{path.name}: only a part of the line could be written"
            raise OSError(msg)
    finally:
        os.close(opened)


def _is_unfinished(opened: int) -> bool:
    """Whether the last line of a file has no end, nor gets one from who writes it right now."""
    size = -1
    while True:
        before, size = size, os.fstat(opened).st_size
        if not size:
            return False
        os.lseek(opened, size - 1, os.SEEK_SET)
        if os.read(opened, 1) == b"\n":
            return False
        if size == before:
            return True
        # Half of a line of another process can be seen where it crosses a page.
        time.sleep(_WRITING_S)
