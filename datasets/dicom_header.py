"""Whether a single DICOM file can be used as an image.

SimpleITK fills in a spacing of 1 mm and a standard orientation where a file states none, so the
header is read with pydicom first. Only the tags named here are read.
"""

from __future__ import annotations

import warnings
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
from pydicom.errors import BytesLengthException, InvalidDicomError

from shoulderseg.datasets.files import has_dicom_mark

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset

_MAX_SIDE = 16384
_AXES_TOLERANCE = 1e-3
_TAGS = [
    "SamplesPerPixel",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "PixelSpacing",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelData",
]


class HeaderError(ValueError):
    """A header that cannot be used, in words that quote nothing but numbers."""


def check_dicom(path: Path) -> None:
    """Check the header of a single-frame DICOM image and the length of its pixel data.

    Args:
        path: The file.

    Raises:
        ValueError: With the reason, naming the tag that is missing or wrong.
        OSError: If the file cannot be opened.
    """
    if not has_dicom_mark(path):
        msg = "not a DICOM file: the mark DICM is missing after its first 128 bytes."
        raise ValueError(msg)
    with warnings.catch_warnings():
        # pydicom quotes odd header values in its warnings.
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, specific_tags=list(_TAGS))
            _check_pixels(dataset)
            _check_place(dataset)
        except (
            InvalidDicomError,
            BytesLengthException,
            EOFError,
            TypeError,
            AttributeError,
            KeyError,
            zlib.error,
        ):
            msg = "DICOM header is damaged. Export it again."
            raise ValueError(msg) from None


def _check_pixels(dataset: Dataset) -> None:
    if "PixelData" not in dataset:
        msg = "DICOM file without an image (no PixelData)."
        raise ValueError(msg)
    if int(dataset.get("NumberOfFrames") or 1) != 1:
        msg = "multi-frame DICOM. Convert it to NIfTI, for instance with dcm2niix."
        raise ValueError(msg)
    if dataset.get("SamplesPerPixel") != 1:
        msg = "colour DICOM (SamplesPerPixel is not 1), expected one grey value per pixel."
        raise ValueError(msg)
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    if not (0 < rows <= _MAX_SIDE and 0 < columns <= _MAX_SIDE):
        msg = f"Rows x Columns is {rows} x {columns}, expected 1 to {_MAX_SIDE} each."
        raise ValueError(msg)
    if not dataset.file_meta.TransferSyntaxUID.is_compressed:
        expected = rows * columns * int(dataset["BitsAllocated"].value) // 8
        found = len(dataset["PixelData"].value)
        if found < expected:
            msg = f"file ends early: {found} of {expected} bytes of pixels. Copy it again."
            raise ValueError(msg)


def _check_place(dataset: Dataset) -> None:
    spacing_mm = numbers(dataset, "PixelSpacing", 2)
    if not (spacing_mm > 0).all():
        msg = f"PixelSpacing is {spacing_mm.tolist()}, expected two numbers above 0."
        raise ValueError(msg)
    numbers(dataset, "ImagePositionPatient", 3)
    axes = numbers(dataset, "ImageOrientationPatient", 6).reshape(2, 3)
    if not np.allclose(axes @ axes.T, np.eye(2), rtol=0.0, atol=_AXES_TOLERANCE):
        msg = "ImageOrientationPatient does not hold two perpendicular unit vectors."
        raise ValueError(msg)


def numbers(dataset: Dataset, tag: str, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Read a tag of several finite numbers.

    Raises:
        HeaderError: If it is missing, or holds another count or what is not finite.
    """
    values = dataset.get(tag)
    if values is None or values == "":
        msg = f"DICOM tag {tag} is missing, so the image has no known size or place."
        raise HeaderError(msg)
    found = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if found.shape != (count,) or not np.isfinite(found).all():
        msg = f"DICOM tag {tag} must hold {count} finite numbers."
        raise HeaderError(msg)
    return found
