"""The circle on the intact lower and posterior rim of the glenoid.

The lower glenoid is nearly round. The circle is fitted to the rim from behind to below, which an
instability to the front leaves alone, and on along the lower rim to where it ends: where a circle
up to there and a straight line from there on lie nearest to the whole rim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.morphometry.refusal import RefusedError
from shoulderseg.morphometry.sphere import circle_of_arc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

# Where anterior is 0 and superior 90 degrees: the rim from behind to below.
_SURE_DEG = (155.0, 275.0)
# As far as the rim belongs to the circle where it is intact in front, and to where a cut reaches.
_LOWEST_DEG, _CUT_END_DEG = 380.0, 405.0
_STEP_DEG = 5.0
_ROUNDS, _FEWEST = 8, 12


class RimCircle(NamedTuple):
    """A circle on the rim.

    Attributes:
        centre_mm: As (anterior, superior), (2,).
        radius_mm: Its radius.
        chosen: Which points of the outline it was fitted to, (n,).
        apart_mm2: Mean square distance of the lower rim from the circle and the line that goes on
            from it.
    """

    centre_mm: Floats
    radius_mm: float
    chosen: Mask
    apart_mm2: float


def fit_circle(outline_mm: Floats) -> RimCircle:
    """Fits the circle.

    The arc goes from behind over the lower end to where it is cut, or all around the lower rim.

    Args:
        outline_mm: Points of the rim as (anterior, superior), (n, 2).

    Returns:
        The circle.

    Raises:
        RefusedError: If no circle fits.
    """
    ends = np.arange(_SURE_DEG[1], _LOWEST_DEG + 1, _STEP_DEG)
    fits = [_fitted(outline_mm, float(end)) for end in ends]
    apart = [_apart_mm2(outline_mm, fit, float(end)) for fit, end in zip(fits, ends, strict=True)]
    best = int(np.argmin(apart))
    return RimCircle(*fits[best], apart[best])


def _apart_mm2(outline_mm: Floats, fit: tuple[Floats, float, Mask], end_deg: float) -> float:
    """Mean square distance of the rim from the circle up to an angle and a line from there on."""
    centre, radius, chosen = fit
    off = outline_mm - centre
    around = degrees_around(off)
    total = float(np.sum((np.linalg.norm(off[chosen], axis=1) - radius) ** 2))
    beyond = off[(around > end_deg) & (around <= _CUT_END_DEG)]
    # Too short a line fits anything.
    if end_deg > _LOWEST_DEG - _STEP_DEG or len(beyond) < _FEWEST:
        return total / np.count_nonzero(chosen)
    across = np.linalg.svd(beyond - beyond.mean(axis=0), compute_uv=False)[-1]
    return float(total + across**2) / (np.count_nonzero(chosen) + len(beyond))


def _fitted(points: Floats, last_deg: float) -> tuple[Floats, float, Mask]:
    """The circle nearest to the rim from behind to an angle about its own centre."""
    lower, back = points[:, 1].min(), points[:, 0].min()
    radius = 0.34 * float(np.ptp(points[:, 1]))
    centre = np.array([back + radius, lower + radius])
    chosen = np.zeros(len(points), np.bool_)
    for _ in range(_ROUNDS):
        around = degrees_around(points - centre)
        chosen = (around >= _SURE_DEG[0]) & (around <= last_deg)
        if np.count_nonzero(chosen) < _FEWEST:
            msg = "no circle fits the lower rim"
            raise RefusedError(msg)
        centre, radius = circle_of_arc(points[chosen])
        if not 5 <= radius <= 40:
            msg = "no circle fits the lower rim"
            raise RefusedError(msg)
    return centre, radius, chosen


def degrees_around(off: Floats) -> Floats:
    """Angle of each point (anterior, superior), 100 to 460 degrees, the lower rim in one."""
    found: Floats = (np.degrees(np.arctan2(off[:, 1], off[:, 0])) - 100) % 360 + 100
    return found
