"""What images show of a bone, where its mask's grid does not tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class FieldOfView:
    """What the images show that a mask comes from.

    A scanner fills slices up to a square, and the fused bone of an examination has finer voxels
    than any of its series and a box of its own.

    Attributes:
        seen: Which voxels of the mask an image shows, bool (Z, Y, X); None for all.
        steps_mm: For each image the steps from voxel to voxel, one column an axis, in LPS mm,
            float64 (3, 3); empty if the mask has the image's own voxels.
    """

    seen: NDArray[np.bool_] | None = None
    steps_mm: tuple[NDArray[np.float64], ...] = ()


ALL_IN_VIEW = FieldOfView()
