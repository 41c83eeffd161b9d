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
_STATED[".mhd"] = _STATED[".mha"]
_END = {
    ".nrrd": re.compile(rb"\r?\n\r?\n"),
    ".mha": re.compile(rb"^ElementDataFile\s*=", re.MULTILINE),
}
_END[".mhd"] = _END[".mha"]


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
    with path.open("rb") as stream:
        head = stream.read(_HEADER_BYTES)
    end = _END[image_suffix(path)].search(head)
    return stated.search(head[: end.start()] if end else head) is None
