"""All files below a folder, through links as well.

Data sets under version control (DataLad, git-annex) and stores without doubles keep files elsewhere
and link to them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.datasets.disk_names import is_left_out
from shoulderseg.datasets.files import DICOM_SUFFIX, image_suffix, is_link, may_be_file, may_exist

if TYPE_CHECKING:
    from collections.abc import Iterator


# What a link beside slices may be called without being one.
_OTHERS = frozenset(
    {
        *(".txt", ".json", ".csv", ".tsv", ".pdf", ".xml", ".md", ".html", ".htm", ".log", ".yml"),
        *(".yaml", ".png", ".jpg", ".jpeg", ".gif", ".zip", ".gz", ".py", ".sh", ".xlsx", ".docx"),
        *(".bval", ".bvec", ".stl", ".ply", ".obj", ".nhdr", ".hdr", ".par", ".rec"),
        *(".avi", ".mp4", ".m4v", ".mov", ".mpg", ".mpeg", ".wmv", ".mkv", ".webm", ".mp3", ".wav"),
        *(".doc", ".rtf", ".odt", ".xls", ".ods", ".ppt", ".pptx", ".odp", ".eml", ".msg", ".rst"),
        *(".bmp", ".tif", ".tiff", ".svg", ".webp", ".ico", ".js", ".css", ".sql", ".toml", ".ini"),
        *(".exe", ".dll", ".msi", ".jar", ".bat", ".cmd", ".ps1", ".inf", ".cfg", ".lnk", ".url"),
        *(".tar", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".iso", ".ipynb", ".db"),
    }
)


@dataclass
class Walk:
    """What a walk came upon besides files.

    Attributes:
        closed: Of each folder that cannot be opened, the error.
        dangling: Links to files that are not there, and files that stand for such.
    """

    closed: list[OSError] = field(default_factory=list)
    dangling: list[Path] = field(default_factory=list)


def walk_files(path: Path, walk: Walk) -> Iterator[Path]:
    """Lists the files below a folder; hidden ones and those of systems are left out, and folders.

    Links to files and folders are followed, wherever they lead. Each folder is read once, so a link
    that leads back ends there, and each file counts once, also if several links lead to it.

    Args:
        path: A folder, or a file, which gives itself.
        walk: Takes what is no file.

    Yields:
        Files, also those in folders that may not be entered, which opening them tells; those that
        no link leads to come before the others of their folder.
    """
    if not path.is_dir():
        if may_be_file(path) and is_pointer(path):
            walk.dangling.append(path)
        else:
            yield path
        return
    read: set[str] = set()
    given: set[str] = set()
    linked: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=walk.closed.append, followlinks=True):
        if _seen(Path(folder), read):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not is_left_out(name))
        for name in sorted(names):
            file = Path(folder, name)
            if is_left_out(name):
                continue
            if is_link(file):
                linked.append(file)
            elif may_be_file(file) and is_pointer(file):
                walk.dangling.append(file)
            elif may_be_file(file) and not _seen(file, given):
                yield file
    for file in linked:
        if not may_exist(file):
            walk.dangling.append(file)
        elif may_be_file(file) and not _seen(file, given):
            yield file


def may_be_dicom(path: Path) -> bool:
    """Tells by its name alone whether a file that is not there may be DICOM.

    Scanners and archives give DICOM any suffix or none. So only what is called as something else is
    not: a text, a table, a picture, an image of another format.
    """
    return path.suffix.lower() not in _OTHERS and image_suffix(path) in ("", DICOM_SUFFIX)


def is_pointer(path: Path) -> bool:
    """Tells whether a file only names the content that git-annex or git-LFS keeps elsewhere."""
    try:
        with path.open("rb") as stream:
            head = stream.read(64)
    except OSError:
        return False
    return head.startswith((b"/annex/objects/", b"version https://git-lfs"))


def _seen(path: Path, known: set[str]) -> bool:
    real = os.path.realpath(path)
    if real in known:
        return True
    known.add(real)
    return False
