"""Where a person's scapula has its landmarks, and the acromion whose height follows the head."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.anatomy.glenoid import surface_mm
from shoulderseg.datasets.phantom.anatomy.pose import shoulder_frames
from shoulderseg.datasets.phantom.frames import turn
from shoulderseg.datasets.phantom.sdf import Strap, strap

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.sdf import FloatArray

# Hindmost point of the acromion behind the scapular plane.
_ACROMION_BACK_MM = 35.0
Spot = tuple[float, float, float]


class Landmarks(NamedTuple):
    """Named points of the scapula in its own frame, mm."""

    trigonum: Spot
    inferior_angle: Spot
    superior_angle: Spot
    acromion_tip: Spot
    acromion_lateral: Spot
    acromial_angle: Spot
    coracoid_tip: Spot
    coracoid_bend: Spot


@lru_cache(maxsize=64)
def landmarks(dimensions: Dimensions) -> Landmarks:
    """Places the landmarks for a person.

    The acromion stands as far above the head as the acromiohumeral distance says and reaches as far
    out as the critical shoulder angle does.
    """
    dome = _dome(dimensions)
    wanted = dimensions.acromiohumeral_distance_mm
    level = float(dome[2].max()) + wanted
    # What is higher reaches further out too, so that its distance has no formula.
    for _ in range(6):
        above = acromion_distance(dimensions, _landmarks_at(dimensions, level), dome)
        level += wanted - float(above.min())
    return _landmarks_at(dimensions, level)


def _dome(dimensions: Dimensions) -> FloatArray:
    """Points on the upper half of the head's sphere, scapula frame, (3, n), a Fibonacci lattice."""
    count = 300
    frames = shoulder_frames(dimensions)
    middle = frames["scapula"].from_body(frames["humerus"].origin_mm[:, None])
    up = (np.arange(count) + 0.5) / count
    around = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    flat = np.sqrt(1 - up * up)
    ball = np.stack([flat * np.cos(around), flat * np.sin(around), up])
    dome: FloatArray = middle + dimensions.head_radius_mm * ball
    return dome


def _landmarks_at(dimensions: Dimensions, level: float) -> Landmarks:
    """The landmarks with the middle of the acromion's plate at a height."""
    wide, tall = dimensions.scapula_width_mm, dimensions.scapula_height_mm
    half = dimensions.glenoid_height_mm / 2
    # The critical shoulder angle opens at the lower rim between the joint and the outermost edge.
    angle = np.radians(dimensions.critical_shoulder_angle_deg - dimensions.glenoid_inclination_deg)
    rim = np.array([[0.0], [0.0], [-half]])
    rim[0] = surface_mm(dimensions, rim)
    rim_x, _, rim_z = (turn("y", -dimensions.glenoid_inclination_deg) @ rim)[:, 0]
    lateral = float(rim_x + np.tan(angle) * (level + 2 - rim_z))
    tip = lateral - 0.5 * dimensions.acromion_width_mm
    return Landmarks(
        trigonum=(-wide, 0.0, 0.0),
        inferior_angle=(-0.84 * wide, 0.0, -0.70 * tall),
        superior_angle=(-0.82 * wide, -4.0, 0.30 * tall),
        acromion_tip=(tip, _ACROMION_BACK_MM - dimensions.acromion_length_mm, level + 1.0),
        acromion_lateral=(lateral, 8.0, level + 2),
        acromial_angle=(lateral - 8, 31.0, level - 11),
        coracoid_tip=(9.0, -34.0, 16.0),
        coracoid_bend=(-8.0, -20.0, 27.0),
    )


def acromion_distance(dimensions: Dimensions, marks: Landmarks, place: FloatArray) -> FloatArray:
    """Signed distance to the acromion at places in the scapula frame, shape (n,)."""
    half, thick = dimensions.acromion_width_mm / 2, dimensions.acromion_thickness_mm / 2
    x, y, z = marks.acromial_angle
    middle = marks.acromion_lateral
    tip = marks.acromion_tip
    line = [
        (x - 12, y + 2, z - 2),
        (x - half + 4, y - 6, z + 4),
        # The plate's edge, not its middle line, reaches the landmark.
        (middle[0] - 0.944 * half, middle[1], middle[2] - 0.33 * half),
        (tip[0], tip[1] + 6, tip[2]),
    ]
    widths = [(half * 0.8, thick), (half * 0.95, thick), (half, thick), (half * 0.72, thick * 0.9)]
    return strap(place, Strap(line, widths, (-0.35, -0.1, 1.0), 4.0))
