"""The point that both bones of the joint share: the centre of the humeral head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# The head's articular surface faces the glenoid; farther points are the tuberosities and the shaft.
_NEAR_MM = 32.0
_RADII_MM = (15.0, 35.0)
_FEWEST = 50


def head_centre(humerus_mm: Floats, glenoid_mm: Floats) -> Floats | None:
    """Fits a sphere to the humerus where it faces the glenoid.

    |p|^2 = 2 c p + (r^2 - |c|^2) is linear in the centre and the bracket.

    Args:
        humerus_mm: Points on its surface, LPS, (n, 3).
        glenoid_mm: Likewise, (m, 3).

    Returns:
        The centre, (3,); None if there is too little of either, or nothing like a sphere.
    """
    if not len(glenoid_mm) or not len(humerus_mm):
        return None
    facing = np.linalg.norm(humerus_mm - glenoid_mm.mean(axis=0), axis=1) < _NEAR_MM
    if np.count_nonzero(facing) < _FEWEST:
        return None
    points = humerus_mm[facing]
    middle = points.mean(axis=0)
    offset = points - middle
    system = np.column_stack([2 * offset, np.ones(len(offset))])
    solution = np.linalg.lstsq(system, np.square(offset).sum(axis=1), rcond=None)[0]
    radius = float(np.sqrt(max(solution[3] + solution[:3] @ solution[:3], 0.0)))
    if not _RADII_MM[0] <= radius <= _RADII_MM[1]:
        return None
    centre: Floats = middle + solution[:3]
    return centre
