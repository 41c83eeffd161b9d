"""Checks on an image file before SimpleITK sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoulderseg.datasets.dicom.single_file import check_dicom
from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.files import DICOM_SUFFIX, IMAGE_SUFFIXES, holds_dicom, image_suffix
from shoulderseg.datasets.meta_file import check_meta
from shoulderseg.datasets.nifti_file import check_nifti
from shoulderseg.datasets.text_header import check_attached
from shoulderseg.datasets.unfetched import NOT_FETCHED, is_unfetched

if TYPE_CHECKING:
    from pathlib import Path

    from shoulderseg.datasets.nifti_header import NiftiHeader

# 4 GiB as float32, about 200 times a large shoulder examination.
MAX_VOXELS = 1 << 30


def check_file(path: Path, known_format: str = "") -> NiftiHeader | None:
    """Refuses a file that is empty, damaged, cut off or not what its name says.

    NRRD files are only checked for being there, not empty and whole in one file: SimpleITK itself
    refuses them when they end early. A flipped byte in an uncompressed file of any format cannot
    be noticed.

    Args:
        path: The file.
        known_format: Its format, as `file_format` gives it, where that is known from its content.

    Returns:
        The header of a NIfTI file, None for other formats.

    Raises:
        UnreadableVolumeError: With the reason.
    """
    if is_unfetched(path):
        raise UnreadableVolumeError(path, NOT_FETCHED)
    if not path.is_file():
        raise UnreadableVolumeError(path, "there is no such file. Check the path.")
    try:
        if path.stat().st_size == 0:
            raise UnreadableVolumeError(path, "file is empty (0 bytes). Copy it again.")
        return _check_format(path, known_format or file_format(path))
    except OSError as error:
        reason = f"file cannot be opened ({error.strerror})."
        raise UnreadableVolumeError(path, reason) from None


def file_format(path: Path) -> str:
    """Gives the image suffix of a file; a DICOM file under another name counts as `.dcm`.

    Raises:
        UnreadableVolumeError: If the format is not supported.
        OSError: If the file cannot be opened.
    """
    suffix = image_suffix(path) or (DICOM_SUFFIX if holds_dicom(path) else "")
    if not suffix:
        supported = ", ".join(IMAGE_SUFFIXES)
        raise UnreadableVolumeError(path, f"unknown image format, expected one of {supported}.")
    return suffix


def _check_format(path: Path, suffix: str) -> NiftiHeader | None:
    try:
        if suffix in {".nii", ".nii.gz"}:
            _refuse_sibling(path, suffix)
            return check_nifti(path, MAX_VOXELS)
        if suffix in {".mha", ".mhd"}:
            check_meta(path, MAX_VOXELS)
        elif suffix == ".nrrd":
            check_attached(path)
        elif suffix == DICOM_SUFFIX:
            check_dicom(path)
    except ValueError as error:
        raise UnreadableVolumeError(path, str(error)) from None
    return None


def _refuse_sibling(path: Path, suffix: str) -> None:
    # SimpleITK opens x.nii when it is asked for x.nii.gz and both exist.
    stem = path.name[: -len(suffix)]
    other = ".nii" if suffix == ".nii.gz" else ".nii.gz"
    if path.with_name(stem + other).exists():
        # Its name may be a patient's, where masks lie beside DICOM.
        msg = (
            f"a file of the same name with {other} lies beside it and one may be read for the "
            "other. Move one away."
        )
        raise ValueError(msg)
