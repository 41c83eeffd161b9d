"""One image to segment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume


@dataclass(frozen=True)
class CaseInput:
    """One image to segment.

    Attributes:
        name: of the case and of its results; never a patient's that a DICOM header names.
        path: the file, or the first one of a series.
        load: reads it.
        source_files: the DICOM file of each slice, in their order; none for other formats.
        source_frames: number of each slice's frame in its file, from 1; none for single-frame
            files.
        about: plane, contrast, side and notes of a DICOM series, for reports.
        faulty: DICOM files of a series that are left out of it.
        below: path of the file below a BIDS dataset; empty outside one.
        examination: what DICOM series of one patient, study and frame of reference share; empty
            where nothing says it.
        visit: what DICOM series of one patient and study share; empty where nothing says it.
        archive: the zip file that it was unpacked from.
    """

    name: str
    path: Path
    load: Callable[[], Volume]
    source_files: tuple[Path, ...] = ()
    source_frames: tuple[int, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)
    faulty: tuple[Path, ...] = ()
    below: str = ""
    examination: str = ""
    visit: str = ""
    archive: Path | None = None

    @property
    def place(self) -> Path:
        """Where it came from: its folder, or the zip file, unpacked elsewhere each time."""
        return self.archive or self.path.parent

    @property
    def shown(self) -> str:
        """What messages call it: its file, or for DICOM the case, whose files archives name."""
        return self.public_file or self.name

    @property
    def public_file(self) -> str:
        """Name of the file, in a BIDS dataset its path; empty for DICOM."""
        from shoulderseg.datasets.files import shown_name

        return "" if self.source_files else self.below or shown_name(self.path)


def volume_case(path: Path) -> CaseInput:
    """A case of a file that is no DICOM, called after the file."""
    from shoulderseg.datasets.files import case_name

    return CaseInput(case_name(path), path, partial(_load_volume, path))


def _load_volume(path: Path) -> Volume:
    from shoulderseg.datasets.plausible import check_plausible
    from shoulderseg.datasets.reader import read_image

    volume = read_image(path)
    check_plausible(path, volume)
    return volume


def is_dicom(file: Path) -> bool:
    """Tells by its name or its content whether a file is DICOM; false where it cannot be opened."""
    from shoulderseg.datasets.files import DICOM_SUFFIX, holds_dicom, image_suffix

    with suppress(OSError):
        # Of one that cannot be opened its name alone is known, and may be the patient's.
        return image_suffix(file) == DICOM_SUFFIX or holds_dicom(file)
    return False
