"""Samples of a PNG file, with all their bits."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.samples import Samples

if TYPE_CHECKING:
    from pathlib import Path

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE = 3
_GREY_OR_RGB_WITH_OPACITY = (4, 6)
# An Exif block is a small TIFF file; this is where it keeps the orientation.
_EXIF_ORIENTATION = 274


class _Header(NamedTuple):
    width: int
    height: int
    depth: int
    colour: int
    chunks: dict[bytes, bytes]


def read_png(path: Path, max_pixels: int) -> Samples:
    """Reads a PNG file as it is stored.

    Samples of 1, 2 and 4 bits keep their numbers (0 to 1, 3 and 15), samples of 16 bits theirs,
    also beside opacity and in colour. `sBIT` (how many bits were significant once) changes nothing.

    Args:
        path: The file.
        max_pixels: Largest number of pixels accepted.

    Returns:
        The samples.

    Raises:
        ValueError: With the reason, if the file is damaged, animated or too large.
        OSError: If the file cannot be read.
    """
    import imagecodecs

    content = path.read_bytes()
    header = _header(content)
    if not 0 < header.width * header.height <= max_pixels:
        sizes = f"{header.height} x {header.width}"
        msg = f"its header claims {sizes} pixels, expected 1 to {max_pixels}."
        raise ValueError(msg)
    if b"acTL" in header.chunks:
        msg = "it is animated (several pictures), expected one slice a file. Save them one by one."
        raise ValueError(msg)
    try:
        array = np.array(imagecodecs.png_decode(content))
    except RuntimeError:
        raise ValueError(_DAMAGED) from None
    if header.depth < 8 and header.colour != _PALETTE:
        # The decoder spreads small numbers over 0 to 255; a mask's labels are the small numbers.
        grey = array[..., :1] if array.ndim == 3 else array
        grey //= np.uint8(255 // ((1 << header.depth) - 1))
    opacity = header.colour in _GREY_OR_RGB_WITH_OPACITY or b"tRNS" in header.chunks
    return Samples(
        array,
        opacity=opacity,
        orientation=_orientation(header.chunks.get(b"eXIf", b"")),
        meaning="palette" if header.colour == _PALETTE else "",
    )


_DAMAGED = "it is damaged, cut off or no PNG file inside. Save it again as 8-bit or 16-bit grey."


def _header(content: bytes) -> _Header:
    """The sizes, and the chunks that change what the pixels mean."""
    chunks: dict[bytes, bytes] = {}
    place = len(_SIGNATURE)
    while content.startswith(_SIGNATURE) and place + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        chunks.setdefault(name, content[place + 8 : place + 8 + length] if name != b"IDAT" else b"")
        place += 12 + length
    sizes = chunks.get(b"IHDR", b"")
    if len(sizes) != 13 or b"IDAT" not in chunks:
        raise ValueError(_DAMAGED)
    width, height, depth, colour = struct.unpack_from(">IIBB", sizes)
    return _Header(width, height, depth, colour, chunks)


def _orientation(exif: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}4xI", exif)
        (entries,) = struct.unpack_from(f"{order}H", exif, start)
        for number in range(entries):
            tag, value = struct.unpack_from(f"{order}H6xH", exif, start + 2 + 12 * number)
            if tag == _EXIF_ORIENTATION:
                return int(value)
    except struct.error:
        pass
    return 1
