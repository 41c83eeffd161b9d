"""The pixels of single frames of a multi-frame image.

Each frame is handed to the decoder as a single-frame file: one decoder, one way to apply rescale
and to turn round MONOCHROME1, so that the voxels are those of the single-frame original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    MRImageStorage,
)

from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.header_checks import HeaderError, header_errors
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from shoulderseg.datasets.temporary_folder import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from shoulderseg.datasets.dicom.header import SliceHeader

# Nothing that tells of the patient: the file lies in the folder for temporary files for a moment.
_KEPT = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PhotometricInterpretation",
)
_NO_PATIENT = UID("2.25.1")


class MultiFrameFiles:
    """Reads frames; the last file stays open, so that it is read once for all of its frames."""

    def __init__(self) -> None:
        """Starts with no file."""
        self._path: Path | None = None
        self._dataset = Dataset()

    def decode(
        self,
        header: SliceHeader,
        decode_file: Callable[[Path, tuple[int, int]], npt.NDArray[np.float32]],
    ) -> npt.NDArray[np.float32]:
        """Decodes one frame.

        Args:
            header: Of the frame.
            decode_file: Decodes a single-frame file of the given rows and columns.

        Returns:
            float32, shape (Y, X), rescaled.

        Raises:
            HeaderError: If the frame is not in the file.
            ValueError: As `decode_file`.
            OSError: If the file cannot be opened.
        """
        if self._path != header.path:
            with header_errors():
                self._dataset = read_dataset(header.path, pixels=True)
            self._path = header.path
        with header_errors():
            single = _single_frame(self._dataset, header)
        with temporary_folder() as folder:
            path = folder / "frame.dcm"
            with silence_dicom_libraries():
                pydicom.dcmwrite(path, single, enforce_file_format=True)
            return decode_file(path, header.shape)


def _single_frame(dataset: Dataset, header: SliceHeader) -> Dataset:
    syntax = dataset.file_meta.TransferSyntaxUID
    single = Dataset()
    for keyword in _KEPT:
        if keyword in dataset:
            single[keyword] = dataset[keyword]
    single.SOPClassUID, single.SOPInstanceUID = MRImageStorage, _NO_PATIENT
    single.Modality = "MR"
    single.PixelSpacing, single.ImagePositionPatient = [1, 1], [0, 0, 0]
    single.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    if header.text("RescaleSlope") or header.text("RescaleIntercept"):
        single.RescaleSlope = header.text("RescaleSlope") or "1"
        single.RescaleIntercept = header.text("RescaleIntercept") or "0"
    if syntax.is_compressed and not syntax.is_deflated:
        count = int(dataset.NumberOfFrames)
        frame = get_frame(dataset.PixelData, header.frame - 1, number_of_frames=count)
        single.PixelData = encapsulate([frame])
        single["PixelData"].is_undefined_length = True
    else:
        single.PixelData = _native(dataset, header.frame - 1)
    single.file_meta = FileMetaDataset()
    deflated = syntax == DeflatedExplicitVRLittleEndian
    single.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if deflated else syntax
    single.file_meta.MediaStorageSOPClassUID = MRImageStorage
    single.file_meta.MediaStorageSOPInstanceUID = _NO_PATIENT
    return single


def _native(dataset: Dataset, index: int) -> bytes:
    length = int(dataset.Rows) * int(dataset.Columns) * int(dataset.BitsAllocated) // 8
    pixels = bytes(dataset.PixelData[index * length : (index + 1) * length])
    if len(pixels) < length:
        msg = f"file ends early: frame {index + 1} is not in it. Copy it again."
        raise HeaderError(msg)
    return pixels + b"\0" * (length % 2)
