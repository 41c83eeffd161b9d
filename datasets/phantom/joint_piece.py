"""The piece of the glenoid that is the joint's.

The cut through the scapula can leave a chip of the spine or the coracoid that hangs on by nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from shoulderseg.datasets.connected_components import largest_component

if TYPE_CHECKING:
    import numpy.typing as npt

# How far around a chip the voxels are that it fills in part.
_AROUND_VOXELS = 2


def only_joint_piece(share: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Takes chips out of a map of shares.

    Args:
        share: Of glenoid in 255ths, (Z, Y, X).

    Returns:
        The map with 0 in and around every piece of half-filled voxels but the largest.
    """
    filled = share >= 128
    piece = largest_component(filled)
    chips = filled & ~piece
    if not chips.any():
        return share
    cube = np.ones((3, 3, 3), np.bool_)
    around = ndimage.binary_dilation(chips, cube, _AROUND_VOXELS)
    kept = ndimage.binary_dilation(piece, cube, 1)
    return np.where(around & ~kept, 0, share).astype(np.uint8)
