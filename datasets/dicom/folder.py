"""Every DICOM file below a folder, and what its series are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.datasets.dicom.grouping import group_slices
from shoulderseg.datasets.dicom.header import read_header
from shoulderseg.datasets.dicom.header_checks import NotAnImageError
from shoulderseg.datasets.dicom.verdict import Series, judge
from shoulderseg.datasets.files import DICOM_SUFFIX, holds_dicom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# More files than an examination has by far; a folder of the whole disk was given by mistake.
MAX_FILES = 200_000


@dataclass(frozen=True)
class FileFinding:
    """A DICOM file that belongs to no series here.

    Attributes:
        path: The file.
        refused: Whether it is damaged; other kinds of image and reports are only skipped.
        reason: What is wrong with it, or what it is.
    """

    path: Path
    refused: bool
    reason: str


@dataclass(frozen=True)
class FolderFindings:
    """What a folder of DICOM files holds.

    Attributes:
        series: Volumes, and groups of slices that are none.
        files: Files that are no slices.
        others: Files that are no DICOM, relative to the folder, and folders that were not read.
    """

    series: tuple[Series, ...]
    files: tuple[FileFinding, ...]
    others: tuple[Path, ...]


def read_folder(path: Path) -> FolderFindings:
    """Reads the headers of all DICOM files below a folder and judges its series.

    Hidden files and folders and links that lead out of the folder are left out. A DICOMDIR is not
    followed: the files are found by themselves.

    Args:
        path: A folder, or one DICOM file.

    Returns:
        What was found; nothing for a folder without DICOM files.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If there are more than `MAX_FILES` files.
    """
    if not path.exists():
        msg = f"{path.name}: there is no such file or folder. Check the path."
        raise FileNotFoundError(msg)
    headers, files, others = [], [], []
    closed: list[OSError] = []
    found = list(islice(_walk(path, closed.append), MAX_FILES + 1))
    if len(found) > MAX_FILES:
        msg = f"{path.name} holds more than {MAX_FILES} files. Give a smaller folder."
        raise ValueError(msg)
    for file in sorted(found):
        try:
            if not _is_dicom(file):
                others.append(file)
                continue
            headers.append(read_header(file))
        except NotAnImageError as error:
            files.append(FileFinding(file, refused=False, reason=str(error)))
        except ValueError as error:
            files.append(FileFinding(file, refused=True, reason=str(error)))
        except OSError as error:
            reason = f"file cannot be opened ({error.strerror})."
            files.append(FileFinding(file, refused=True, reason=reason))
    for failure in closed:
        reason = f"folder cannot be opened ({failure.strerror})."
        files.append(FileFinding(Path(str(failure.filename)), refused=True, reason=reason))
    return FolderFindings(tuple(judge(group_slices(headers))), tuple(files), tuple(others))


def _walk(path: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    root = path.resolve()
    for folder, folders, names in os.walk(path, onerror=on_error, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            file = Path(folder) / name
            if not name.startswith(".") and file.is_file():
                if file.is_symlink() and not file.resolve().is_relative_to(root):
                    continue
                yield file


def _is_dicom(file: Path) -> bool:
    """By content; the suffix alone makes it one that is damaged. DICOMDIR is an index."""
    if file.name.upper() == "DICOMDIR":
        return False
    return holds_dicom(file) or file.name.lower().endswith(DICOM_SUFFIX)
