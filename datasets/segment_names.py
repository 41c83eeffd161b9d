"""What the header of a label map calls the structures behind its values.

3D Slicer writes names into NRRD (`Segment0_Name`, `Segment0_LabelValue`), TotalSegmentator and
Connectome Workbench into an extension of NIfTI (a `LabelTable` in XML).
"""

from __future__ import annotations

import gzip
import html
import re
import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO

import SimpleITK

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.files import image_suffix
from shoulderseg.datasets.itk_warnings import silence_itk_warnings
from shoulderseg.datasets.utf8_path import utf8_path

if TYPE_CHECKING:
    from pathlib import Path

_HEADER_BYTES = 348
_MOST_EXTENSION_BYTES = 1 << 20
_LABEL = re.compile(
    r"<Label\s[^>]*?\bKey\s*=\s*[\"'](\d+)[\"'][^>]*>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))</Label>",
    re.S,
)


def read_segment_names(path: Path) -> dict[int, str]:
    """Reads the names of segments from the header of a label map.

    Args:
        path: A file that can be read as a label map.

    Returns:
        Value to name, in one line each; empty where the header names nothing.

    Raises:
        UnreadableVolumeError: If the header cannot be read.
    """
    suffix = image_suffix(path)
    if suffix == ".nrrd":
        names = _from_nrrd(path)
    elif suffix in (".nii", ".nii.gz"):
        names = _from_nifti(path)
    else:
        names = {}
    return {value: " ".join(name.split()) for value, name in names.items() if name.strip()}


def _from_nrrd(path: Path) -> dict[int, str]:
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("NrrdImageIO")
    with silence_itk_warnings(), utf8_path(path) as plain:
        reader.SetFileName(str(plain))
        try:
            reader.ReadImageInformation()
            fields = {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys()}
        except (RuntimeError, UnicodeDecodeError):
            raise UnreadableVolumeError(path, "its header cannot be read. Save it again.") from None
    names: dict[int, str] = {}
    for key, name in fields.items():
        number = re.fullmatch(r"Segment(\d+)_Name", key)
        told = fields.get(f"Segment{number[1]}_LabelValue", "") if number else ""
        value = re.fullmatch(r"\s*(\d+)(\.0*)?\s*", told)
        if value is None:
            continue
        if names.setdefault(int(value[1]), name) != name:
            reason = (
                f"its header gives value {value[1]} two names: segments overlap and lie in layers. "
                "Save it without overlap."
            )
            raise UnreadableVolumeError(path, reason)
    return names


def _from_nifti(path: Path) -> dict[int, str]:
    try:
        with path.open("rb") as file, _unpacked(file, path) as stream:
            head = stream.read(_HEADER_BYTES + 4)
            order = "<" if head[:4] == struct.pack("<i", _HEADER_BYTES) else ">"
            start = int(struct.unpack_from(f"{order}f", head, 108)[0])
            length = min(start - len(head), _MOST_EXTENSION_BYTES)
            told = stream.read(length) if head[_HEADER_BYTES] and length > 0 else b""
    except (OSError, EOFError, ValueError, OverflowError, IndexError, struct.error, zlib.error):
        raise UnreadableVolumeError(path, "its header cannot be read. Save it again.") from None
    # XML that is not parsed cannot make a parser misbehave.
    text = told.decode("utf-8", errors="replace")
    return {
        int(value): html.unescape(plain) if plain else marked
        for value, marked, plain in _LABEL.findall(text)
    }


def _unpacked(file: BinaryIO, path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(file) if image_suffix(path) == ".nii.gz" else file
