"""Cartilage of both bones, the film of fluid between them, and the labrum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.anatomy.glenoid import loss_plane_mm, outline, surface_mm
from shoulderseg.datasets.phantom.anatomy.humerus import head_axis, hill_sachs
from shoulderseg.datasets.phantom.sdf import clamp, half_space, intersection, sphere

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.anatomy.findings import Findings
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Points
    from shoulderseg.datasets.phantom.noise import Noise
    from shoulderseg.datasets.phantom.sdf import FloatArray

# The capsule takes hold of the humerus so far below the plane of the anatomic neck, and the head's
# cartilage ends a little above.
BELOW_NECK_MM = 6.0
# How deep the glenoid's worn cartilage is eaten away here and there, with all of it lost.
ROUGH_MM = 0.2


def film(dimensions: Dimensions, findings: Findings, points: Points) -> FloatArray:
    """Distance to the film between the cartilages, shape (n,).

    Both are painted over what is too much of it.
    """
    facing = points.within("glenoid")
    above_rim = facing[0] - surface_mm(dimensions, facing) - dimensions.labrum_height_mm
    # On this side of the head: its far side lies within the outline too.
    within = intersection(
        outline(dimensions, facing), above_rim, facing[0] - dimensions.head_radius_mm
    )
    surface = dimensions.head_radius_mm + head_cartilage_mm(dimensions, points)
    away = from_head(points)
    # Worn cartilage is rough.
    thick = dimensions.joint_fluid_mm + ROUGH_MM * findings.cartilage_loss
    return intersection(within, away - surface - thick, surface - 2 - away)


def head_cartilage(
    dimensions: Dimensions, findings: Findings, noise: Noise, points: Points
) -> FloatArray:
    """Distance to the head's cartilage, shape (n,); a Hill-Sachs defect took its part."""
    place = points.within("humerus")
    rough = 1 + 0.3 * findings.cartilage_loss * clamp(noise.at(place, (8, 8, 8)), -1, 0)
    thick = head_cartilage_mm(dimensions, points) * rough
    ball = sphere(place, (0, 0, 0), dimensions.head_radius_mm)
    shell = np.maximum(ball - thick, -_above_neck(dimensions, points))
    if findings.hill_sachs_depth_mm > 0:
        shell = np.maximum(shell, -hill_sachs(dimensions, findings, points))
    return shell


def face_cartilage(
    dimensions: Dimensions, findings: Findings, noise: Noise, points: Points
) -> FloatArray:
    """Distance to the glenoid's cartilage, shape (n,); bone loss took its part."""
    place = points.within("glenoid")
    flat = outline(dimensions, place) + 1.0
    # It fills what the flatter bone leaves under the rounder head: thin in the middle, thick
    # at the rim. The head's own cartilage and a film of fluid stay free.
    rough = -ROUGH_MM * findings.cartilage_loss * clamp(noise.at(place, (8, 8, 8)), -1, 0)
    free = dimensions.head_radius_mm + head_cartilage_mm(dimensions, points)
    under_head = free + dimensions.joint_fluid_mm + rough - from_head(points)
    up = place[0] - surface_mm(dimensions, place)
    shell = intersection(under_head, up - 3.8, flat, -up - 4)
    if findings.glenoid_bone_loss_percent > 0:
        shell = intersection(shell, loss_plane_mm(dimensions, findings) - place[1])
    return shell


def labrum(dimensions: Dimensions, findings: Findings, points: Points) -> FloatArray:
    """Distance to the labrum on the glenoid's rim, shape (n,)."""
    place = points.within("glenoid")
    flat = outline(dimensions, place)
    up = place[0] - surface_mm(dimensions, place)
    half, tall = dimensions.labrum_width_mm / 2, dimensions.labrum_height_mm + 1.5
    lean = np.maximum(1 - 0.8 * clamp(up / tall, 0, 1), 0.05)
    wedge = np.maximum(np.abs(flat - 0.6) - half * lean, np.abs(up - tall / 2 + 1.5) - tall / 2)
    free = dimensions.head_radius_mm + dimensions.humeral_cartilage_mm + 0.2
    rim = intersection(wedge, -sphere(points.within("humerus"), (0, 0, 0), free))
    if findings.glenoid_bone_loss_percent > 0:
        # It went with the rim that bore it; above, the face is narrower than the cut.
        upper = dimensions.labrum_width_mm * clamp(place[2] / 8, 0, 1)
        rim = intersection(rim, loss_plane_mm(dimensions, findings) - upper - place[1])
    return rim


def head_cartilage_mm(dimensions: Dimensions, points: Points) -> FloatArray:
    """Thickness of the head's cartilage in the direction of each point, shape (n,).

    Full in the middle of the cap, thinning out over the last millimetres to its edge.
    """
    share = np.sqrt(clamp(_above_neck(dimensions, points) / 8, 0, 1))
    thick: FloatArray = dimensions.humeral_cartilage_mm * share
    return thick


def from_head(points: Points) -> FloatArray:
    """Distance to the middle of the head, shape (n,)."""
    return sphere(points.within("humerus"), (0, 0, 0), 0.0)


def _above_neck(dimensions: Dimensions, points: Points) -> FloatArray:
    """How far up the head's axis a point lies above where its cartilage ends, shape (n,)."""
    axis = head_axis(dimensions)
    level = dimensions.head_radius_mm - dimensions.head_height_mm
    return -half_space(points.within("humerus"), axis * (level - BELOW_NECK_MM + 2), -axis)
