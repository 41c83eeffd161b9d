"""DICOM Segmentation objects (SEG) as masks of the series they refer to."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.uid import SegmentationStorage

from shoulderseg.datasets.converters.study_fault import UnusableMaskError
from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.identity import Identity, read_identity
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydicom import Dataset

    from shoulderseg.datasets.dicom.verdict import Series

# The second is Label Map Segmentation Storage of DICOM 2024.
_SEG_CLASSES = (SegmentationStorage, "1.2.840.10008.5.1.4.1.1.66.7")
# What pydicom raises on damaged files.
DAMAGED = (
    InvalidDicomError,
    BytesLengthException,
    EOFError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class SegFacts:
    """What the header of a SEG says.

    Attributes:
        series: `SeriesInstanceUID` of the series it refers to.
        instances: `SOPInstanceUID` of the images it refers to.
        names: Number of each segment to its name.
        frames: `SOPInstanceUID` and number of the frames of multi-frame images it refers to.
        identity: Who its header tells of.
        automatic: Whether it says of every segment that a program drew it by itself.
    """

    series: frozenset[str]
    instances: frozenset[str]
    names: dict[int, str]
    frames: frozenset[tuple[str, int]] = frozenset()
    identity: Identity = field(default_factory=Identity)
    automatic: bool = False


def is_seg(path: Path) -> bool:
    """Tells whether a DICOM file is a SEG.

    Raises:
        OSError: If the file cannot be opened.
    """
    with silence_dicom_libraries():
        try:
            header = read_dataset(path, ["SOPClassUID"])
            # Of a file that is cut off early the first part alone may be left.
            stated = header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID")
            return stated in _SEG_CLASSES
        except DAMAGED:
            return False


def read_seg_facts(path: Path) -> SegFacts:
    """Reads what a SEG refers to and what its segments are.

    Args:
        path: The file.

    Returns:
        The facts.

    Raises:
        ValueError: If the header is damaged. The message holds no name of a file and nothing of the
            patient.
        OSError: If the file cannot be opened.
    """
    with silence_dicom_libraries():
        try:
            header = read_dataset(path)
            identity = read_identity(header)
            series, instances = _references(header)
            frames = _frame_references(header)
            segments = [item for item in header.SegmentSequence if int(item.SegmentNumber)]
            names = {int(item.SegmentNumber): str(item.SegmentLabel) for item in segments}
            kinds = {str(item.get("SegmentAlgorithmType", "")).strip() for item in segments}
        except DAMAGED:
            msg = "the header of this DICOM SEG is damaged. Export it again."
            raise ValueError(msg) from None
    return SegFacts(series, instances, names, frames, identity, kinds == {"AUTOMATIC"})


def find_series(facts: SegFacts, series: Sequence[Series]) -> Series:
    """Finds the one series that a SEG refers to.

    Args:
        facts: Of the SEG.
        series: All of the patient, whatever their verdict.

    Returns:
        The series, which can be used.

    Raises:
        UnusableMaskError: If the SEG refers to none of them, to several, or to one that cannot be
            used. The message names no file.
    """
    if not facts.series and not facts.instances:
        msg = "this DICOM SEG refers to no series. Export it with its references."
        raise UnusableMaskError(msg, None)
    meant = meant_series(facts, series)
    names = [entry.name for entry in meant]
    if not meant:
        msg = "the series that this DICOM SEG refers to is not in the patient's folder. Add it."
        raise UnusableMaskError(msg, names)
    if len(meant) > 1:
        listed = ", ".join(names)
        msg = f"this DICOM SEG refers to {len(meant)} volumes ({listed}), expected one."
        raise UnusableMaskError(msg, names)
    if meant[0].stack is None:
        msg = f"this DICOM SEG refers to {meant[0].name}, which is not taken: {meant[0].reason}"
        raise UnusableMaskError(msg, names)
    return meant[0]


def meant_series(facts: SegFacts, series: Sequence[Series]) -> list[Series]:
    """Lists the series that a SEG refers to, whatever their verdict; empty if none is here."""
    return [entry for entry in series if _is_meant(facts, entry)]


def _references(header: Dataset) -> tuple[frozenset[str], frozenset[str]]:
    series: set[str] = set()
    instances: set[str] = set()
    for entry in header.get("ReferencedSeriesSequence") or []:
        series.add(str(entry.SeriesInstanceUID))
        for image in entry.get("ReferencedInstanceSequence") or []:
            instances.add(str(image.ReferencedSOPInstanceUID))
    if not instances:
        instances |= {str(image.ReferencedSOPInstanceUID) for image in _source_images(header)}
    return frozenset(series), frozenset(instances)


def _frame_references(header: Dataset) -> frozenset[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for image in _source_images(header):
        numbers = image.get("ReferencedFrameNumber") or []
        for number in numbers if isinstance(numbers, list | MultiValue) else [numbers]:
            found.add((str(image.ReferencedSOPInstanceUID), int(number)))
    return frozenset(found)


def _source_images(header: Dataset) -> Iterator[Dataset]:
    for group in header.get("PerFrameFunctionalGroupsSequence") or []:
        for derivation in group.get("DerivationImageSequence") or []:
            yield from derivation.get("SourceImageSequence") or []


def _is_meant(facts: SegFacts, series: Series) -> bool:
    if facts.frames and any(header.frame for header in series.slices):
        # Several volumes may lie in one multi-frame file.
        pairs = {(header.text("SOPInstanceUID"), header.frame) for header in series.slices}
        return bool(facts.frames & pairs)
    instances = {header.text("SOPInstanceUID") for header in series.slices}
    if facts.instances:
        return bool(facts.instances & instances)
    return series.slices[0].text("SeriesInstanceUID") in facts.series
