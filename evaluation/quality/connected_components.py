"""The size of the largest connected component of a mask."""

from __future__ import annotations

import cc3d
import numpy as np
from numpy.typing import NDArray


def largest_component_voxels(mask: NDArray[np.bool_]) -> int:
    """Counts the voxels of the largest connected component of a mask (26 neighbours).

    Args:
        mask: bool (Z, Y, X), of any lengths.

    Returns:
        The number of voxels; 0 where the mask is empty.
    """
    # As bool, cc3d provides for too few labels on small and thin grids, and raises.
    components = cc3d.connected_components(mask.astype(np.uint8), connectivity=26)
    return int(np.bincount(components[mask], minlength=1).max())
