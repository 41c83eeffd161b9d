"""The plane of the whole glenoid, whatever is missing of it in front.

A plane through the rim that is left turns to the back where bone is missing in front: the broken
rim lies deeper in the bowl than the intact one. So the plane follows the rim from top to bottom
alone. From back to front it touches the bowl at the middle that the glenoid had: half its width
from its posterior rim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from shoulderseg.morphometry.face_grid import grid_mm, outline_mm
from shoulderseg.morphometry.refusal import RefusedError
from shoulderseg.morphometry.rim_circle import fit_circle
from shoulderseg.morphometry.vectors import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

# The bowl about its middle, and fewer points of it are none.
_BOWL_MM, _FEWEST = 9.0, 50


def moved_plane(
    middle: Floats, frame: Floats, height: Floats, shown: Mask, *, by_circle: bool
) -> tuple[Floats, Floats]:
    """Moves and turns a plane to the glenoid that was seen from it.

    Args:
        middle: Where the plane lies, LPS mm, (3,).
        frame: Rows are its normal, anterior and superior, (3, 3).
        height: Of the bone over it on the grid, NaN where there is none, (m, m).
        shown: What of that is the face, (m, m).
        by_circle: Whether the circle on the intact rim tells how wide the glenoid was. Seen from
            a plane that is not nearly right it cannot, and what glenoids of this height have does.

    Returns:
        Middle and normal of the plane.
    """
    line = grid_mm()
    rows, columns = np.nonzero(shown)
    up = (line[rows].min() + line[rows].max()) / 2
    back, front = line[columns].min(), line[columns].max()
    across = (back + max(front, _intact_front(shown, back, by_circle=by_circle))) / 2
    slope_front, level = _bowl_at(height, shown, up, across)
    rim = shown & ~ndimage.binary_erosion(shown, iterations=4) & np.isfinite(height)
    rows, columns = np.nonzero(rim)
    slope_up = np.polyfit(line[rows], height[rim] - slope_front * line[columns], 1)[0]
    normal = unit(frame[0] - slope_front * frame[1] - slope_up * frame[2])
    return middle + np.array([level, across, up]) @ frame, normal


def intact_width_mm(height_mm: float) -> float:
    """Width of a glenoid of this height of which nothing is missing.

    2/3 of the height and 5 mm in men, and 3 mm in women (90 CT of healthy glenoids, Giles et al.
    2014); this is the mean of both.
    """
    return height_mm * 2 / 3 + 4


def _intact_front(shown: Mask, back: float, *, by_circle: bool) -> float:
    outline = outline_mm(shown)
    if by_circle:
        try:
            centre, radius, _ = fit_circle(outline)
        except RefusedError:
            pass
        else:
            return float(centre[0] + radius)
    return back + intact_width_mm(float(np.ptp(outline[:, 1])))


def _bowl_at(height: Floats, shown: Mask, up: float, across: float) -> tuple[float, float]:
    """How the bowl rises to the front at a point, and how high it lies there."""
    line = grid_mm()
    rows, columns = np.nonzero(shown & np.isfinite(height))
    level = height[rows, columns]
    x, y = line[columns] - across, line[rows] - up
    near = np.hypot(x, y) <= _BOWL_MM
    if np.count_nonzero(near) < _FEWEST:
        return 0.0, 0.0
    x, y = x[near], y[near]
    system = np.column_stack([x, np.ones(len(x)), y, x * x, y * y, x * y])
    slope, at = np.linalg.lstsq(system, level[near], rcond=None)[0][:2]
    return float(slope), float(at)
