"""The NIfTI-1 header: what it claims, and whether the claims can be true.

The layout follows the NIfTI-1 standard (nifti1.h, Cox et al. 2004).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

HEADER_BYTES = 348
_NIFTI2_HEADER_BYTES = 540
_FIRST_DATA_BYTE, _LAST_DATA_BYTE = 352, 2**31
# nifti1.h, NIFTI_XFORM_*; 5 is of NIfTI-2 and writers use it here too.
_CODES = range(6)
_BITS = {2: 8, 256: 8, 4: 16, 512: 16, 8: 32, 768: 32, 16: 32, 64: 64, 1024: 64, 1280: 64}
_REFUSED_TYPES = {
    1: "binary",
    32: "complex",
    128: "RGB colour",
    1536: "128-bit float",
    1792: "complex",
    2048: "complex",
    2304: "RGBA colour",
}
_FLOATS = {16: "f4", 64: "f8"}
NO_ORIENTATION = "the header states no orientation, so left and right are unknown"
_SCALE_TOLERANCE = 1e-3
# SimpleITK takes smaller ones for none at all.
_SMALLEST_SLOPE = 1e-12
_QUATERNION_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class NiftiHeader:
    """The checked claims of a NIfTI-1 header.

    Attributes:
        byte_order: `<` or `>`, as for `struct`.
        shape: Sizes along x, y and z; the last is 1 for a 2D image.
        is_2d: Whether the header claims two dimensions only.
        data_start: Byte of the uncompressed file where the voxels start.
        file_bytes: Length that the uncompressed file must have.
        float_type: Type of floating-point voxels with its byte order, None for whole numbers.
        sform: Voxel index to RAS world in mm, shape (4, 4), None where the code is 0.
        qform: As `sform`.
    """

    byte_order: str
    shape: tuple[int, int, int]
    is_2d: bool
    data_start: int
    file_bytes: int
    float_type: np.dtype[np.floating[Any]] | None
    sform: npt.NDArray[np.float64] | None
    qform: npt.NDArray[np.float64] | None

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)


def parse_nifti_header(block: bytes) -> NiftiHeader:
    """Reads a NIfTI-1 header and refuses what cannot be used.

    Args:
        block: The first 348 bytes of the uncompressed file, or fewer if the file is shorter.

    Returns:
        The claims needed to judge the file.

    Raises:
        ValueError: With the reason, if the block is no NIfTI-1 header or its claims are
            impossible or unsupported (4D, colour, complex, spacing not above 0).
    """
    if len(block) < HEADER_BYTES:
        msg = f"file ends early: {len(block)} of {HEADER_BYTES} header bytes. Copy it again."
        raise ValueError(msg)
    order = _byte_order(block)
    shape, ndim = _shape(struct.unpack_from(f"{order}8h", block, 40))
    datatype, bits = struct.unpack_from(f"{order}2h", block, 70)
    if datatype in _REFUSED_TYPES:
        msg = f"voxels are {_REFUSED_TYPES[datatype]}, expected one grey value per voxel."
        raise ValueError(msg)
    if _BITS.get(datatype) != bits:
        msg = f"header is damaged: data type {datatype} with {bits} bits per voxel."
        raise ValueError(msg)
    qfac, *pixdim = struct.unpack_from(f"{order}4f", block, 76)
    if not all(math.isfinite(size) and size > 0 for size in pixdim[:ndim]):
        msg = f"spacing in the header is {pixdim[:ndim]}, expected numbers above 0."
        raise ValueError(msg)
    (offset,) = struct.unpack_from(f"{order}f", block, 108)
    if not (_FIRST_DATA_BYTE <= offset <= _LAST_DATA_BYTE and offset == int(offset)):
        msg = f"header is damaged: voxels start at byte {offset}, expected {_FIRST_DATA_BYTE}."
        raise ValueError(msg)
    _check_numbers(block, order)
    unit_mm = {1: 1e3, 3: 1e-3}.get(block[123] & 0x07, 1.0)
    sform = _sform(block, order, unit_mm)
    _check_scales(sform, np.array(pixdim[:ndim]) * unit_mm)
    return NiftiHeader(
        byte_order=order,
        shape=shape,
        is_2d=ndim == 2,
        data_start=int(offset),
        file_bytes=int(offset) + math.prod(shape) * bits // 8,
        float_type=np.dtype(order + _FLOATS[datatype]) if datatype in _FLOATS else None,
        sform=sform,
        qform=_qform(block, order, unit_mm, (qfac, *pixdim)),
    )


def _check_numbers(block: bytes, order: str) -> None:
    """Refuses what readers take for different things: SimpleITK hangs at an infinite offset."""
    qform_code, sform_code = struct.unpack_from(f"{order}2h", block, 252)
    for name, code in (("qform_code", qform_code), ("sform_code", sform_code)):
        if code not in _CODES:
            msg = f"header is damaged: {name} is {code}, expected 0 to {_CODES[-1]}."
            raise ValueError(msg)
    quaternion_and_offset = struct.unpack_from(f"{order}6f", block, 256)
    sform = struct.unpack_from(f"{order}12f", block, 280)
    if not all(math.isfinite(number) for number in quaternion_and_offset + sform):
        msg = "header is damaged: its qform or sform holds a number that is not finite."
        raise ValueError(msg)
    squares = sum(number * number for number in quaternion_and_offset[:3])
    if qform_code > 0 and squares > 1 + _QUATERNION_TOLERANCE:
        msg = f"header is damaged: its quaternion has the length {math.sqrt(squares):.3g}."
        raise ValueError(msg)
    slope, intercept = struct.unpack_from(f"{order}2f", block, 112)
    if not (math.isfinite(slope) and (slope == 0 or math.isfinite(intercept))):
        msg = f"values are scaled by {slope:g} and {intercept:g}, expected finite numbers."
        raise ValueError(msg)
    if 0 < abs(slope) < _SMALLEST_SLOPE:
        msg = f"values are scaled by {slope:g}, which some programs take for 1. Save it anew."
        raise ValueError(msg)


def _byte_order(block: bytes) -> str:
    sizes = {order: struct.unpack_from(f"{order}i", block)[0] for order in "<>"}
    if _NIFTI2_HEADER_BYTES in sizes.values():
        msg = "NIfTI-2 is not supported. Convert it to NIfTI-1."
        raise ValueError(msg)
    order = next((order for order, size in sizes.items() if size == HEADER_BYTES), None)
    if order is None or block[344:348] != b"n+1\0":
        msg = "not a single-file NIfTI-1 image, or its header is damaged."
        raise ValueError(msg)
    return order


def _shape(dim: tuple[int, ...]) -> tuple[tuple[int, int, int], int]:
    count, sizes = dim[0], list(dim[1:])
    if not 1 <= count <= 7 or min(sizes[:count]) < 1:
        msg = f"header is damaged: impossible dimensions {dim}."
        raise ValueError(msg)
    sizes = sizes[:count]
    while len(sizes) > 3 and sizes[-1] == 1:
        sizes.pop()
    if len(sizes) == 5 and sizes[3] == 1:
        msg = f"{sizes[4]} values per voxel (colour or vector), expected one grey value."
        raise ValueError(msg)
    if len(sizes) > 3:
        msg = f"image is {len(sizes)}D with sizes {sizes}, expected 3D. Save one volume of it."
        raise ValueError(msg)
    if len(sizes) < 2:
        msg = f"image has one dimension of size {sizes[0]}, expected a 2D or 3D image."
        raise ValueError(msg)
    x, y, z = [*sizes, 1][:3]
    return (x, y, z), min(count, 3)


def _sform(block: bytes, order: str, unit_mm: float) -> npt.NDArray[np.float64] | None:
    if struct.unpack_from(f"{order}h", block, 254)[0] <= 0:
        return None
    rows = np.reshape(struct.unpack_from(f"{order}12f", block, 280), (3, 4)) * unit_mm
    return np.vstack([rows, [0.0, 0.0, 0.0, 1.0]])


def _check_scales(
    sform: npt.NDArray[np.float64] | None, spacing_mm: npt.NDArray[np.float64]
) -> None:
    if sform is None:
        return
    scales = np.linalg.norm(sform[:3, : len(spacing_mm)], axis=0)
    if not np.allclose(scales, spacing_mm, rtol=_SCALE_TOLERANCE, atol=0.0):
        msg = (
            f"header contradicts itself: sform spacing {scales.round(5).tolist()} mm, "
            f"pixdim spacing {spacing_mm.round(5).tolist()} mm. Correct the header."
        )
        raise ValueError(msg)


def _qform(
    block: bytes, order: str, unit_mm: float, pixdim: tuple[float, ...]
) -> npt.NDArray[np.float64] | None:
    if struct.unpack_from(f"{order}h", block, 252)[0] <= 0:
        return None
    b, c, d, *offset = struct.unpack_from(f"{order}6f", block, 256)
    a = math.sqrt(max(0.0, 1.0 - b * b - c * c - d * d))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    qfac, *sizes = pixdim
    form = np.eye(4)
    form[:3, :3] = rotation * np.array([sizes[0], sizes[1], -sizes[2] if qfac < 0 else sizes[2]])
    form[:3, 3] = offset
    form[:3] *= unit_mm
    return form
