"""Aligns a bone of one series with that of the others: rigidly, by its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.refine.examination.field import Field

    Floats = NDArray[np.float64]

# People who are asked to lie still move by this much (standard deviations): where edges say
# nothing, such as about the turn of a ball, the least motion is the most likely.
_USUAL_MM, _USUAL_DEG = 4.0, 4.0
# Noise of an edge.
_EDGE_MM = 1.0
# Beyond this a point counts less and less, since it may be no edge of the bone.
_STRAY_MM = 1.0
_MOST_POINTS = 6000


@dataclass(frozen=True, eq=False)
class Expectation:
    """Where a point of the bone is likely to be in a series.

    Attributes:
        before_mm: The point where the bone lies in the examination, LPS, (3,).
        after_mm: Where it is likely to be in the series, LPS, (3,).
        spread_mm: Standard deviation of that.
    """

    before_mm: Floats
    after_mm: Floats
    spread_mm: float


@dataclass(frozen=True, eq=False)
class Motion:
    """Rigid motion from the examination's place of a bone to a series', about a point.

    Attributes:
        centre_mm: The point, LPS, where the bone lies in the examination, (3,).
        shift_mm: Of that point, (3,).
        turn: Rotation vector in radians, (3,).
    """

    centre_mm: Floats
    shift_mm: Floats
    turn: Floats

    def apply(self, points_mm: Floats) -> Floats:
        """From the examination into the series, (n, 3)."""
        turned = Rotation.from_rotvec(self.turn).apply(points_mm - self.centre_mm)
        moved: Floats = turned + self.centre_mm + self.shift_mm
        return moved

    def undo(self, points_mm: Floats) -> Floats:
        """From the series into the examination, (n, 3)."""
        turned = Rotation.from_rotvec(-self.turn).apply(points_mm - self.centre_mm - self.shift_mm)
        moved: Floats = turned + self.centre_mm
        return moved

    @property
    def shift_length_mm(self) -> float:
        """How far the point moved."""
        return float(np.linalg.norm(self.shift_mm))

    @property
    def turn_deg(self) -> float:
        """How far the bone turned."""
        return float(np.degrees(np.linalg.norm(self.turn)))

    def turn_to_deg(self, other: Motion) -> float:
        """How far the bone turned from this series to another."""
        turned = Rotation.from_rotvec(other.turn) * Rotation.from_rotvec(self.turn).inv()
        return float(np.degrees(turned.magnitude()))


def still(centre_mm: Floats) -> Motion:
    """No motion."""
    return Motion(np.asarray(centre_mm, np.float64), np.zeros(3), np.zeros(3))


def joined(first: Motion, second: Motion, centre_mm: Floats) -> Motion:
    """Motion from the series of one motion to that of another.

    Args:
        first: Of the series to start from.
        second: Of the other.
        centre_mm: Of the new motion, LPS, (3,), in the first series.
    """
    turn = Rotation.from_rotvec(second.turn) * Rotation.from_rotvec(first.turn).inv()
    moved = second.apply(first.undo(centre_mm[None]))[0]
    return Motion(centre_mm, moved - centre_mm, turn.as_rotvec())


def align(
    edge_mm: Floats,
    bone: Field,
    start: Motion,
    independent: float,
    expected: Expectation | None = None,
) -> Motion:
    """Finds how a bone moved, from its edges in a series and its surface in the others.

    Args:
        edge_mm: Points on its edge, in the series' LPS mm, (n, 3).
        bone: The surface, from the other series.
        start: A first guess, whose centre is kept.
        independent: How many of the points err independently at most: neighbours err together.
        expected: Where the bone is likely to be; None for where the examination has it.

    Returns:
        The motion; the first guess without points.
    """
    if not len(edge_mm):
        return start
    chosen = edge_mm[:: max(1, len(edge_mm) // _MOST_POINTS)]
    # A few points are no more than so many.
    scale = np.sqrt(min(independent, len(chosen)) / len(chosen)) / _EDGE_MM
    usual = np.r_[np.full(3, _USUAL_MM), np.full(3, np.radians(_USUAL_DEG))]
    expected = expected or Expectation(start.centre_mm, start.centre_mm, _USUAL_MM)

    def residuals(vector: Floats) -> Floats:
        motion = Motion(start.centre_mm, vector[:3], vector[3:])
        distance = np.clip(bone.at(motion.undo(chosen)), -20, 20) / _STRAY_MM
        away = motion.apply(expected.before_mm[None])[0] - expected.after_mm
        # Robust (the pseudo-Huber of Hartley and Zisserman), the prior is not.
        robust = np.sign(distance) * np.sqrt(2 * (np.sqrt(1 + distance**2) - 1))
        robust *= scale * _STRAY_MM
        values: Floats = np.r_[robust, away / expected.spread_mm, vector[3:] / usual[3:]]
        return values

    first = np.r_[start.shift_mm, start.turn]
    found = least_squares(residuals, first, x_scale=usual, method="trf", max_nfev=40)
    return Motion(start.centre_mm, found.x[:3], found.x[3:])
