"""Masks of an examination that cannot be used, and the series that must not be taken for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoulderseg.datasets.dicom.walk import may_be_dicom
from shoulderseg.datasets.files import foreign_format, image_suffix
from shoulderseg.datasets.unfetched import NOT_FETCHED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from shoulderseg.datasets.dicom.folder import FolderFindings


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


def unusable_files(findings: FolderFindings, patient: str) -> Iterator[MaskFault]:
    """Tells of files that may be masks and cannot be looked at: nobody knows of which series.

    Args:
        findings: In the patient's folder.
        patient: What reports call the patient.

    Yields:
        One fault for all files that were not fetched, and one for each foreign format.
    """
    lost = sum(
        bool(image_suffix(path) or may_be_dicom(path) or foreign_format(path))
        for path in findings.dangling
    )
    if lost:
        reason = f"{lost} file{'s' * (lost != 1)}: {NOT_FETCHED}"
        yield MaskFault(f"{patient}_unfetched", None, reason)
    formats = sorted(filter(None, map(foreign_format, findings.others)))
    for number, reason in enumerate(dict.fromkeys(formats), start=1):
        told = f"a file beside the series: {reason}; if it is no mask, move it away."
        yield MaskFault(f"{patient}_foreign{number}", None, told)


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
