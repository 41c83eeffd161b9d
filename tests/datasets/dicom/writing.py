"""DICOM slices for tests: oblique, anisotropic, not square, of an asymmetric object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNT, ROWS, COLUMNS = 7, 24, 32
STEP_MM, ROW_MM, COLUMN_MM = 3.3, 0.6, 0.5
ORIGIN_MM = np.array([-31.0, 12.5, 40.25])
# Along a row, down a column, and across: oblique to every axis.
_TURNED = np.linalg.qr(np.array([[0.8, 0.5, -0.3], [0.1, 0.3, 0.9], [-0.6, 0.8, 0.2]]))[0]
ALONG_ROW, DOWN = _TURNED[0], _TURNED[1]
ACROSS = np.cross(ALONG_ROW, DOWN)


def voxels(seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """(Z, Y, X): every value tells its place."""
    z, y, x = np.mgrid[:COUNT, :ROWS, :COLUMNS]
    values: np.ndarray[Any, np.dtype[np.uint16]] = (1000 * seed + 100 * z + 3 * y + x).astype(
        np.uint16
    )
    return values


@dataclass
class Slice:
    """One file before it is written; tests change its dataset."""

    dataset: Dataset
    pixels: np.ndarray[Any, np.dtype[Any]]


def series(seed: int = 0, **tags: Any) -> list[Slice]:  # noqa: ANN401
    """A sound series in the order of its positions."""
    uid = generate_uid(entropy_srcs=[f"series {seed}"])
    slices = []
    for index, pixels in enumerate(voxels(seed)):
        dataset = Dataset()
        dataset.SOPClassUID = MRImageStorage
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[f"{seed} {index}"])
        dataset.StudyInstanceUID = generate_uid(entropy_srcs=["study"])
        dataset.SeriesInstanceUID = uid
        dataset.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame"])
        dataset.PatientName, dataset.PatientID = "Doe^Jane", "MRN123456"
        dataset.Modality = "MR"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M"]
        dataset.SeriesNumber, dataset.InstanceNumber = 5 + seed, index + 1
        dataset.SeriesDescription = "pd tse fs cor"
        dataset.EchoTime, dataset.RepetitionTime, dataset.EchoNumbers = 30, 3000, 1
        dataset.ScanningSequence = "SE"
        dataset.PixelSpacing = [ROW_MM, COLUMN_MM]
        dataset.SpacingBetweenSlices, dataset.SliceThickness = STEP_MM, 3.0
        dataset.ImageOrientationPatient = [*ALONG_ROW.round(9), *DOWN.round(9)]
        dataset.ImagePositionPatient = [*(ORIGIN_MM + index * STEP_MM * ACROSS).round(9)]
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
        dataset.PixelRepresentation = 0
        dataset.Rows, dataset.Columns = pixels.shape
        for name, value in tags.items():
            setattr(dataset, name, value)
        slices.append(Slice(dataset, pixels))
    return slices


def write(folder: Path, slices: list[Slice], prefix: str = "a") -> list[Path]:
    """Writes slices under names that tell nothing of their order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, item in enumerate(slices):
        path = folder / f"{prefix}{(index * 5) % 97:02d}_{index}.dcm"
        dataset = item.dataset
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.PixelData = np.ascontiguousarray(item.pixels).tobytes()
        pydicom.dcmwrite(path, dataset, enforce_file_format=True)
        paths.append(path)
    return paths


def changed(slices: list[Slice], change: Callable[[Dataset, int], None]) -> list[Slice]:
    """Applies a change to the dataset of each slice; it gets the slice's number from 0."""
    for index, item in enumerate(slices):
        change(item.dataset, index)
    return slices
