"""Whether a single DICOM file can be used as an image by itself.

SimpleITK fills in a spacing of 1 mm and a standard orientation where a file states none, so the
header is read with pydicom first. Only the tags named here are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEG2000MCLossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from shoulderseg.datasets.dicom.enhanced import is_enhanced
from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.header_checks import (
    HeaderError,
    check_grey,
    check_single_frame,
    header_errors,
    missing_pixels,
    read_geometry,
    read_matrix,
)
from shoulderseg.datasets.dicom.pixel_claims import known_word
from shoulderseg.datasets.files import holds_dicom

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset

# Stricter than for a series, whose axes are averaged: these are used as they are.
_AXES_TOLERANCE = 1e-3
# What packs pixels and changes none; deflated files are packed as a whole.
_LOSSLESS = frozenset(
    {
        *(DeflatedExplicitVRLittleEndian, RLELossless, JPEGLossless, JPEGLosslessSV1),
        *(JPEGLSLossless, JPEG2000Lossless, JPEG2000MCLossless),
        *(HTJ2KLossless, HTJ2KLosslessRPCL, "1.2.840.10008.1.2.4.110"),
    }
)
_TAGS = [
    "SamplesPerPixel",
    "SOPClassUID",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "PixelSpacing",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelData",
]


def check_dicom(path: Path) -> None:
    """Checks the header of a single-frame DICOM image of any modality and its pixels' length.

    Args:
        path: The file.

    Raises:
        HeaderError: With the reason, naming the tag that is missing or wrong.
        OSError: If the file cannot be opened.
    """
    if not holds_dicom(path):
        msg = "not a DICOM file: neither the mark DICM nor a DICOM data set is at its beginning."
        raise HeaderError(msg)
    with header_errors():
        dataset = read_dataset(path, _TAGS, pixels=True)
        _check_pixels(dataset)
        read_geometry(dataset, _AXES_TOLERANCE)


def check_slice(path: Path) -> None:
    """Checks the pixels of a slice whose place is known from the series; as `check_dicom` else.

    Args:
        path: The file.

    Raises:
        HeaderError: With the reason, naming the tag that is missing or wrong.
        OSError: If the file cannot be opened.
    """
    with header_errors():
        _check_pixels(read_dataset(path, _TAGS, pixels=True))


def check_labels(path: Path) -> None:
    """Refuses a DICOM image whose stored values may not be the labels that somebody drew.

    Args:
        path: A file that passed `check_dicom`.

    Raises:
        HeaderError: With the reason.
        OSError: If the file cannot be opened.
    """
    with header_errors():
        dataset = read_dataset(path, ["PhotometricInterpretation"])
        meaning = str(dataset.get("PhotometricInterpretation") or "").strip()
        syntax = dataset.file_meta.TransferSyntaxUID
        # A header may say that the image was once packed with loss: masks copy that from it.
        lossy = syntax.is_compressed and syntax not in _LOSSLESS
    if meaning != "MONOCHROME2":
        told = known_word(meaning, ("MONOCHROME1", "PALETTE COLOR"))
        msg = (
            f"its PhotometricInterpretation is {told}, so its labels may be the stored or the "
            "displayed values. Save the mask as MONOCHROME2."
        )
        raise HeaderError(msg)
    if lossy:
        msg = (
            "it is packed as JPEG or a kin, which changes values at edges: labels may be made up. "
            "Save the mask uncompressed, or packed without loss."
        )
        raise HeaderError(msg)


def _check_pixels(dataset: Dataset) -> None:
    if "PixelData" not in dataset:
        msg = "DICOM file without an image (no PixelData)."
        raise HeaderError(msg)
    if is_enhanced(dataset):
        msg = (
            "enhanced (multi-frame) MR, expected one slice. Give it to `predict`, `inspect` or "
            "`convert dicom-study`, or convert it with dcm2niix."
        )
        raise HeaderError(msg)
    check_single_frame(dataset)
    # As for a series: one value is what a file without the tag has.
    check_grey(dataset.get("SamplesPerPixel") or 1)
    read_matrix(dataset)
    if not dataset.file_meta.TransferSyntaxUID.is_compressed:
        fault = missing_pixels(dataset, len(dataset["PixelData"].value))
        if fault:
            raise HeaderError(fault)
