"""What the text headers of NRRD and MetaImage files leave out.

SimpleITK fills in axes where a header has none, and does not tell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shoulderseg.datasets.files import image_suffix

if TYPE_CHECKING:
    from pathlib import Path

_HEADER_BYTES = 1 << 16
_STATED = {
    ".nrrd": re.compile(rb"^space:", re.MULTILINE | re.IGNORECASE),
    ".mha": re.compile(rb"^(TransformMatrix|Orientation|Rotation)\s*=", re.MULTILINE),
}
# NRRD's field has two spellings.
_ELSEWHERE = re.compile(rb"^data ?file:", re.MULTILINE | re.IGNORECASE)
_STATED[".mhd"] = _STATED[".mha"]
_END = {
    ".nrrd": re.compile(rb"\r?\n\r?\n"),
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
        ValueError: If it does.
        OSError: If it cannot be opened.
    """
    if _ELSEWHERE.search(_header(path)):
        msg = "its voxels lie in another file (`data file`). Save them in one file."
        raise ValueError(msg)


def _header(path: Path) -> bytes:
    with path.open("rb") as stream:
        head = stream.read(_HEADER_BYTES)
    end = _END[image_suffix(path)].search(head)
    return head[: end.start()] if end else head


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
    return stated.search(_header(path)) is None
