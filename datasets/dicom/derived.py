"""What all DICOM objects share that are derived from a series and kept in its study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.sr.coding import Code as DicomCode
from pydicom.uid import generate_uid
from pydicom.valuerep import format_number_as_ds

if TYPE_CHECKING:
    from pydicom import Dataset

    from shoulderseg.datasets.labels import Code

NAME = "shoulderseg"
NOTICE = "Automatic segmentation, research use only, no medical device"
# Attributes that every object must have, though they may be empty.
_MAY_BE_EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
)


def fill_in(header: Dataset, distance_mm: float) -> None:
    """Adds what anonymised files lack, and mends what they may say wrongly.

    Args:
        header: Of a source image; changed.
        distance_mm: Between the middles of the slices.
    """
    for tag in _MAY_BE_EMPTY:
        if tag not in header:
            setattr(header, tag, "")
    if header.PatientSex not in ("M", "F", "O"):
        header.PatientSex = ""
    # Scanners disagree on whether this is the gap between the slices.
    header.SpacingBetweenSlices = format_number_as_ds(distance_mm)
    if not header.get("SliceThickness"):
        header.SliceThickness = header.SpacingBetweenSlices


def series_number(header: Dataset) -> int:
    """The number of a source's series; 0 where it has none."""
    return max(0, int(header.get("SeriesNumber") or 0))


def dicom_code(code: Code) -> DicomCode:
    """A concept of SNOMED CT as the libraries have it."""
    return DicomCode(code.value, "SCT", code.meaning)


def derived_uid(content: str, what: str) -> str:
    """A UID that the same content always gets.

    Args:
        content: A digest of all that the object is made of.
        what: Which of its UIDs.
    """
    return str(generate_uid(entropy_srcs=[content, what]))
