"""Every DICOM file below a folder, and what its series are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.datasets.dicom.grouping import group_slices
from shoulderseg.datasets.dicom.header import read_headers
from shoulderseg.datasets.dicom.header_checks import NotAnImageError
from shoulderseg.datasets.dicom.verdict import Series, judge
from shoulderseg.datasets.dicom.walk import Walk, may_be_dicom, walk_files
from shoulderseg.datasets.files import DICOM_SUFFIX, holds_dicom

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shoulderseg.datasets.dicom.header import SliceHeader

# More files than a cohort in one folder has; the whole disk was given by mistake.
MAX_FILES = 1_000_000


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

    Hidden files and folders are left out. Links are followed; a series beside whose slices a link
    leads nowhere is refused. A DICOMDIR is not followed: the files are found by themselves.

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
    headers: list[SliceHeader] = []
    files: list[FileFinding] = []
    others: list[Path] = []
    walk = Walk()
    found = list(islice(walk_files(path, walk), MAX_FILES + 1))
    if len(found) > MAX_FILES:
        msg = f"{path.name} holds more than {MAX_FILES} files. Give a smaller folder."
        raise ValueError(msg)
    for file in sorted(found):
        try:
            if not _is_dicom(file):
                others.append(file)
                continue
            headers += read_headers(file)
        except NotAnImageError as error:
            files.append(FileFinding(file, refused=False, reason=str(error)))
        except ValueError as error:
            files.append(FileFinding(file, refused=True, reason=str(error)))
        except OSError as error:
            reason = f"file cannot be opened ({error.strerror})."
            files.append(FileFinding(file, refused=True, reason=reason))
    for failure in walk.closed:
        reason = f"folder cannot be opened ({failure.strerror})."
        files.append(FileFinding(Path(str(failure.filename)), refused=True, reason=reason))
    dangling = [link for link in walk.dangling if may_be_dicom(link)]
    files += _without_targets(dangling)
    series = [_refuse_incomplete(found, dangling) for found in judge(group_slices(headers))]
    return FolderFindings(tuple(series), tuple(files), tuple(others))


def _without_targets(dangling: Iterable[Path]) -> list[FileFinding]:
    reason = (
        "link, or a pointer, to a file that is not there. Fetch it (git-annex: `git annex get`, "
        "DataLad: `datalad get`), or remove the link."
    )
    return [FileFinding(path, refused=True, reason=reason) for path in sorted(dangling)]


def _refuse_incomplete(series: Series, dangling: Iterable[Path]) -> Series:
    """A series beside whose slices a link leads nowhere may lack a slice, at its end perhaps."""
    folders = {header.path.parent for header in series.slices}
    # Some archives give each slice a folder of its own.
    above = {folder.parent for folder in folders} if len(folders) > 1 else set()
    count = sum(path.parent in folders or path.parent.parent in above for path in dangling)
    if series.verdict != "use" or not count:
        return series
    reason = (
        f"{count} link{'s' * (count != 1)} beside its slices lead{'s' * (count == 1)} to no file: "
        "slices may be missing. Fetch what is linked, or remove the links."
    )
    return replace(series, verdict="refuse", reason=reason, stack=None, notes=())


def _is_dicom(file: Path) -> bool:
    """By content; the suffix alone makes it one that is damaged. DICOMDIR is an index."""
    if file.name.upper() == "DICOMDIR":
        return False
    return holds_dicom(file) or file.name.lower().endswith(DICOM_SUFFIX)
