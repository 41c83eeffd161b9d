"""The glenoid: pear-shaped, concave, with its neck; and what of the scapula is called glenoid.

Glenoid, for the whole project: the voxels of the scapula that lie within `depth_mm` (30 by default)
of the bony joint surface and, seen along the joint's axis, inside its outline widened by 2 mm; of
these the largest connected piece (26 neighbours) in the image. The coracoid process and the
acromion, which overhang the outline, are not part of it, but for the root of the coracoid on the
neck.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.anatomy.pose import joint_space_mm
from shoulderseg.datasets.phantom.sdf import (
    clamp,
    ellipsoid,
    intersection,
    smooth_difference,
    smooth_union,
    sphere,
    uneven_capsule,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.anatomy.findings import Findings
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Points
    from shoulderseg.datasets.phantom.sdf import FloatArray

DEPTH_MM = 30.0
OVERHANG_MM = 2.0
# From the joint surface to where the neck has merged into the blade.
NECK_MM = 34.0


def discs_mm(dimensions: Dimensions) -> tuple[tuple[float, float], tuple[float, float]]:
    """Heights and radii of the lower and the upper disc whose hull is the pear."""
    low, high = dimensions.glenoid_width_mm / 2, dimensions.glenoid_upper_width_mm / 2
    half = dimensions.glenoid_height_mm / 2
    return (low - half, low), (half - high, high)


def outline(dimensions: Dimensions, place: FloatArray) -> FloatArray:
    """Distance to the pear in the plane of the joint, whatever the depth, shape (n,)."""
    return uneven_capsule(place[1], place[2], *discs_mm(dimensions))


def surface_mm(dimensions: Dimensions, place: FloatArray) -> FloatArray:
    """How far lateral the concave joint surface lies at each (y, z), shape (n,)."""
    curve = dimensions.glenoid_curvature_mm
    inside = np.maximum(curve * curve - place[1] ** 2 - place[2] ** 2, 0)
    surface: FloatArray = curve - np.sqrt(inside)
    return surface


def loss_plane_mm(dimensions: Dimensions, findings: Findings) -> float:
    """Where the front of the glenoid is cut off, glenoid frame y; the rim itself if it is not.

    A segment of height h of a circle of radius r has the area r^2 arccos(1 - h/r) -
    (r - h) sqrt(2 r h - h^2); the height is found by bisection.
    """
    radius = dimensions.glenoid_width_mm / 2
    wanted = findings.glenoid_bone_loss_percent / 100 * np.pi
    low, high = 0.0, 1.0
    for _ in range(50):
        share = (low + high) / 2
        area = np.arccos(1 - share) - (1 - share) * np.sqrt(2 * share - share * share)
        low, high = (share, high) if area < wanted else (low, share)
    return float(-radius + radius * low)


def glenoid_distance(dimensions: Dimensions, findings: Findings, points: Points) -> FloatArray:
    """Signed distance to the glenoid's head and neck, before they join the blade, shape (n,)."""
    place = points.within("glenoid")
    behind = clamp(-place[0] / NECK_MM, 0, 1)
    # The neck is a fifth as thick as the joint from front to back and leans backwards a little;
    # most of the width is lost close behind the rim.
    flat = 1 - 0.82 * (1 - (1 - behind) ** 1.5)
    tall = 1 - 0.22 * behind
    (low_z, low_r), (high_z, high_r) = discs_mm(dimensions)
    across, up = (place[1] - 1.5 * behind) / flat, place[2] / tall
    pear = uneven_capsule(across, up, (low_z, low_r), (high_z, high_r))
    pear = pear * (flat + (1 - flat) * np.abs(place[2]) / (dimensions.glenoid_height_mm / 2)).clip(
        0, 1
    )
    body = intersection(pear, -place[0] - NECK_MM, place[0] - 12)
    if findings.glenoid_osteophyte_mm > 0:
        # The spur keeps off the head, the face does not: a worn joint is narrower than that.
        head = dimensions.head_radius_mm
        off = head + 2.5 - sphere(place, (head + joint_space_mm(dimensions), 0, 0), 0)
        spur = intersection(_spur(dimensions, findings, place), off)
        body = smooth_union(body, spur, 2.0)
    curve = dimensions.glenoid_curvature_mm
    body = smooth_difference(body, sphere(place, (curve, 0, 0), curve), 1.0)
    if findings.glenoid_bone_loss_percent > 0:
        body = intersection(body, _kept(dimensions, findings, place))
    return body


def lost_glenoid(dimensions: Dimensions, findings: Findings, points: Points) -> FloatArray:
    """Signed distance to what bone loss took from the glenoid, shape (n,)."""
    sound = replace(findings, glenoid_bone_loss_percent=0.0)
    place = points.within("glenoid")
    return intersection(
        glenoid_distance(dimensions, sound, points), -_kept(dimensions, findings, place)
    )


def in_glenoid_region(
    dimensions: Dimensions, depth_mm: float, points: Points
) -> npt.NDArray[np.bool_]:
    """Tells which points would be glenoid if they are scapula.

    Args:
        dimensions: The person's measures.
        depth_mm: Greatest distance from the joint surface.
        points: The points.

    Returns:
        bool, shape (n,).
    """
    place = points.within("glenoid")
    flat = outline(dimensions, place)
    beyond = np.maximum(flat, 0)
    off = np.abs(place[0] - surface_mm(dimensions, place))
    near = np.hypot(off, beyond) <= depth_mm
    inside: npt.NDArray[np.bool_] = near & (flat <= OVERHANG_MM)
    return inside


def _kept(dimensions: Dimensions, findings: Findings, place: FloatArray) -> FloatArray:
    """Distance to the side that bone loss leaves.

    Bone is missing behind the rim as deep as the fragment was, not through the whole neck.
    """
    cut = loss_plane_mm(dimensions, findings)
    slanted: FloatArray = (cut - place[1]) - 0.55 * np.maximum(-place[0], 0)
    return slanted


def _spur(dimensions: Dimensions, findings: Findings, place: FloatArray) -> FloatArray:
    size = findings.glenoid_osteophyte_mm
    bottom = -dimensions.glenoid_height_mm / 2
    return ellipsoid(place, (0.5, 0.0, bottom), (3 + 0.4 * size, 8.0, size))
