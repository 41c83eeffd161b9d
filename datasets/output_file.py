"""The one way in which files of ours come into a folder that somebody else may write to, too.

A file is made under a name that nobody can foresee, in a folder of its own, and then renamed. So it
is whole or not there, and a link that waits under its name is replaced, never followed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.datasets.temporary_folder import temporary_folder
from shoulderseg.datasets.unfinished import UNFINISHED, unfinished_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

# Writers choose the format by the suffix, and ITK drops a second suffix of an image.
_DOUBLE = ".nii.gz"
# Names of open streams, such as /dev/stdout: nothing can be put in their place.
_STREAMS = tuple(map(Path, ("/dev", "/dev/fd", "/proc/self/fd")))


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Gives a temporary path that becomes `path` when the block ends without an error.

    What was written is on the disk before the name is: a power cut leaves no empty file under it.

    The temporary file lies in a hidden folder beside it, so that neither a suffix search nor a
    folder listing takes it for a finished one. It has the suffixes of the final name alone, since
    ITK drops a second suffix of an image: "a.img.nii.gz" would become "a.nii.gz".

    Args:
        path: The file to write or replace. A link of this name is replaced, not followed. What is
            written to an open stream, such as `/dev/stdout`, goes there when the block ends.

    Yields:
        The path to write to.

    Raises:
        OSError: If the folder cannot be written to; names the file, not the temporary one.
    """
    if path.parent in _STREAMS:
        with temporary_folder() as scratch:
            yield scratch / "part"
            with (scratch / "part").open("rb") as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
        return
    with (
        _called_by(path),
        tempfile.TemporaryDirectory(dir=path.parent, prefix=unfinished_prefix()) as folder,
    ):
        part = Path(folder) / f"part{_suffix_of(path.name)}"
        yield part
        # Windows flushes only what is open for writing.
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        if path.is_file() and not path.is_symlink():
            # Whoever made it for few eyes meant what is in it.
            part.chmod(stat.S_IMODE(path.stat().st_mode))
        part.replace(path)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Puts a folder's names on the disk, where the system can do that for a folder."""
    if hasattr(os, "O_DIRECTORY"):
        # Some network disks refuse it.
        with contextlib.suppress(OSError):
            opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)


@contextmanager
def _called_by(path: Path) -> Iterator[None]:
    """Lets errors of the temporary file name the one that it was to become."""
    try:
        yield
    except OSError as error:
        file = "" if error.filename is None else os.fsdecode(error.filename)
        ours = any(part.startswith(UNFINISHED) for part in Path(file).parts[-2:])
        if not ours and (file or error.errno not in (errno.ENOSPC, errno.EDQUOT)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Writes a text file in UTF-8, complete or not at all, with the line ends that the text has.

    Args:
        path: As for `replaced_file`.
        text: What goes into it.
        private: Whether nobody else may read it.

    Raises:
        OSError: If the file cannot be written.
    """
    with replaced_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="")
        if private:
            part.chmod(0o600)


def copy_file(source: Path, path: Path) -> None:
    """Copies the content of a file, complete or not at all.

    Args:
        source: The file to copy.
        path: As for `replaced_file`.

    Raises:
        OSError: If a file cannot be read or written.
    """
    with replaced_file(path) as part:
        shutil.copyfile(source, part)


def make_folder(folder: Path, below: Path) -> None:
    """Makes a folder, with those above it, unless it is there.

    Args:
        folder: The folder.
        below: The folder that the user named, which may be a link.

    Raises:
        ValueError: As `refuse_links`.
        OSError: If it cannot be made.
    """
    refuse_links(folder, below)
    folder.mkdir(parents=True, exist_ok=True)


def refuse_links(folder: Path, below: Path) -> None:
    """Refuses a folder that would lead files out of the one that the user named.

    Args:
        folder: The folder; it need not be there.
        below: The folder that the user named, which may be a link.

    Raises:
        ValueError: If the folder, or one on the way to it, is a link; names it.
    """
    place = below
    for part in folder.relative_to(below).parts:
        place = place / part
        if place.is_symlink():
            msg = (
                f"{place.relative_to(below).as_posix()} in the folder of the output is a link, "
                "expected a plain folder or none: what is written through it would lie elsewhere. "
                "Remove the link, or choose another folder for the output"
            )
            raise ValueError(msg)


def _suffix_of(name: str) -> str:
    """The suffix that a writer chooses the format by."""
    return _DOUBLE if name.endswith(_DOUBLE) else Path(name).suffix
