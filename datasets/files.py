"""Which files are images, and what a case is called."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DICOM_SUFFIX = ".dcm"
IMAGE_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd", DICOM_SUFFIX)
# What 3D Slicer calls a segmentation, often beside its image.
_SEGMENTATION = ".seg.nrrd"
_CHANNEL = "_0000"


def image_suffix(path: Path) -> str:
    """Gives the image suffix of a file name in lower case, or an empty string if it has none."""
    name = path.name.lower()
    return next((suffix for suffix in IMAGE_SUFFIXES if name.endswith(suffix)), "")


def is_segmentation(path: Path) -> bool:
    """Tells by its name whether a file is a segmentation of 3D Slicer (`.seg.nrrd`)."""
    return path.name.lower().endswith(_SEGMENTATION)


def has_dicom_mark(path: Path) -> bool:
    """Tells whether a file carries `DICM` after the 128-byte DICOM preamble.

    Raises:
        OSError: If the file cannot be opened.
    """
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def case_name(path: Path) -> str:
    """Gives a file name without its image suffix and without nnU-Net's trailing `_0000`.

    A segmentation of 3D Slicer (`.seg.nrrd`) is called as its image.

    Example:
        >>> from pathlib import Path
        >>> case_name(Path("images/shoulder_7_0000.nii.gz"))
        'shoulder_7'
    """
    name = shown_name(path)
    suffix = _SEGMENTATION if is_segmentation(path) else image_suffix(path)
    stem = name[: len(name) - len(suffix)]
    return stem.removesuffix(_CHANNEL) or stem


def shown_name(path: Path) -> str:
    """Gives a file name as text, whatever the locale; bytes that are no UTF-8 become escapes."""
    return os.fsencode(path.name).decode(errors="backslashreplace")


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
        entry.name + ("/" if entry.is_dir() else "")
        for entry in path.iterdir()
        if entry not in kept
    )


def _files(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_file())


def _is_image(file: Path) -> bool:
    if file.name.startswith("."):
        return False
    if image_suffix(file):
        return True
    try:
        return has_dicom_mark(file)
    except OSError:
        return False
