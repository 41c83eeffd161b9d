"""A valid enhanced MR file: one volume a echo, frames in any order, groups shared or of a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import (
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

ECHOES_MS = (30.0, 90.0)


def write_enhanced(
    path: Path,
    pixels: npt.NDArray[np.uint16],
    axes: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> None:
    """Writes one file of two echoes.

    Args:
        path: The file.
        pixels: Of one echo, (Z, Y, X); the other holds twice the values.
        axes: Directions of x, y and z as columns.
        rng: Source of the order of frames and of the transfer syntax.
    """
    dataset = _whole(pixels.shape, rng)
    frames = [(echo, index) for echo in range(len(ECHOES_MS)) for index in range(len(pixels))]
    order = [frames[k] for k in rng.permutation(len(frames))]
    orientation = [_item(ImageOrientationPatient=[*axes[:, 0].round(9), *axes[:, 1].round(9)])]
    measures = [_item(PixelSpacing=[0.7, 0.5], SliceThickness=3.0)]
    dataset.SharedFunctionalGroupsSequence = [
        _item(PixelMeasuresSequence=measures, PlaneOrientationSequence=orientation)
    ]
    dataset.PerFrameFunctionalGroupsSequence = [
        _frame(echo, 3.3 * index * axes[:, 2], index) for echo, index in order
    ]
    planes = [pixels[index] * (1 + echo) for echo, index in order]
    dataset.PixelData = np.stack(planes).astype("<u2").tobytes()
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)


def _whole(shape: tuple[int, ...], rng: np.random.Generator) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    explicit = rng.random() < 0.5
    dataset.file_meta.TransferSyntaxUID = (
        ExplicitVRLittleEndian if explicit else ImplicitVRLittleEndian
    )
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["enhanced"])
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series"])
    dataset.Modality, dataset.ImageType = "MR", ["ORIGINAL", "PRIMARY", "M", "NONE"]
    dataset.PatientName, dataset.PatientID = "Doe^Jane", "MRN123456"
    dataset.NumberOfFrames = len(ECHOES_MS) * shape[0]
    dataset.Rows, dataset.Columns = shape[1:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 0
    dataset.DimensionIndexSequence = [
        _item(DimensionIndexPointer=Tag(keyword))
        for keyword in ("InStackPositionNumber", "EffectiveEchoTime")
    ]
    return dataset


def _frame(echo: int, position: npt.NDArray[np.float64], index: int) -> Dataset:
    content = _item(
        StackID="1",
        InStackPositionNumber=index + 1,
        DimensionIndexValues=[index + 1, echo + 1],
    )
    rescale = _item(RescaleSlope=2.0, RescaleIntercept=-5.0, RescaleType="US")
    return _item(
        FrameContentSequence=[content],
        PlanePositionSequence=[_item(ImagePositionPatient=[*position.round(9)])],
        MREchoSequence=[_item(EffectiveEchoTime=ECHOES_MS[echo])],
        PixelValueTransformationSequence=[rescale],
    )


def _item(**values: Any) -> Dataset:  # noqa: ANN401
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item
