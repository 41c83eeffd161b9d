"""Every DICOM file below a folder, and what its series are."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.datasets.dicom.grouping import group_slices
from shoulderseg.datasets.dicom.header import read_headers
from shoulderseg.datasets.dicom.header_checks import HeaderError, NoSliceError, NotAnImageError
from shoulderseg.datasets.dicom.incomplete import (
    DamagedFile,
    Losses,
    SliceNames,
    is_cut_in_its_beginning,
)
from shoulderseg.datasets.dicom.verdict import Series, judge
from shoulderseg.datasets.dicom.walk import Walk, may_be_dicom, walk_files
from shoulderseg.datasets.files import DICOM_SUFFIX, holds_dicom
from shoulderseg.datasets.unfetched import NOT_FETCHED

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.header import SliceHeader

# More files than a cohort in one folder has; the whole disk was given by mistake.
MAX_FILES = 1_000_000
_LOST = "empty or cut off in its first bytes, and called like the slices beside it. Copy it again."


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
        dangling: Links to files that are not there, and pointers to such, whatever they are called.
            Those that may be DICOM are among `files` too.
    """

    series: tuple[Series, ...]
    files: tuple[FileFinding, ...]
    others: tuple[Path, ...]
    dangling: tuple[Path, ...] = ()


def read_folder(path: Path) -> FolderFindings:
    """Reads the headers of all DICOM files below a folder and judges its series.

    Hidden files and folders are left out. Links are followed. A series that may lack a slice is
    refused: where a link beside its slices leads nowhere, where one of its files is damaged, or one
    beside its slices whose series is not known. A DICOMDIR is not followed: the files are found by
    themselves.

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
    walk = Walk()
    found = list(islice(walk_files(path, walk), MAX_FILES + 1))
    if len(found) > MAX_FILES:
        msg = f"{path.name} holds more than {MAX_FILES} files. Give a smaller folder."
        raise ValueError(msg)
    heap = _Heap()
    for file in sorted(found):
        heap.add(file)
    heap.find_lost_slices()
    files = heap.files
    for failure in walk.closed:
        reason = f"folder cannot be opened ({failure.strerror})."
        files.append(FileFinding(Path(str(failure.filename)), refused=True, reason=reason))
    dangling = sorted(link for link in walk.dangling if may_be_dicom(link))
    files += [FileFinding(link, refused=True, reason=NOT_FETCHED) for link in dangling]
    losses = Losses(tuple(heap.lost_files()), tuple(dangling))
    series = judge(group_slices(heap.headers), losses)
    lost = tuple(sorted(walk.dangling))
    return FolderFindings(tuple(series), tuple(files), tuple(heap.others), lost)


@dataclass
class _Heap:
    """Files by what they are; `bare` are those that their suffix alone makes DICOM."""

    headers: list[SliceHeader] = field(default_factory=list)
    files: list[FileFinding] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    damaged: list[DamagedFile] = field(default_factory=list)
    bare: list[Path] = field(default_factory=list)

    def add(self, file: Path) -> None:
        try:
            if not _is_dicom(file):
                self.others.append(file)
                return
            self.headers += read_headers(file)
        except NotAnImageError as error:
            self.files.append(FileFinding(file, refused=False, reason=str(error)))
        except HeaderError as error:
            self.files.append(FileFinding(file, refused=True, reason=str(error)))
            if not holds_dicom(file):
                self.bare.append(file)
            elif not isinstance(error, NoSliceError):
                known = (error.series, error.instance, error.is_series_whole)
                self.damaged.append(DamagedFile(file, *known))
        except OSError as error:
            reason = f"file cannot be opened ({error.strerror})."
            self.files.append(FileFinding(file, refused=True, reason=reason))
            self.damaged += [DamagedFile(file)] * may_be_dicom(file)

    def lost_files(self) -> list[DamagedFile]:
        """Damaged files of which no whole copy is here."""
        whole = {header.text("SOPInstanceUID") for header in self.headers} - {""}
        # The number of the series comes later: where it is known, that of the image is whole.
        return [
            one
            for one in self.damaged
            if not (one.series or one.is_series_whole) or one.instance not in whole
        ]

    def find_lost_slices(self) -> None:
        """Takes files of which nothing but the name is left for slices, if it is that of one."""
        names = SliceNames(self.headers)
        lost = [
            file
            for file in self.others
            if may_be_dicom(file) and names.are_like(file) and is_cut_in_its_beginning(file)
        ]
        self.files += [FileFinding(file, refused=True, reason=_LOST) for file in lost]
        known = set(lost)
        self.others = [file for file in self.others if file not in known]
        lost += [file for file in self.bare if names.are_like(file)]
        self.damaged += map(DamagedFile, lost)


def _is_dicom(file: Path) -> bool:
    """By content; the suffix alone makes it one that is damaged. DICOMDIR is an index."""
    if file.name.upper() == "DICOMDIR":
        return False
    return holds_dicom(file) or file.name.lower().endswith(DICOM_SUFFIX)
