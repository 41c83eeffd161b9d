"""The character set that a header states, made one that a derived object may state."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pydicom
from highdicom import SpecificCharacterSetValues
from pydicom.charset import convert_encodings, default_encoding

if TYPE_CHECKING:
    from pydicom import Dataset

_LOGGER = logging.getLogger(__name__)
_TAG = "SpecificCharacterSet"
_UNICODE = "ISO_IR 192"
# They need a second value, or switch between sets in the midst of a text.
_EXTENSION = "ISO 2022"
_ALONE = frozenset(
    kind.value for kind in SpecificCharacterSetValues if not kind.value.startswith(_EXTENSION)
)


def settle_character_set(header: Dataset) -> None:
    """Makes the character set of a header one that objects can be built with.

    The usual one without extensions stays. Several, and those with code extensions, as in Japan and
    Korea, become Unicode. What no standard knows is left out, as the default is: the bytes stay.

    Args:
        header: Of a source image; changed.
    """
    if _TAG not in header:
        return
    stated = _stated(header)
    if len(stated) == 1 and stated[0] in _ALONE:
        header.SpecificCharacterSet = stated[0]
        return
    # It reads common misspellings, too, and gives the default for what it does not know.
    if set(convert_encodings(stated)) == {default_encoding}:
        del header[_TAG]
        return
    _decode(header)
    header.SpecificCharacterSet = _UNICODE


def _stated(header: Dataset) -> list[str]:
    value = header[_TAG].value
    many = value if isinstance(value, list | tuple | pydicom.multival.MultiValue) else [value]
    return [str(one or "").strip() for one in many]


def _decode(dataset: Dataset) -> None:
    """Reads all texts as what they were written in, so that they are written in the new set."""
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
        except Exception:
            # A damaged number, say, which is copied as it is and holds no letters.
            _LOGGER.debug("a tag cannot be read")
            continue
        if element.VR != "SQ":
            continue
        for item in element.value:
            _decode(item)
            # One of its own would no longer be that of its texts.
            if _TAG in item:
                del item[_TAG]
