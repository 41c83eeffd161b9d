"""The grid in the face's plane, rows to superior and columns to anterior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.measure import find_contours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

# The face is looked at in such steps, so far about its middle.
STEP_MM = 0.5
_REACH_MM = 32.0


def grid_mm() -> Floats:
    """Where the rows and the columns lie from the middle, (n,)."""
    return np.arange(-_REACH_MM, _REACH_MM + STEP_MM / 2, STEP_MM)


def outline_mm(shown: Mask) -> Floats:
    """The longest outline of a mask on the grid, as (anterior, superior), (n, 2)."""
    smooth = ndimage.gaussian_filter(shown.astype(np.float64), 1.0)
    outlines = find_contours(np.pad(smooth, 1), 0.5)
    longest = max(outlines, key=len) - 1
    found: Floats = grid_mm()[0] + STEP_MM * longest[:, ::-1]
    return found
