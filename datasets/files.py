"""Which files are images, and what a case is called."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, BinaryIO

from shoulderseg.datasets.printable import one_line

if TYPE_CHECKING:
    from pathlib import Path

DICOM_SUFFIX = ".dcm"
IMAGE_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd", DICOM_SUFFIX)
# What 3D Slicer calls a segmentation, often beside its image.
_SEGMENTATION = ".seg.nrrd"
_CHANNEL = "_0000"
_FOREIGN = {
    ".hdr": "Analyze, or NIfTI in two files (.hdr and .img),",
    ".nhdr": "NRRD with its voxels in another file",
    ".mgh": "FreeSurfer's format",
    ".mgz": "FreeSurfer's format",
    ".mnc": "MINC",
    ".par": "Philips PAR/REC",
    ".mif": "MRtrix's format",
}
_HEAD_BYTES = 4096
_LAST_FIRST_ELEMENT = 0x18
_LONGEST_FIRST_VALUE = 256
_DICOM_UID = b"1.2.840.10008."


def image_suffix(path: Path) -> str:
    """Gives the image suffix of a file name in lower case, or an empty string if it has none."""
    name = path.name.lower()
    return next((suffix for suffix in IMAGE_SUFFIXES if name.endswith(suffix)), "")


def is_segmentation(path: Path) -> bool:
    """Tells by its name whether a file is a segmentation of 3D Slicer (`.seg.nrrd`)."""
    return path.name.lower().endswith(_SEGMENTATION)


def holds_dicom(path: Path) -> bool:
    """Tells by its content whether a file is DICOM.

    It carries `DICM` after a preamble of 128 bytes, or, as older exports of scanners do, begins
    with the data set itself.

    Raises:
        OSError: If the file cannot be opened.
    """
    with path.open("rb") as stream:
        return begins_as_dicom(stream.read(_HEAD_BYTES))


def begins_as_dicom(head: bytes) -> bool:
    """Tells by its first bytes whether a file is DICOM, as `holds_dicom`.

    Args:
        head: 4096 bytes, or all of a shorter file.
    """
    return head[128:132] == b"DICM" or _begins_with_data_set(head[:_HEAD_BYTES])


def begins_with_data_set(stream: BinaryIO) -> bool:
    """Tells whether a file is a DICOM data set without a preamble before it.

    It has a first element of group 2 or 8, in any of the three encodings, and soon a UID of DICOM.

    Args:
        stream: The file; where it is read next is the same afterwards.
    """
    place = stream.tell()
    stream.seek(0)
    head = stream.read(_HEAD_BYTES)
    stream.seek(place)
    return _begins_with_data_set(head)


def _begins_with_data_set(head: bytes) -> bool:
    for order in ("<", ">"):
        if len(head) < 8:
            return False
        group, element, length = struct.unpack_from(f"{order}HHI", head)
        if group not in (2, 8) or element > _LAST_FIRST_ELEMENT:
            continue
        explicit = head[4:6].isalpha() and head[4:6].isupper()
        if (explicit or length <= _LONGEST_FIRST_VALUE) and _DICOM_UID in head:
            return True
    return False


def foreign_format(path: Path) -> str:
    """Names the format of an image that is not read, and says what to do; empty for other files.

    Of an image in two files only its header is named.
    """
    suffix = path.suffix.lower()
    voxels = path.with_suffix(".img")
    if suffix == ".hdr" and not (may_exist(voxels) or is_link(voxels)):
        return ""
    name = _FOREIGN.get(suffix, "")
    return (
        f"{name} is not read. Convert it to .nii.gz or .nrrd (3D Slicer saves both)" if name else ""
    )


def case_name(path: Path) -> str:
    """Gives a file name without its image suffix and without nnU-Net's trailing `_0000`.

    A segmentation of 3D Slicer (`.seg.nrrd`) is called as its image.

    Raises:
        ValueError: If nothing is left to call it by, as in `.nii.gz`.

    Example:
        >>> from pathlib import Path
        >>> case_name(Path("images/shoulder_7_0000.nii.gz"))
        'shoulder_7'
    """
    name = shown_name(path)
    suffix = _SEGMENTATION if is_segmentation(path) else image_suffix(path)
    stem = name[: len(name) - len(suffix)]
    if not stem.strip(". "):
        msg = (
            f"{name}: nothing stands before the suffix to call the case by; rename the file, for "
            f"instance to shoulder{suffix}"
        )
        raise ValueError(msg)
    return stem.removesuffix(_CHANNEL) or stem


def shown_name(path: Path) -> str:
    """Gives a file name as text in one line, whatever the locale.

    Bytes that are no UTF-8 become escapes, and so do signs that a terminal would obey.
    """
    return one_line(os.fsencode(path.name).decode(errors="backslashreplace"))


def find_volumes(path: Path) -> list[Path]:
    """Lists the image files that a path stands for.

    A folder is not searched below its first level, and its DICOM files are single images here:
    a series is not put together.

    Args:
        path: A file, which gives itself whatever its name, or a folder.

    Returns:
        The files sorted by name; empty for a folder without images.

    Raises:
        FileNotFoundError: If there is no such file or folder.
    """
    if path.is_dir():
        return [file for file in _files(path) if _is_image(file)]
    if not path.exists():
        msg = f"{path.name}: there is no such file or folder. Check the path."
        raise FileNotFoundError(msg)
    return [path]


def may_exist(path: Path) -> bool:
    """Tells whether something is there, or may be where nobody may look."""
    try:
        return path.exists()
    except OSError:
        return True


def may_be_file(path: Path) -> bool:
    """Tells whether this is a file, or may be one where nobody may look."""
    try:
        return path.is_file()
    except OSError:
        return True


def is_link(path: Path) -> bool:
    """Tells whether this is a link, as far as anybody may look."""
    try:
        return path.is_symlink()
    except OSError:
        return False


def dangling_volumes(path: Path) -> list[Path]:
    """Lists links in a folder that are called as images and lead to no file, sorted by name."""
    if not path.is_dir():
        return []
    return sorted(
        entry
        for entry in path.iterdir()
        if image_suffix(entry) not in ("", DICOM_SUFFIX)
        and not entry.name.startswith(".")
        and not may_exist(entry)
    )


def ignored_files(path: Path) -> list[str]:
    """Lists the names in a folder that `find_volumes` leaves out, folders with a trailing `/`.

    Args:
        path: A file, which leaves nothing out, or a folder.

    Returns:
        The names, sorted.
    """
    if not path.is_dir():
        return []
    kept = set(find_volumes(path))
    return sorted(
        entry.name + ("" if may_be_file(entry) else "/")
        for entry in path.iterdir()
        if entry not in kept
    )


def _files(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if may_be_file(entry))


def _is_image(file: Path) -> bool:
    if file.name.startswith("."):
        return False
    if image_suffix(file):
        return True
    try:
        return holds_dicom(file)
    except OSError:
        return False
