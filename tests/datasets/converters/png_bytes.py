"""PNG files of any depth, as the standard has them."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


def _chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def png_bytes(
    samples: npt.NDArray[Any], depth: int, colour: int, chunks: tuple[tuple[bytes, bytes], ...] = ()
) -> bytes:
    """A PNG file as the standard has it; `samples` (Y, X) or (Y, X, channels)."""
    rows = samples.reshape(samples.shape[0], -1)
    if depth == 16:
        packed = [row.astype(">u2").tobytes() for row in rows]
    elif depth == 8:
        packed = [row.astype(np.uint8).tobytes() for row in rows]
    else:
        places = np.arange(depth)[::-1]
        bits = (rows[..., None] >> places & 1).astype(np.uint8).reshape(len(rows), -1)
        packed = [np.packbits(row).tobytes() for row in bits]
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    before = b"".join(_chunk(*chunk) for chunk in chunks)
    pixels = zlib.compress(b"".join(b"\0" + row for row in packed))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + before
        + _chunk(b"IDAT", pixels)
        + _chunk(b"IEND", b"")
    )
