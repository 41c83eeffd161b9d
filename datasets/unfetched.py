"""Files that stand for content which is kept elsewhere and was not fetched.

git-annex and DataLad leave a link that leads nowhere, or a pointer; git-LFS leaves a pointer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoulderseg.datasets.dicom.walk import is_pointer, may_be_dicom
from shoulderseg.datasets.files import image_suffix, is_link, may_be_file, may_exist

if TYPE_CHECKING:
    from pathlib import Path

NOT_FETCHED = (
    "link, or a pointer, to a file that is not there. Fetch it (git-annex: `git annex get`, "
    "DataLad: `datalad get`, git-LFS: `git lfs pull`), or remove it."
)
_STORE = ".git/annex/objects"


def is_unfetched(path: Path) -> bool:
    """Tells whether a file only stands for one that was not fetched; false for what is missing."""
    if is_link(path) and not may_exist(path):
        return True
    return may_exist(path) and may_be_file(path) and is_pointer(path)


def may_be_lost_folder(path: Path) -> bool:
    """Tells whether a link that leads nowhere may have led to a folder.

    git-annex links to files alone, and files with data have a suffix that tells so.
    """
    if not is_link(path) or may_exist(path) or image_suffix(path) or not may_be_dicom(path):
        return False
    return _STORE not in path.readlink().as_posix()


def unfetched_volumes(folder: Path) -> list[Path]:
    """Lists links in a folder that are called as images and lead nowhere, DICOM too, sorted."""
    if not folder.is_dir():
        return []
    return sorted(
        entry
        for entry in folder.iterdir()
        if image_suffix(entry) and not entry.name.startswith(".") and not may_exist(entry)
    )
