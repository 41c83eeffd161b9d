"""The largest piece of a bone, all that is kept of a bone that is one piece."""

from __future__ import annotations

from collections.abc import Iterable

import cc3d
import numpy as np
from numpy.typing import NDArray


def keep_largest_component(label_map: NDArray[np.uint8], bones: Iterable[int]) -> NDArray[np.uint8]:
    """Removes of each bone all but its largest piece.

    Args:
        label_map: uint8 (Z, Y, X).
        bones: Labels of the bones that are one piece (26 neighbours).

    Returns:
        A label map whose removed voxels are background; the input itself where nothing is removed,
        as for a bone that is not there.
    """
    kept = label_map
    for bone in bones:
        mask = label_map == bone
        if not mask.any():
            continue
        # As bool, cc3d provides for too few labels on small and thin grids, and raises.
        largest = cc3d.largest_k(mask.astype(np.uint8), k=1, connectivity=26) > 0
        away = mask & ~largest
        if away.any():
            kept = np.where(away, np.uint8(0), kept)
    return kept
