"""The lateral clavicle and its joint with the acromion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoulderseg.datasets.phantom.anatomy.scapula_landmarks import landmarks
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.sdf import Strap, clamp, sphere, strap
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Points
    from shoulderseg.datasets.phantom.noise import Noise
    from shoulderseg.datasets.phantom.sdf import FloatArray

JOINT_SPACE_MM = 3.0


def clavicle_line(dimensions: Dimensions) -> list[tuple[float, float, float]]:
    """Middle line from the acromion to the chest, scapula frame."""
    marks = landmarks(dimensions)
    x = marks.acromion_tip[0] - dimensions.acromion_width_mm / 2 - JOINT_SPACE_MM - 6
    y, z = marks.acromion_tip[1] + 4, marks.acromion_tip[2] + 1.5
    return [
        (x, y, z),
        (x - 16, y - 12, z + 2),
        (x - 42, y - 38, z + 3),
        (x - 75, y - 64, z + 2),
        (x - 110, y - 84, z),
    ]


def clavicle_distance(dimensions: Dimensions, points: Points) -> FloatArray:
    """Signed distance to the bone, shape (n,)."""
    wide, tall = dimensions.clavicle_width_mm / 2, dimensions.clavicle_radius_mm
    widths = [(wide, tall * 0.9), (wide * 0.85, tall), (tall * 1.15, tall), (tall, tall), (7, 7)]
    return strap(
        points.within("scapula"), Strap(clavicle_line(dimensions), widths, (0.0, 0.0, 1.0), 5.0)
    )


def clavicle_layers(dimensions: Dimensions, noise: Noise) -> list[Layer]:
    """Joint capsule with its disc, cortex and marrow."""

    def bone(points: Points) -> FloatArray:
        return points.once("clavicle", lambda p: clavicle_distance(dimensions, p))

    def joint(points: Points) -> FloatArray:
        x, y, z = clavicle_line(dimensions)[0]
        radius = dimensions.clavicle_radius_mm + 3
        return sphere(points.within("scapula"), (x + 7, y, z), radius)

    def red_share(points: Points) -> FloatArray:
        return clamp(0.25 + 0.12 * noise.at(points.within("scapula"), (5, 5, 5)), 0, 1)

    return [
        Layer(Structure.ACROMIOCLAVICULAR_JOINT, joint, red_share),
        Layer(Structure.CLAVICLE_CORTEX, bone),
        Layer(Structure.CLAVICLE_MARROW, lambda p: bone(p) + 1.4, red_share, nested=True),
    ]
