"""Enhanced MR files for tests, built frame by frame of single-frame slices after DICOM PS3.3."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian, generate_uid

from tests.datasets.dicom.writing import Slice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WHOLE = (
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "PatientName",
    "PatientID",
    "Modality",
    "SeriesNumber",
    "SeriesDescription",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "Rows",
    "Columns",
)


@dataclass
class Frame:
    """A frame to be, and which volume of the file it belongs to."""

    slice: Slice
    stack: str = "1"
    place: int = 1
    echo: int = 1
    time: int = 1
    extra: dict[str, Any] = field(default_factory=dict)


def frames_of(slices: Sequence[Slice], **given: Any) -> list[Frame]:  # noqa: ANN401
    """The frames of one stack, in the order of their places."""
    return [Frame(slice_, place=place, **given) for place, slice_ in enumerate(slices, start=1)]


def enhanced(frames: Sequence[Frame], *, shared: bool = True) -> Dataset:
    """One file of all frames, in the order given.

    Args:
        frames: What it holds.
        shared: Whether what all frames have in common lies in the shared groups.
    """
    whole, first = Dataset(), frames[0].slice.dataset
    for keyword in _WHOLE:
        if keyword in first:
            setattr(whole, keyword, first[keyword].value)
    whole.SOPClassUID = EnhancedMRImageStorage
    whole.SOPInstanceUID = generate_uid(entropy_srcs=["enhanced", str(first.SeriesInstanceUID)])
    whole.ImageType = ["ORIGINAL", "PRIMARY", "MIXED", "NONE"]
    whole.InstanceNumber, whole.NumberOfFrames = 1, len(frames)
    whole.EchoPulseSequence = "SPIN"
    whole.DimensionIndexSequence = [
        _item(DimensionIndexPointer=Tag(keyword), FunctionalGroupPointer=Tag(group))
        for keyword, group in (
            ("StackID", "FrameContentSequence"),
            ("InStackPositionNumber", "FrameContentSequence"),
            ("EffectiveEchoTime", "MREchoSequence"),
        )
    ]
    groups = [_groups(frame) for frame in frames]
    common = {
        keyword: groups[0][keyword].value
        for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence")
        if shared and all(group[keyword] == groups[0][keyword] for group in groups)
    }
    for group in groups:
        for keyword in common:
            delattr(group, keyword)
    whole.SharedFunctionalGroupsSequence = [_item(**common)]
    whole.PerFrameFunctionalGroupsSequence = groups
    whole.PixelData = b"".join(np.ascontiguousarray(f.slice.pixels).tobytes() for f in frames)
    whole.file_meta = FileMetaDataset()
    whole.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    whole.file_meta.MediaStorageSOPClassUID = whole.SOPClassUID
    whole.file_meta.MediaStorageSOPInstanceUID = whole.SOPInstanceUID
    return whole


def _groups(frame: Frame) -> Dataset:
    own = frame.slice.dataset
    groups = _item(
        PixelMeasuresSequence=[
            _item(
                PixelSpacing=list(own.PixelSpacing),
                SliceThickness=own.SliceThickness,
                SpacingBetweenSlices=own.SpacingBetweenSlices,
            )
        ],
        PlanePositionSequence=[_item(ImagePositionPatient=list(own.ImagePositionPatient))],
        PlaneOrientationSequence=[_item(ImageOrientationPatient=list(own.ImageOrientationPatient))],
        MREchoSequence=[_item(EffectiveEchoTime=float(own.EchoTime))],
        MRTimingAndRelatedParametersSequence=[_item(RepetitionTime=float(own.RepetitionTime))],
        MRImageFrameTypeSequence=[
            _item(FrameType=[*own.ImageType, "NONE"], ComplexImageComponent="MAGNITUDE")
        ],
        FrameContentSequence=[
            _item(
                StackID=frame.stack,
                InStackPositionNumber=frame.place,
                TemporalPositionIndex=frame.time,
                DimensionIndexValues=[int(frame.stack), frame.place, frame.echo],
            )
        ],
    )
    if "RescaleSlope" in own:
        groups.PixelValueTransformationSequence = [
            _item(
                RescaleSlope=own.RescaleSlope,
                RescaleIntercept=own.RescaleIntercept,
                RescaleType="US",
            )
        ]
    for keyword, value in frame.extra.items():
        setattr(groups, keyword, value)
    return groups


def _item(**values: Any) -> Dataset:  # noqa: ANN401
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def save(folder: Path, dataset: Dataset, name: str = "enhanced.dcm") -> Path:
    """Writes it; the folder need not be there."""
    folder.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(folder / name, dataset, enforce_file_format=True)
    return folder / name
