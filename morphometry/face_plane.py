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
# The middle of so much of the top is what the long axis leads to, from no nearer than this.
_TOP_MM, _LEAST_TO_TOP_MM = 10.0, 5.0
# Farther than this a plane is not turned at once: about 10 degrees.
_MOST_SLOPE = 0.18


class Intact(NamedTuple):
    """What the glenoid was like before anything of it was lost.

    Attributes:
        width_mm: From back to front.
        to_front: 1 where its posterior rim is intact, and -1 where the anterior one is.
        centre_mm: Of the circle on that rim, as (anterior, superior); None where none fits.
    """

    width_mm: float
    to_front: float
    centre_mm: tuple[float, float] | None = None


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
    return _intact_rim(outline)._replace(width_mm=height_mm * 2 / 3 + 4)


def intact_by_circle(shown: Mask, before: Intact) -> Intact:
    """How wide the glenoid was by the circle on its intact rim.

    Seen from a plane that is not nearly right the circle is too small.

    Args:
        shown: The face on the grid, (m, m).
        before: What is given back where no circle fits.
    """
    found = _intact_rim(outline_mm(shown))
    return found if found.width_mm else before._replace(centre_mm=None)


def up_the_long_axis(frame: Floats, shown: Mask, centre_mm: tuple[float, float] | None) -> Floats:
    """Finds the glenoid's long axis, which may stand at any angle to the body's.

    Bone that is missing in front turns the axis along which the rest is longest to the back, and
    that from the circle's middle to the top, as instability is measured, to the front. This is the
    mean of both.

    Args:
        frame: Rows are normal, anterior and superior of the plane, (3, 3).
        shown: The face on the grid, (m, m).
        centre_mm: Of the circle on the intact rim; None where none fits.

    Returns:
        Unit vector in the plane, upwards, (3,).
    """
    rows, columns = np.nonzero(shown)
    places = np.column_stack([grid_mm()[columns], grid_mm()[rows]])
    offset = places - places.mean(axis=0)
    _, axes = np.linalg.eigh(offset.T @ offset)
    up = axes[:, -1] * (np.sign(axes[1, -1]) or 1.0)
    if centre_mm is not None:
        top = places[places[:, 1] > places[:, 1].max() - _TOP_MM].mean(axis=0) - centre_mm
        if top[1] >= _LEAST_TO_TOP_MM:
            up = up + unit(top)
    return unit(up @ frame[1:])


def _intact_rim(outline: Floats) -> Intact:
    """What the intact rim and the circle on it tell of the whole glenoid.

    No width and an intact posterior rim where no circle fits.
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
            across, up = circle.centre_mm
            found.append((circle.apart_mm2, width, to_front, (to_front * across, up)))
    return Intact(*min(found)[1:]) if found else Intact(0.0, 1.0)


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
