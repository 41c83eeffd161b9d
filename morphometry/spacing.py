"""How far voxels lie apart along a direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.morphometry.bone import Bone

    Floats = NDArray[np.float64]

# Along a direction that is sampled more coarsely than this no length is given.
MOST_SPACING_MM = 2.5


def spacing_along(bone: Bone, direction: Floats) -> float:
    """Distance of voxels along a direction: the root of the sum of the axes' squared parts.

    Args:
        bone: On its grid.
        direction: Unit vector in LPS, (3,).

    Returns:
        In mm; along an axis of the grid that of this axis.
    """
    spacing = bone.spacing_mm
    share = (bone.affine[:3, :3] / spacing).T @ direction
    return float(np.sqrt(np.sum(np.square(share * spacing))))
