"""Checks that every DICOM image must pass, of a series or alone.

Messages quote nothing from a header but numbers: other values may name the patient.
"""

from __future__ import annotations

import struct
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.errors import BytesLengthException, InvalidDicomError

from shoulderseg.datasets.dicom.silence import silence_dicom_libraries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import Dataset

# Far above any scanner's matrix: a larger claim is a damaged header.
MAX_SIDE = 16384
_DAMAGED = (
    InvalidDicomError,
    BytesLengthException,
    EOFError,
    TypeError,
    AttributeError,
    KeyError,
    NotImplementedError,
    RecursionError,
    OverflowError,
    ValueError,
    struct.error,
    zlib.error,
)


class HeaderError(ValueError):
    """A header that cannot be used, in words that quote nothing but numbers.

    Attributes:
        series: SeriesInstanceUID of the file, as far as it is known.
        is_series_whole: Whether `series` is all that the file holds of it; not where the header was
            not read, or ends within it or before.
        instance: SOPInstanceUID of the file, as far as it is known.
    """

    series: str = ""
    is_series_whole: bool = False
    instance: str = ""


class NoSliceError(HeaderError):
    """A sound image that cannot be used, and that is no slice of a series either."""


class NotAnImageError(ValueError):
    """A sound DICOM file of another kind: a report, a photograph, another modality."""


@contextmanager
def header_errors() -> Iterator[None]:
    """Turns every error of pydicom into one that quotes nothing, and keeps its log silent.

    Raises:
        HeaderError: If a header cannot be read; one that a check raised passes as it is, and so
            does a NotAnImageError.
        OSError: If the file cannot be opened.
    """
    with silence_dicom_libraries():
        try:
            yield
        except (NotAnImageError, HeaderError):
            raise
        except _DAMAGED:
            # What the libraries say quotes the header.
            msg = "DICOM header is damaged. Export it again."
            raise HeaderError(msg) from None


def check_single_frame(dataset: Dataset) -> None:
    """Refuses an image of several frames that says nowhere where each of them lies.

    Raises:
        NoSliceError: If it is one; says what to convert it with.
    """
    if int(dataset.get("NumberOfFrames") or 1) != 1:
        msg = (
            "multi-frame DICOM of a kind that is not enhanced MR. Convert it with dcm2niix and "
            "give the NIfTI file."
        )
        raise NoSliceError(msg)


def check_grey(samples: object) -> None:
    """Refuses an image whose pixels hold anything but one value.

    Args:
        samples: What SamplesPerPixel holds.

    Raises:
        NoSliceError: If it is not 1.
    """
    if samples != 1:
        msg = "colour DICOM (SamplesPerPixel is not 1), expected one grey value per pixel."
        raise NoSliceError(msg)


def read_matrix(dataset: Dataset) -> tuple[int, int]:
    """Reads the numbers of rows and of columns.

    Raises:
        HeaderError: If one of them is below 1 or above `MAX_SIDE`.
    """
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    if not (0 < rows <= MAX_SIDE and 0 < columns <= MAX_SIDE):
        msg = f"Rows x Columns is {rows} x {columns}, expected 1 to {MAX_SIDE} each."
        raise HeaderError(msg)
    return rows, columns


def missing_pixels(dataset: Dataset, found: int) -> str:
    """Describes the pixels that an uncompressed file lacks.

    Args:
        dataset: The header, with Rows, Columns and BitsAllocated.
        found: Bytes of pixels in the file.

    Returns:
        The fault in a sentence; empty where no byte is missing.
    """
    expected = int(dataset.Rows) * int(dataset.Columns) * int(dataset.BitsAllocated) // 8
    if found >= expected:
        return ""
    return f"file ends early: {found} of {expected} bytes of pixels. Copy it again."


def read_geometry(
    dataset: Dataset, axes_tolerance: float
) -> tuple[
    tuple[float, float],
    np.ndarray[Any, np.dtype[np.float64]],
    np.ndarray[Any, np.dtype[np.float64]],
]:
    """Reads where the pixels lie in the patient.

    Args:
        dataset: The header.
        axes_tolerance: How far the products of the two axes may be from those of perpendicular
            unit vectors.

    Returns:
        Distance of rows and of columns in mm; position of the first pixel's centre in mm, (3,);
        the axes along a row and down a column as written, (2, 3). LPS, as in DICOM.

    Raises:
        HeaderError: If one of the three is missing or cannot be; names the tag.
    """
    rows_mm, columns_mm = read_numbers(dataset, "PixelSpacing", 2)
    if min(rows_mm, columns_mm) <= 0:
        msg = f"PixelSpacing is {rows_mm:g} and {columns_mm:g}, expected two numbers above 0."
        raise HeaderError(msg)
    position_mm = read_numbers(dataset, "ImagePositionPatient", 3)
    axes = read_numbers(dataset, "ImageOrientationPatient", 6).reshape(2, 3)
    off = np.abs(axes @ axes.T - np.eye(2)).max()
    if off > axes_tolerance:
        msg = (
            "ImageOrientationPatient does not hold two perpendicular unit vectors "
            f"(off by {off:.2g}, at most {axes_tolerance:g} is accepted)."
        )
        raise HeaderError(msg)
    return (float(rows_mm), float(columns_mm)), position_mm, axes


def perpendicular_axes(axes: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Makes axes that a header rounded perpendicular, and of length 1.

    Args:
        axes: Along a row and down a column, (2, 3); the first keeps its direction.
    """
    first = axes[0] / np.linalg.norm(axes[0])
    second = axes[1] - first * (first @ axes[1])
    return np.stack([first, second / np.linalg.norm(second)])


def read_numbers(dataset: Dataset, tag: str, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Reads a tag of several finite numbers, float64 (count,).

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
