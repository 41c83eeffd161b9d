"""What the text headers of NRRD and MetaImage files leave out.

SimpleITK fills in axes where a header has none, and does not tell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shoulderseg.datasets.files import image_suffix

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK_BYTES = 1 << 16
# 3D Slicer's headers of many segments have some hundred KiB.
_MOST_HEADER_BYTES = 1 << 22
_STATED = {
    ".nrrd": re.compile(rb"^space:", re.MULTILINE | re.IGNORECASE),
    ".mha": re.compile(rb"^(TransformMatrix|Orientation|Rotation)\s*=", re.MULTILINE),
}
# NRRD's field has two spellings.
_ELSEWHERE = re.compile(rb"^data ?file:", re.MULTILINE | re.IGNORECASE)
_STATED[".mhd"] = _STATED[".mha"]
_END = {
    ".nrrd": re.compile(rb"\n\n"),
    ".mha": re.compile(rb"^ElementDataFile\s*=", re.MULTILINE),
}
_END[".mhd"] = _END[".mha"]


def check_attached(path: Path) -> None:
    """Refuses a NRRD file whose header names another file for the voxels.

    What is known of an image by its file, such as whether it has changed, would not hold, and a
    file from elsewhere could name any file of this machine.

    Args:
        path: The file.

    Raises:
        ValueError: If it does, or if its header does not end.
        OSError: If it cannot be opened.
    """
    header, ended = _header(path)
    if _ELSEWHERE.search(header):
        msg = "its voxels lie in another file (`data file`). Save them in one file."
        raise ValueError(msg)
    if not ended:
        msg = (
            "no empty line ends its header within "
            f"{_MOST_HEADER_BYTES >> 20} MiB: it is damaged, or no NRRD file. Save it again."
        )
        raise ValueError(msg)


def _header(path: Path) -> tuple[bytes, bool]:
    """The header with plain line ends, and whether its end was found."""
    head = lines = b""
    with path.open("rb") as stream:
        while len(head) < _MOST_HEADER_BYTES and (chunk := stream.read(_CHUNK_BYTES)):
            head += chunk
            # A carriage return alone ends a line, too, for those who read the file.
            lines = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            end = _END[image_suffix(path)].search(lines)
            if end:
                return lines[: end.start()], True
    return lines, False


def lacks_orientation(path: Path) -> bool:
    """Tells whether the header of a NRRD or MetaImage file names no axes of the patient.

    Args:
        path: A file that could be read as an image.

    Returns:
        False for files of other formats.
    """
    stated = _STATED.get(image_suffix(path))
    if stated is None:
        return False
    return stated.search(_header(path)[0]) is None
