"""What of the input becomes no case, under names that tell nothing of a patient."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.folder import FolderFindings
    from shoulderseg.datasets.dicom.verdict import Series

NO_TARGET = "link to a file that is not there; fetch it (git-annex, DataLad), or remove the link"


@dataclass(frozen=True)
class SkippedInput:
    """Something that becomes no case.

    Attributes:
        name: of the file or series; of lone DICOM files a number, as their names may be patients'.
        reason: why; names no DICOM file either.
        refused: whether it is an image with a fault; what is no image of a shoulder is skipped.
        files: the DICOM files at fault, for `inspect` alone, where people look for them.
    """

    name: str
    reason: str
    refused: bool
    files: tuple[Path, ...] = ()


def skipped_inputs(found: FolderFindings) -> list[SkippedInput]:
    """What of a folder's DICOM files becomes no case.

    Args:
        found: the files and series; the latter may also be used.
    """
    series = [
        SkippedInput(series.name, series.reason, series.verdict == "refuse", faulty_files(series))
        for series in found.series
        if series.verdict != "use"
    ]
    files = [
        SkippedInput(_number(file.path, number), file.reason, file.refused, (file.path,))
        for number, file in enumerate(found.files, start=1)
    ]
    return series + files


def public_name(path: Path, named: Path | None, number: int) -> str:
    """What to call a file of another format: its name, or a number if an archive named it.

    Args:
        path: the file.
        named: the folder that the user named; None for what was unpacked.
        number: of the file.
    """
    from shoulderseg.datasets.files import shown_name

    return shown_name(path) if path.parent == named else f"file_{number}"


def _number(path: Path, number: int) -> str:
    """A name for a lone DICOM file or a folder of such, which archives name after patients."""
    from shoulderseg.datasets.files import may_be_file

    return f"{'dicom_file' if may_be_file(path) else 'folder'}_{number}"


def faulty_files(series: Series) -> tuple[Path, ...]:
    """The files of a series to look at: those with a fault, or its only one if it is not used."""
    lone = len(series.slices) == 1 and series.verdict != "use"
    at_fault = (header.path for header in series.slices if header.fault or lone)
    return tuple(dict.fromkeys(at_fault))
