"""The plane of the whole glenoid, whatever is missing of it in front or behind.

A plane through the rim that is left turns to where bone is missing: the broken rim lies deeper in
the bowl than the intact one. So where bone is missing the plane follows the rim from top to bottom
alone, and from back to front it is parallel to the bowl at the middle that the glenoid had: half
its width from the rim that is intact. Which one that is, shows in how well a circle and a line fit
the lower rim. Where nothing is missing it follows the rim alone, as a worn bowl may have a ridge in
its middle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
# Of a circle on the rim in the height; others are on something else.
_DIAMETER_TO_HEIGHT = (0.5, 0.95)
# Where so much is missing the bowl decides alone, and the rim where nothing is.
_LOST_MM = 3.0
# Farther than this a plane is not turned at once: about 10 degrees.
_MOST_SLOPE = 0.18


class Intact(NamedTuple):
    """What the glenoid was like before anything of it was lost.

    Attributes:
        width_mm: From back to front.
        to_front: 1 where its posterior rim is intact, and -1 where the anterior one is.
    """

    width_mm: float
    to_front: float


def moved_plane(
    middle: Floats, frame: Floats, height: Floats, shown: Mask, intact: Intact
) -> tuple[Floats, Floats]:
    """Moves and turns a plane to the glenoid that was seen from it.

    Args:
        middle: Where the plane lies, LPS mm, (3,).
        frame: Rows are its normal, anterior and superior, (3, 3).
        height: Of the bone over it on the grid, NaN where there is none, (m, m).
        shown: What of that is the face, (m, m).
        intact: What was found of the whole glenoid.

    Returns:
        Middle and normal of the plane, which lies as high as the rim.
    """
    line = grid_mm()
    outline = outline_mm(shown)
    back, low = outline.min(axis=0)
    front, high = outline.max(axis=0)
    up, across = (low + high) / 2, (back + front) / 2
    lost = max(intact.width_mm - (front - back), 0.0)
    # No farther than to the broken rim: beyond it there is no bowl.
    across = min(max(across + intact.to_front * lost / 2, back), front)
    rim = shown & ~ndimage.binary_erosion(shown, iterations=4) & np.isfinite(height)
    rows, columns = np.nonzero(rim)
    by_bowl = min(lost / _LOST_MM, 1.0)
    to_front = _rim_slope(height[rim], line[columns], line[rows])
    if by_bowl:
        to_front += by_bowl * (_bowl_slope(height, shown, up, across) - to_front)
    level = height[rim] - to_front * (line[columns] - across)
    to_top, at = np.polyfit(line[rows] - up, level, 1)
    to_top = float(np.clip(to_top, -_MOST_SLOPE, _MOST_SLOPE))
    normal = unit(frame[0] - to_front * frame[1] - to_top * frame[2])
    return middle + np.array([at, across, up]) @ frame, normal


def intact_by_height(shown: Mask) -> Intact:
    """How wide glenoids of this height are, and which rim is intact.

    2/3 of the height and 5 mm in men, and 3 mm in women (90 CT of healthy glenoids, Giles et al.
    2014); this is the mean of both.

    Args:
        shown: The face on the grid, (m, m).
    """
    outline = outline_mm(shown)
    height_mm = float(np.ptp(outline[:, 1]))
    return Intact(height_mm * 2 / 3 + 4, _intact_rim(outline)[1])


def intact_by_circle(shown: Mask, before: Intact) -> Intact:
    """How wide the glenoid was by the circle on its intact rim.

    Seen from a plane that is not nearly right the circle is too small.

    Args:
        shown: The face on the grid, (m, m).
        before: What is given back where no circle fits.
    """
    outline = outline_mm(shown)
    width, to_front = _intact_rim(outline)
    return Intact(width, to_front) if width else before


def _intact_rim(outline: Floats) -> tuple[float, float]:
    """Width as the intact rim and the circle on it tell, and which rim that is.

    Nothing (0) and the posterior one where no circle fits.
    """
    found = []
    for to_front in (1.0, -1.0):
        seen = outline * (to_front, 1.0)
        try:
            circle = fit_circle(seen)
        except RefusedError:
            continue
        share = 2 * circle.radius_mm / float(np.ptp(seen[:, 1]))
        if _DIAMETER_TO_HEIGHT[0] <= share <= _DIAMETER_TO_HEIGHT[1]:
            far = float(circle.centre_mm[0] + circle.radius_mm)
            width = max(far, float(seen[:, 0].max())) - float(seen[:, 0].min())
            found.append((circle.apart_mm2, width, to_front))
    return min(found)[1:] if found else (0.0, 1.0)


def _rim_slope(level: Floats, across: Floats, up: Floats) -> float:
    """How the plane through the rim rises to the front."""
    system = np.column_stack([across, up, np.ones(len(up))])
    slope = float(np.linalg.lstsq(system, level, rcond=None)[0][0])
    return min(max(slope, -_MOST_SLOPE), _MOST_SLOPE)


def _bowl_slope(height: Floats, shown: Mask, up: float, across: float) -> float:
    """How the bowl rises to the front at a point."""
    line = grid_mm()
    rows, columns = np.nonzero(shown & np.isfinite(height))
    level = height[rows, columns]
    x, y = line[columns] - across, line[rows] - up
    near = np.hypot(x, y) <= _BOWL_MM
    if np.count_nonzero(near) < _FEWEST:
        return 0.0
    x, y = x[near], y[near]
    # Curved alike in both directions, so that a point at a broken rim tells its slope too.
    system = np.column_stack([x, np.ones(len(x)), y, x * x + y * y])
    slope = float(np.linalg.lstsq(system, level[near], rcond=None)[0][0])
    return min(max(slope, -_MOST_SLOPE), _MOST_SLOPE)
