"""What is missing of the glenoid's front: a circle on its intact lower and posterior rim.

Two methods that do not give the same percentage: by the straight line, what is missing of the
diameter from back to front; by the area, what is missing of the disc (for a straight cut at x from
the centre [arccos(x/R) - x/R sqrt(1 - (x/R)^2)]/pi, Dumont et al. 2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.morphometry.refusal import RefusedError, told
from shoulderseg.morphometry.rim_circle import degrees_around, fit_circle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.morphometry.glenoid import Face

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

_STEP_DEG = 5.0
# Farther from the circle the rim is not intact.
_ON_CIRCLE_MM = 0.4
LEAST_ARC_DEG, MOST_RESIDUAL_MM = 90.0, 1.0
DIAMETER_TO_HEIGHT = (0.58, 0.80)
# Less is how rough a rim is.
_ROUGH_MM = 0.5


@dataclass(frozen=True, eq=False)
class BoneLoss:
    """A circle on the lower glenoid, and what is missing of its disc in front.

    Attributes:
        centre_mm: Of the circle, (anterior, superior) from the face's middle, (2,).
        diameter_mm: Of the circle.
        missing_mm: Of the diameter from back to front, 0 or more.
        linear_percent: The same in percent of the diameter.
        area_percent: What is missing of the disc.
        clock: Where the middle of what is missing lies, 3 for the front whichever side it is, 12
            above; NaN where nothing is missing.
        residual_mm: Root mean square distance of the intact rim from the circle.
        arc_deg: How much of the circle is intact.
    """

    centre_mm: Floats
    diameter_mm: float
    missing_mm: float
    linear_percent: float
    area_percent: float
    clock: float
    residual_mm: float
    arc_deg: float


def find_bone_loss(face: Face) -> BoneLoss:
    """Fits the circle and measures what is missing in front.

    Args:
        face: The glenoid's face.

    Returns:
        The loss.

    Raises:
        RefusedError: If no circle fits.
    """
    centre, radius, chosen, _ = fit_circle(face.outline_mm)
    off = face.outline_mm - centre
    far, around = np.linalg.norm(off, axis=1), degrees_around(off)
    residual = float(np.sqrt(np.mean((far[chosen] - radius) ** 2)))
    arc = _intact_deg(far[chosen] - radius, around[chosen])
    share = 2 * radius / face.height_mm
    if residual > MOST_RESIDUAL_MM:
        far_off = told(residual, MOST_RESIDUAL_MM)
        msg = (
            f"the rim differs from a circle by {far_off} mm, expected at most {MOST_RESIDUAL_MM:g}"
        )
        raise RefusedError(msg)
    if arc < LEAST_ARC_DEG:
        msg = (
            f"{arc:.0f} degrees of the lower rim lie on one circle, expected at least "
            f"{LEAST_ARC_DEG:g}"
        )
        raise RefusedError(msg)
    if not DIAMETER_TO_HEIGHT[0] <= share <= DIAMETER_TO_HEIGHT[1]:
        low, high = DIAMETER_TO_HEIGHT
        msg = (
            f"the circle is {told(share, low, high)} times as wide as the glenoid is high, "
            f"expected {low:g} to {high:g}"
        )
        raise RefusedError(msg)
    return _loss(off, centre, radius, residual, arc)


def _intact_deg(beyond_mm: Floats, around_deg: Floats) -> float:
    """How much of the rim lies on the circle, in steps whose middle point does."""
    steps = np.floor(around_deg / _STEP_DEG).astype(int)
    on_circle = [
        abs(float(np.median(beyond_mm[steps == step]))) <= _ON_CIRCLE_MM
        for step in np.unique(steps)
    ]
    return _STEP_DEG * sum(on_circle)


def _loss(off: Floats, centre: Floats, radius: float, residual: float, arc: float) -> BoneLoss:
    far, around = np.linalg.norm(off, axis=1), degrees_around(off)
    angles = np.arange(285.0, 436.0, 1.0)
    order = np.argsort(around)
    rim = np.interp(angles, around[order], far[order])
    lacking = np.where(radius - rim > _ROUGH_MM, radius - rim, 0.0)
    # What lacks above is where the disc passes into the narrower upper half.
    lacking[angles > 405] = np.where(lacking[angles <= 405][-1] > 0, lacking[angles > 405], 0.0)
    reach = np.clip(radius - lacking, 0, radius)
    area = 100 * float(np.sum(radius**2 - reach**2) * np.radians(1.0) / 2 / (np.pi * radius**2))
    level = np.abs(off[:, 1]) <= 1.0
    front = off[level & (off[:, 0] > -radius / 2), 0]
    missing = max(radius - float(front.max()), 0.0) if len(front) else radius
    missing = missing if missing > _ROUGH_MM else 0.0
    weight = lacking.sum()
    middle = float((angles * lacking).sum() / weight) if weight else float("nan")
    clock = (3 - (middle - 360) / 30 - 1) % 12 + 1
    linear = 100 * missing / (2 * radius)
    return BoneLoss(centre, 2 * radius, missing, linear, area, clock, residual, arc)
