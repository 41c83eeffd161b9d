"""Where a slice context may change anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

# Below this in all voters, and this far from anything above, voxels stay as they are.
_LEAST, _MARGIN = 0.05, 24


def region_around(
    voters: Sequence[npt.NDArray[Any]], slices: int
) -> tuple[slice, slice, slice] | None:
    """Finds what lies around all that voters (Z, Y, X) hold possible; None if there is nothing.

    Args:
        voters: Probabilities, or where something is, bool.
        slices: How many before and after belong to it.
    """
    box = []
    for axis, margin in enumerate((slices, _MARGIN, _MARGIN)):
        others = tuple(a for a in range(3) if a != axis)
        possible = [np.any(voter > _LEAST, axis=others) for voter in voters]
        where = np.flatnonzero(np.logical_or.reduce(possible))
        if not len(where):
            return None
        box.append(slice(max(where[0] - margin, 0), where[-1] + margin + 1))
    return box[0], box[1], box[2]
