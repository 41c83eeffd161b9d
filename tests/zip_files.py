"""Zip files with entries of any kind."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path


def packed(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    """Writes an archive of these entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in entries:
            content.writestr(name, data)
    return path


def zipped(folder: Path, archive: Path) -> Path:
    """Writes an archive of the files of a folder."""
    with zipfile.ZipFile(archive, "w") as content:
        for path in sorted(folder.iterdir()):
            content.write(path, path.name)
    return archive


def link_entry(name: str) -> zipfile.ZipInfo:
    """An entry that stands for a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info
