"""Whether a NIfTI file holds all the bytes its header claims, and numbers only.

SimpleITK reads truncated and damaged NIfTI files without an error and fills in zeros; NaN and
infinite voxels become zeros too. So the whole file is checked before it is handed over.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from shoulderseg.datasets.nifti_header import HEADER_BYTES, NiftiHeader, parse_nifti_header

if TYPE_CHECKING:
    from pathlib import Path

_GZIP_MARK = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 20


def check_nifti(path: Path, max_voxels: int) -> NiftiHeader:
    """Checks a `.nii` or `.nii.gz` file from its first byte to its last.

    The file is read once in chunks that are thrown away, decompressed where it is compressed,
    which checks its CRC.

    Args:
        path: The file. Its suffix says whether it must be compressed.
        max_voxels: Largest number of voxels accepted.

    Returns:
        The header.

    Raises:
        ValueError: With the reason, if the file is damaged, ends early, contradicts its name or
            its header, or holds NaN or infinity.
        OSError: If the file cannot be opened.
    """
    named_gzip = path.name.lower().endswith(".gz")
    with path.open("rb") as stream:
        is_gzip = stream.read(2) == _GZIP_MARK
        stream.seek(0)
        if named_gzip and not is_gzip:
            msg = "named .nii.gz but not gzip-compressed. Rename it if it is a plain .nii file."
            raise ValueError(msg)
        if is_gzip and not named_gzip:
            msg = "gzip-compressed but named .nii. Rename it to .nii.gz."
            raise ValueError(msg)
        if not is_gzip:
            return _check_stream(stream, max_voxels)
        with gzip.open(stream) as unpacked:
            return _check_gzip(unpacked, max_voxels)


def as_single_slice(path: Path, header: NiftiHeader) -> bytes:
    """Gives a 2D NIfTI file as an uncompressed 3D file of one slice.

    SimpleITK keeps only the x and y part of a 2D image's place in the world. As a 3D image of
    one slice it keeps all of it.

    Args:
        path: A file that passed `check_nifti`.
        header: Its header.

    Returns:
        The bytes of the 3D file. A slice thickness of zero or below becomes 1 mm.
    """
    packed = path.name.lower().endswith(".gz")
    data = bytearray(gzip.decompress(path.read_bytes()) if packed else path.read_bytes())
    order = header.byte_order
    struct.pack_into(f"{order}h", data, 40, 3)
    struct.pack_into(f"{order}h", data, 46, 1)
    (thickness,) = struct.unpack_from(f"{order}f", data, 88)
    if not thickness > 0:
        struct.pack_into(f"{order}f", data, 88, 1.0)
    return bytes(data)


def _check_gzip(unpacked: gzip.GzipFile, max_voxels: int) -> NiftiHeader:
    try:
        return _check_stream(unpacked, max_voxels)
    except EOFError:
        msg = "file ends early: its compressed data is cut off. Copy it again."
        raise ValueError(msg) from None
    except (gzip.BadGzipFile, zlib.error):
        msg = "compressed data is damaged (CRC check failed). Copy it again."
        raise ValueError(msg) from None


def _check_stream(stream: BinaryIO | gzip.GzipFile, max_voxels: int) -> NiftiHeader:
    header = _header(stream, max_voxels)
    length = HEADER_BYTES + len(stream.read(header.data_start - HEADER_BYTES))
    wrong = 0
    while length <= header.file_bytes and (chunk := stream.read(_CHUNK_BYTES)):
        length += len(chunk)
        wrong += _count_non_finite(chunk, header)
    _compare_length(length, header)
    if wrong:
        msg = f"{wrong} of {header.voxels} voxels are not finite numbers. Repair the image."
        raise ValueError(msg)
    return header


def _count_non_finite(chunk: bytes, header: NiftiHeader) -> int:
    if header.float_type is None:
        return 0
    # Only the last chunk of a file of the wrong length ends within a voxel.
    whole = len(chunk) // header.float_type.itemsize
    values = np.frombuffer(chunk, header.float_type, count=whole)
    return whole - int(np.count_nonzero(np.isfinite(values)))


def _header(stream: BinaryIO | gzip.GzipFile, max_voxels: int) -> NiftiHeader:
    header = parse_nifti_header(stream.read(HEADER_BYTES))
    if header.voxels > max_voxels:
        msg = f"header claims {header.voxels} voxels, at most {max_voxels} are read."
        raise ValueError(msg)
    return header


def _compare_length(found: int, header: NiftiHeader) -> None:
    if found < header.file_bytes:
        msg = f"file ends early: {found} of {header.file_bytes} bytes. Copy it again."
        raise ValueError(msg)
    if found > header.file_bytes:
        msg = f"file is longer than the {header.file_bytes} bytes its header claims."
        raise ValueError(msg)
