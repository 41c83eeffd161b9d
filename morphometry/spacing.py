"""How far voxels lie apart along a direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        In mm; along an axis of the grid that of this axis. Of several images that the bone comes
        from that of the finest.
    """
    return min(float(np.linalg.norm(steps.T @ direction)) for steps in bone.image_steps_mm)


def voxel_lengths_mm(bone: Bone) -> list[Floats]:
    """Lengths of a voxel along its three axes, of each image that the bone comes from, (3,)."""
    return [np.linalg.norm(steps, axis=0) for steps in bone.image_steps_mm]


def coarsest_mm(bone: Bone, along: Sequence[Floats] = ()) -> float:
    """The longest distance of voxels along some directions; without any along the grid's axes."""
    axes = (bone.affine[:3, :3] / bone.spacing_mm).T
    return max(spacing_along(bone, direction) for direction in (along or axes))


def finest_mm(bone: Bone) -> float:
    """The shortest side of a voxel, of all images that the bone comes from."""
    return min(float(lengths.min()) for lengths in voxel_lengths_mm(bone))
