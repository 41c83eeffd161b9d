"""What all DICOM objects share that are derived from a series and kept in its study."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from pydicom.sr.coding import Code as DicomCode
from pydicom.uid import generate_uid
from pydicom.valuerep import DA, TM, format_number_as_ds

from shoulderseg.datasets.dicom.character_set import settle_character_set

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
# Something is added to it, and DICOM's whole numbers end at 2^31.
_LARGEST_SERIES = 2_000_000_000
# Zeros stand for an unknown day, and anonymisers write anything. The library builds nothing then.
_DATES_AND_TIMES = {"PatientBirthDate": DA, "StudyDate": DA, "StudyTime": TM}


def fill_in(header: Dataset, distance_mm: float) -> None:
    """Adds what anonymised files lack, and mends what they may say wrongly.

    Args:
        header: Of a source image; changed.
        distance_mm: Between the middles of the slices.
    """
    for tag in _MAY_BE_EMPTY:
        if tag not in header:
            setattr(header, tag, "")
    for tag, kind in _DATES_AND_TIMES.items():
        try:
            kind(header[tag].value)
        except (TypeError, ValueError):
            setattr(header, tag, "")
    settle_character_set(header)
    if header.PatientSex not in ("M", "F", "O"):
        header.PatientSex = ""
    # Scanners disagree on whether this is the gap between the slices.
    header.SpacingBetweenSlices = format_number_as_ds(distance_mm)
    if not 0 < _number(header, "SliceThickness") < inf:
        header.SliceThickness = header.SpacingBetweenSlices


def series_number(header: Dataset) -> int:
    """The number of a source's series; 0 where it has none."""
    number = _number(header, "SeriesNumber")
    return int(number) if 0 < number <= _LARGEST_SERIES else 0


def _number(header: Dataset, tag: str) -> float:
    """A number; 0 where there is none, or something else."""
    try:
        return float(header.get(tag) or 0)
    except (TypeError, ValueError):
        return 0.0


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
