"""What a DICOM header claims its file to hold: an MR image, of grey values, that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.uid import UID, SecondaryCaptureImageStorage

from shoulderseg.datasets.dicom.enhanced import is_enhanced
from shoulderseg.datasets.dicom.header_checks import (
    HeaderError,
    NotAnImageError,
    check_grey,
    check_single_frame,
    missing_pixels,
    read_matrix,
)

if TYPE_CHECKING:
    from pydicom import Dataset


def check_kind(dataset: Dataset) -> None:
    """Sees that a data set is an MR image.

    Raises:
        NotAnImageError: If it is of another kind; says of which.
        HeaderError: If it does not say what it is.
    """
    stated = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID")
    if not stated:
        msg = "DICOM header is damaged: it does not say what the file is. Export it again."
        raise HeaderError(msg)
    kind = UID(str(stated))
    modality = str(dataset.get("Modality") or "")
    if kind == SecondaryCaptureImageStorage or "Secondary Capture" in kind.name:
        msg = "secondary capture (a screenshot), no image of the scanner"
        raise NotAnImageError(msg)
    if modality != "MR":
        name = kind.name if kind and kind.name != kind else "no image"
        msg = f"modality is {modality or 'not stated'} ({name}), expected MR"
        raise NotAnImageError(msg)
    if "Image Storage" not in kind.name or "Rows" not in dataset:
        msg = f"{kind.name or 'DICOM object'} without an image"
        raise NotAnImageError(msg)


def check_pixels(dataset: Dataset) -> tuple[int, int]:
    """Sees that pixels are grey values of a known kind.

    Returns:
        Rows and columns.

    Raises:
        HeaderError: If a claim cannot be, or is not supported; names the tag.
    """
    if not is_enhanced(dataset):
        check_single_frame(dataset)
    if "MOSAIC" in [str(item) for item in dataset.get("ImageType") or []]:
        msg = "mosaic: many slices in one image. Convert it with dcm2niix and give the NIfTI file."
        raise HeaderError(msg)
    check_grey(int(dataset.get("SamplesPerPixel") or 1))
    matrix = read_matrix(dataset)
    _check_values(dataset)
    return matrix


def _check_values(dataset: Dataset) -> None:
    """Refuses numbers of bits, kinds of values and encodings that fit no grey image."""
    allocated, stored = int(dataset.get("BitsAllocated") or 0), int(dataset.get("BitsStored") or 0)
    if allocated not in (8, 16, 32) or not 0 < stored <= allocated:
        msg = f"BitsAllocated is {allocated} and BitsStored {stored}, which fit no image."
        raise HeaderError(msg)
    if int(dataset.get("HighBit") or stored - 1) != stored - 1:
        msg = (
            f"HighBit is {dataset.get('HighBit')}, expected {stored - 1} with BitsStored {stored}."
        )
        raise HeaderError(msg)
    signed = dataset.get("PixelRepresentation")
    if signed not in (0, 1):
        msg = f"DICOM tag PixelRepresentation is {signed}, expected 0 or 1 for the sign of values."
        raise HeaderError(msg)
    colours = str(dataset.get("PhotometricInterpretation") or "missing")
    if colours not in ("MONOCHROME1", "MONOCHROME2"):
        msg = f"DICOM tag PhotometricInterpretation is {colours}, expected MONOCHROME1 or 2."
        raise HeaderError(msg)
    syntax = getattr(dataset.file_meta, "TransferSyntaxUID", None)
    if syntax is None or UID(syntax).is_private or not UID(syntax).is_transfer_syntax:
        msg = f"transfer syntax {syntax} is unknown. Export it uncompressed."
        raise HeaderError(msg)


def frame_fault(dataset: Dataset, left: int, number: int = 1, count: int = 1) -> str:
    """Tells whether what is left of the file after the header can hold the pixels of a frame.

    Args:
        dataset: The header.
        left: Bytes after it.
        number: Of the frame, from 1.
        count: Of the frames.

    Returns:
        The fault in a sentence; empty where none shows without decoding.
    """
    syntax = UID(str(dataset.file_meta.TransferSyntaxUID))
    if syntax.is_deflated:
        # The whole file is unpacked before its header can be read.
        return ""
    if syntax.is_compressed:
        return "" if left > 0 else "DICOM file without pixels."
    # The pixels' own tag and length, with a type of value between them where it is explicit.
    found = max(left - (8 if syntax.is_implicit_VR else 12), 0)
    if count == 1:
        return missing_pixels(dataset, found)
    before = (number - 1) * int(dataset.Rows) * int(dataset.Columns)
    return missing_pixels(dataset, found - before * int(dataset.BitsAllocated) // 8)
