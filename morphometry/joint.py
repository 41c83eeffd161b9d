"""How the head stands to the glenoid: gap, offset, subluxation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.morphometry.vectors import distances_to

if TYPE_CHECKING:
    from shoulderseg.morphometry.bone import Bone
    from shoulderseg.morphometry.glenoid import Face
    from shoulderseg.morphometry.head import Head

# The gap's median is taken over so much of the face about its middle.
_MIDDLE_MM = 10.0


@dataclass(frozen=True)
class JointMeasures:
    """How the head stands to the glenoid.

    Attributes:
        least_gap_mm: From bone to bone, where they come nearest.
        median_gap_mm: From bone to bone, over the face within 10 mm of its middle.
        offset_mm: Distance of the head's centre from the line through the face's middle at right
            angles to it (HGA, Kim and Min 2018).
        offset_anterior_mm: Its part to the front.
        offset_superior_mm: Its part upwards.
        subluxation: (|offset from back to front| + r) / 2 r; 0.5 for a centred head.
    """

    least_gap_mm: float
    median_gap_mm: float
    offset_mm: float
    offset_anterior_mm: float
    offset_superior_mm: float
    subluxation: float


def measure_joint(humerus: Bone, glenoid: Bone, head: Head, face: Face) -> JointMeasures:
    """Measures how the head stands to the glenoid.

    Args:
        humerus: The humerus.
        glenoid: The glenoid.
        head: Its sphere.
        face: Its face.
    """
    points = glenoid.surface.points_mm
    gaps = distances_to(humerus.surface.points_mm, points)
    off = points - face.middle_mm
    inner = (
        np.linalg.norm(off - (off @ face.normal)[:, None] * face.normal, axis=1) <= _MIDDLE_MM
    ) & (glenoid.surface.normals @ face.normal > 0.7)
    away = head.centre_mm - face.middle_mm
    front, up = float(away @ face.anterior), float(away @ face.superior)
    return JointMeasures(
        least_gap_mm=float(gaps.min()),
        median_gap_mm=float(np.median(gaps[inner])) if inner.any() else float("nan"),
        offset_mm=float(np.hypot(front, up)),
        offset_anterior_mm=front,
        offset_superior_mm=up,
        subluxation=(abs(front) + head.radius_mm) / (2 * head.radius_mm),
    )
