"""The largest connected component of a mask."""

from __future__ import annotations

import cc3d
import numpy as np
import numpy.typing as npt

__all__ = ["largest_component"]


def largest_component(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Keeps the largest connected component of a mask (26 neighbours).

    Args:
        mask: bool, shape (Z, Y, X), of any lengths.

    Returns:
        bool, same shape; of several components of the largest size, one. All False where the mask
        is empty.
    """
    # As bool, cc3d provides for too few labels on small and thin grids, and raises.
    largest: npt.NDArray[np.bool_] = cc3d.largest_k(mask.astype(np.uint8), k=1, connectivity=26) > 0
    return largest
