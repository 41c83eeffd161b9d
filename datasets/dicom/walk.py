"""All files below a folder, through links as well.

Data sets under version control (DataLad, git-annex) and stores without doubles keep files elsewhere
and link to them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.datasets.files import DICOM_SUFFIX, image_suffix

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Walk:
    """What a walk came upon besides files.

    Attributes:
        closed: Of each folder that cannot be opened, the error.
        dangling: Links to files that are not there.
    """

    closed: list[OSError] = field(default_factory=list)
    dangling: list[Path] = field(default_factory=list)


def walk_files(path: Path, walk: Walk) -> Iterator[Path]:
    """Lists the files below a folder; hidden ones, also hidden folders, are left out.

    Links to files and folders are followed, wherever they lead. Each folder is read once, so a link
    that leads back ends there, and each file counts once, also if several links lead to it.

    Args:
        path: A folder, or a file, which gives itself.
        walk: Takes what is no file.

    Yields:
        Files; those that no link leads to before the others of their folder.
    """
    if not path.is_dir():
        yield path
        return
    read: set[str] = set()
    given: set[str] = set()
    linked: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=walk.closed.append, followlinks=True):
        if _seen(Path(folder), read):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if name.startswith("."):
                continue
            if file.is_symlink():
                linked.append(file)
            elif file.is_file() and not _seen(file, given):
                yield file
    for file in linked:
        if not file.exists():
            walk.dangling.append(file)
        elif file.is_file() and not _seen(file, given):
            yield file


def may_be_dicom(path: Path) -> bool:
    """Tells by its name alone whether a file may be DICOM: `.dcm`, `.ima`, or no suffix of others.

    Scanners write names without a suffix, and UIDs, whose last number looks like one.
    """
    suffix = path.suffix.lower()
    return image_suffix(path) == DICOM_SUFFIX or suffix in ("", ".ima") or suffix[1:].isdecimal()


def _seen(path: Path, known: set[str]) -> bool:
    real = os.path.realpath(path)
    if real in known:
        return True
    known.add(real)
    return False
