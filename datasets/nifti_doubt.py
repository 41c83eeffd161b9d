"""Why the place of a NIfTI image in the world may be wrong."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.nifti_header import NO_ORIENTATION
from shoulderseg.datasets.volume import SAME_GRID_MM

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.nifti_header import NiftiHeader

# Of the squares of three numbers in single precision that add up to at most 1.
_SQUARES_OFF = 2e-7


def orientation_doubt(header: NiftiHeader, used: npt.NDArray[np.float64]) -> str | None:
    """Says why the place of an image in the world may be wrong.

    Args:
        header: The file's header.
        used: Voxel index to RAS world in mm as the image was read, shape (4, 4).

    Returns:
        The doubt in words, or None if there is none.
    """
    if header.sform is None and header.qform is None:
        return NO_ORIENTATION
    if header.sform is None or header.qform is None:
        return None
    corners = np.array([*itertools.product(*((0, size - 1) for size in header.shape), [1])])
    gap_mm = np.linalg.norm(corners @ (header.sform - header.qform).T, axis=1).max()
    if gap_mm <= SAME_GRID_MM + _rounding_mm(header.qform, corners):
        return None
    to_sform, to_qform = (abs(used - form).max() for form in (header.sform, header.qform))
    name = "sform" if to_sform < to_qform else "qform"
    return f"sform and qform disagree by up to {gap_mm:.2f} mm; the {name} was used"


def _rounding_mm(qform: npt.NDArray[np.float64], corners: npt.NDArray[np.float64]) -> float:
    """How far single precision of a quaternion moves a corner.

    Its first part is not stored but follows from the others as sqrt(1 - b^2 - c^2 - d^2): for half
    a turn, which axial images have, that is the root of what rounding leaves.
    """
    axes = qform[:3, :3] / np.maximum(np.linalg.norm(qform[:3, :3], axis=0), 1e-12)
    axes[:, 2] *= np.sign(np.linalg.det(axes)) or 1.0
    first = math.sqrt(max(1.0 + float(np.trace(axes)), 0.0)) / 2
    off = min(math.sqrt(_SQUARES_OFF), _SQUARES_OFF / max(2 * first, 1e-12))
    reach = float(np.linalg.norm((corners - corners[0]) @ qform.T, axis=1).max())
    return 2 * off * reach
