"""Whether a MetaImage file (`.mha`, `.mhd`) holds all the bytes its header claims.

SimpleITK notices a file that ends early, but reads a flipped byte in compressed data without an
error. The check value at the end of the compressed data shows it.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

_MAX_HEADER_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20
_BYTES = {
    "MET_CHAR": 1,
    "MET_UCHAR": 1,
    "MET_SHORT": 2,
    "MET_USHORT": 2,
    "MET_INT": 4,
    "MET_UINT": 4,
    "MET_LONG": 4,
    "MET_ULONG": 4,
    "MET_LONG_LONG": 8,
    "MET_ULONG_LONG": 8,
    "MET_FLOAT": 4,
    "MET_DOUBLE": 8,
}
_ANY_WINDOW = zlib.MAX_WBITS | 32


def check_meta(path: Path, max_voxels: int) -> None:
    """Checks a MetaImage header against the bytes that follow it.

    Args:
        path: The `.mha` or `.mhd` file.
        max_voxels: Largest number of voxels accepted.

    Raises:
        ValueError: With the reason, if the header is damaged, its claims are unsupported, or the
            voxel data ends early or is damaged.
        OSError: If the file cannot be opened.
    """
    with path.open("rb") as stream:
        fields = _read_fields(stream)
        expected = _claimed_bytes(fields, max_voxels)
        name = fields["ElementDataFile"]
        if name.upper() == "LOCAL":
            _check_data(stream, fields, expected)
            return
    if (
        "/" in name
        or "\\" in name
        or name == ".."
        or name.upper().startswith("LIST")
        or "%" in name
    ):
        msg = "its voxels must be in one file beside it. Save it as .mha."
        raise ValueError(msg)
    data_file = path.with_name(name)
    if not data_file.is_file():
        msg = f"its voxel file {name} is missing. Copy both files."
        raise ValueError(msg)
    with data_file.open("rb") as stream:
        _check_data(stream, fields, expected)


def voxel_file(path: Path) -> Path | None:
    """Gives the file beside a MetaImage header that holds its voxels.

    Args:
        path: The `.mha` or `.mhd` file.

    Returns:
        The file, which may be missing; None if the voxels follow the header, or the header cannot
        be read or names no file beside it.
    """
    try:
        with path.open("rb") as stream:
            name = _read_fields(stream)["ElementDataFile"]
    except (ValueError, OSError):
        return None
    elsewhere = name in ("", ".", "..") or set(name) & set("/\\\0")
    return None if name.upper() == "LOCAL" or elsewhere else path.with_name(name)


def _read_fields(stream: BinaryIO) -> dict[str, str]:
    fields: dict[str, str] = {}
    while "ElementDataFile" not in fields:
        line = stream.readline(_MAX_HEADER_BYTES)
        key, separator, value = line.decode("latin-1").partition("=")
        if not separator or stream.tell() > _MAX_HEADER_BYTES:
            msg = "not a MetaImage file, or its header is damaged."
            raise ValueError(msg)
        fields[key.strip()] = value.strip()
    return fields


def _claimed_bytes(fields: dict[str, str], max_voxels: int) -> int:
    try:
        sizes = [int(size) for size in fields["DimSize"].split()]
        channels = int(fields.get("ElementNumberOfChannels", "1"))
        width = _BYTES[fields["ElementType"].upper()]
    except (KeyError, ValueError):
        msg = "header is damaged, or its voxel type is not supported."
        raise ValueError(msg) from None
    if fields.get("BinaryData", "False").lower() not in {"true", "1", "t"}:
        msg = "voxels are stored as text. Save it with binary voxels."
        raise ValueError(msg)
    if min(sizes, default=0) < 1 or channels < 1 or math.prod(sizes) > max_voxels:
        msg = f"header claims sizes {sizes}, expected at most {max_voxels} voxels in all."
        raise ValueError(msg)
    return math.prod(sizes) * channels * width


def _check_data(stream: BinaryIO, fields: dict[str, str], expected: int) -> None:
    if fields.get("CompressedData", "False").lower() in {"true", "1", "t"}:
        found = _unpacked_bytes(stream, expected)
    else:
        start = stream.tell()
        found = stream.seek(0, 2) - start
    if found < expected:
        msg = f"file ends early: {found} of {expected} bytes of voxels. Copy it again."
        raise ValueError(msg)


def _unpacked_bytes(stream: BinaryIO, expected: int) -> int:
    unpack = zlib.decompressobj(wbits=_ANY_WINDOW)
    found = 0
    pending = b""
    try:
        while not unpack.eof and found <= expected:
            pending = unpack.unconsumed_tail or stream.read(_CHUNK_BYTES)
            if not pending:
                break
            found += len(unpack.decompress(pending, _CHUNK_BYTES))
    except zlib.error:
        msg = "compressed data is damaged (check value failed). Copy it again."
        raise ValueError(msg) from None
    if not unpack.eof and found >= expected:
        msg = "compressed data does not end where its header says. Copy it again."
        raise ValueError(msg)
    return found
