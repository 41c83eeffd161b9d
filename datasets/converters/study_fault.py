"""Masks of an examination that cannot be used, and the series that must not be taken for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoulderseg.datasets.dicom.walk import may_be_dicom
from shoulderseg.datasets.files import DICOM_SUFFIX, foreign_format, image_suffix
from shoulderseg.datasets.unfetched import NOT_FETCHED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from shoulderseg.datasets.dicom.folder import FileFinding, FolderFindings

# Philips scanners export the images as PAR/REC beside DICOM.
_NEVER_MASKS = frozenset({".par", ".rec"})


class UnusableMaskError(ValueError):
    """A mask that cannot be used.

    Attributes:
        series: Names of the series that it may have been drawn on; None if it cannot be told.
    """

    def __init__(self, reason: str, series: Collection[str] | None) -> None:
        super().__init__(reason)
        self.series = None if series is None else frozenset(series)


@dataclass(frozen=True)
class MaskFault:
    """A mask that was left out.

    Attributes:
        name: What reports call it.
        series: As for `UnusableMaskError`.
        reason: Why it was left out.
    """

    name: str
    series: frozenset[str] | None
    reason: str


def cannot_be_opened(path: Path) -> bool:
    """Tells whether a file cannot be opened, or a folder stands in its place."""
    try:
        with path.open("rb"):
            return False
    except OSError:
        return True


def closed_inputs(findings: FolderFindings) -> list[FileFinding]:
    """Lists folders and files that cannot be opened, and that may hold or be masks or slices.

    Masks that are called so are left out: they are told of one by one.

    Args:
        findings: In the patient's folder.
    """
    lost = set(findings.dangling)
    return [
        file
        for file in findings.files
        if file.refused
        and file.path not in lost
        and image_suffix(file.path) in ("", DICOM_SUFFIX)
        and _may_be_input(file.path)
        and cannot_be_opened(file.path)
    ]


def unusable_files(findings: FolderFindings, patient: str) -> Iterator[MaskFault]:
    """Tells of files that may be masks and cannot be looked at: nobody knows of which series.

    Args:
        findings: In the patient's folder.
        patient: What reports call the patient.

    Yields:
        One fault for all files that were not fetched, one for all that cannot be opened, and one
        for each foreign format.
    """
    lost = sum(map(_may_be_input, findings.dangling))
    if lost:
        reason = f"{lost} file{'s' * (lost != 1)}: {NOT_FETCHED}"
        yield MaskFault(f"{patient}_unfetched", None, reason)
    closed = closed_inputs(findings)
    many = "s" * (len(closed) > 1)
    if closed:
        reason = (
            f"{len(closed)} file{many} or folder{many}: {closed[0].reason} Change who may read "
            f"{'them' if many else 'it'}, or move {'them' if many else 'it'} away."
        )
        yield MaskFault(f"{patient}_closed", None, reason)
    formats = sorted(filter(None, map(_foreign_mask, findings.others)))
    for number, reason in enumerate(dict.fromkeys(formats), start=1):
        told = f"a file beside the series: {reason}; if it is no mask, move it away."
        yield MaskFault(f"{patient}_foreign{number}", None, told)


def _may_be_input(path: Path) -> bool:
    return bool(image_suffix(path) or may_be_dicom(path) or _foreign_mask(path))


def _foreign_mask(path: Path) -> str:
    """Names the format of a mask that is not read; empty for images that scanners alone write."""
    return "" if path.suffix.lower() in _NEVER_MASKS else foreign_format(path)


def reason_not_to_take(series: str, faults: Iterable[MaskFault], *, masked: bool) -> str:
    """Tells whether a series may lack what an unusable mask of its patient shows.

    Taken all the same, its voxels under that mask would be background.

    Args:
        series: Name of the series.
        faults: The unusable masks of the patient.
        masked: Whether a mask that can be used was drawn on the series.

    Returns:
        Why the series must be left out; empty if it need not be.
    """
    faults = list(faults)
    for fault in faults:
        if fault.series == frozenset({series}):
            return f"a mask drawn on it could not be used: {fault.reason}"
    for fault in faults:
        if masked and (fault.series is None or series in fault.series):
            return (
                f"{fault.name} could not be used and may have been drawn on it. Mend that mask, or "
                "move it away."
            )
    return ""
