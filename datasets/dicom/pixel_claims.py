"""What a DICOM header claims its file to hold: an MR image, of grey values, that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.uid import UID, SecondaryCaptureImageStorage

from shoulderseg.datasets.dicom.enhanced import is_enhanced
from shoulderseg.datasets.dicom.header_checks import (
    HeaderError,
    NoSliceError,
    NotAnImageError,
    check_grey,
    check_single_frame,
    missing_pixels,
    read_matrix,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydicom import Dataset

_MODALITIES = frozenset(
    {
        *("CT", "US", "CR", "DX", "MG", "PT", "NM", "XA", "RF", "OT", "SR", "PR", "SEG", "KO"),
        *("DOC", "IO", "ES", "XC", "SM", "RG", "ECG", "AU", "REG", "SC", "BI", "OCT", "OP"),
        *("RTSTRUCT", "RTDOSE", "RTPLAN", "RTIMAGE", "BMD", "PX", "GM", "MR", "RWV", "M3D"),
    }
)
_COLOURS = frozenset(
    {
        *("RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422"),
        *("YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "HSV", "ARGB", "CMYK"),
    }
)
# What the numbers of the kinds of DICOM objects begin with.
_STANDARD = "1.2.840.10008."


def known_word(value: object, known: Collection[str]) -> str:
    """Quotes a word of a header if the standard knows it; any other may be the patient's name.

    Args:
        value: From the header.
        known: Words that may be quoted.
    """
    return str(value) if str(value) in known else "none that the standard knows"


def check_kind(dataset: Dataset) -> None:
    """Sees that a data set is an MR image.

    Raises:
        NotAnImageError: If it is of another kind; says of which.
        HeaderError: If it does not say what it is, as where an MR image is cut off in its header.
    """
    stated = dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID")
    if not stated:
        msg = "DICOM header is damaged: it does not say what the file is. Export it again."
        raise HeaderError(msg)
    kind = UID(str(stated))
    # The name of an unknown one is itself, which may be anything.
    name = kind.name if kind.name != kind else ""
    modality = dataset.get("Modality") or "not stated"
    if _is_cut_off(kind, name, str(dataset.get("Modality") or "")):
        msg = "DICOM header ends early: Modality is missing. Copy or export the file again."
        raise HeaderError(msg)
    if kind == SecondaryCaptureImageStorage or "Secondary Capture" in name:
        msg = "secondary capture (a screenshot), no image of the scanner"
        raise NotAnImageError(msg)
    if modality != "MR":
        told = known_word(modality, {*_MODALITIES, "not stated"})
        msg = f"modality is {told} ({name or 'no image'}), expected MR"
        raise NotAnImageError(msg)
    if "Image Storage" not in name:
        msg = f"{name or 'DICOM object'} without an image"
        raise NotAnImageError(msg)
    if "Rows" not in dataset:
        msg = "DICOM header ends early: Rows is missing. Copy or export the file again."
        raise HeaderError(msg)


def _is_cut_off(kind: str, name: str, modality: str) -> bool:
    """Whether a header without a whole Modality is that of an MR image, or ends before it told."""
    if modality == "MR" or not "MR".startswith(modality):
        return False
    if name:
        return "MR" in name.split() and "Image Storage" in name
    return kind.startswith(_STANDARD) or _STANDARD.startswith(kind)


def check_pixels(dataset: Dataset) -> tuple[int, int]:
    """Sees that pixels are grey values of a known kind.

    Returns:
        Rows and columns.

    Raises:
        NoSliceError: If the image is sound, but holds colours or several slices.
        HeaderError: If a claim cannot be, or is not supported; names the tag.
    """
    if not is_enhanced(dataset):
        check_single_frame(dataset)
    if "MOSAIC" in [str(item) for item in dataset.get("ImageType") or []]:
        msg = "mosaic: many slices in one image. Convert it with dcm2niix and give the NIfTI file."
        raise NoSliceError(msg)
    check_grey(int(dataset.get("SamplesPerPixel") or 1))
    colours = dataset.get("PhotometricInterpretation")
    if colours in _COLOURS:
        msg = f"DICOM tag PhotometricInterpretation is {colours}, expected MONOCHROME1 or 2."
        raise NoSliceError(msg)
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
        msg = f"HighBit is not {stored - 1}, as expected with BitsStored {stored}."
        raise HeaderError(msg)
    signed = dataset.get("PixelRepresentation")
    if signed not in (0, 1):
        msg = "DICOM tag PixelRepresentation is neither 0 nor 1, which say the sign of values."
        raise HeaderError(msg)
    colours = dataset.get("PhotometricInterpretation") or "missing"
    if colours not in ("MONOCHROME1", "MONOCHROME2"):
        told = known_word(colours, {"missing"})
        msg = f"DICOM tag PhotometricInterpretation is {told}, expected MONOCHROME1 or 2."
        raise HeaderError(msg)
    syntax = getattr(dataset.file_meta, "TransferSyntaxUID", None)
    if syntax is None or UID(syntax).is_private or not UID(syntax).is_transfer_syntax:
        msg = "its transfer syntax is unknown. Export it uncompressed."
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
