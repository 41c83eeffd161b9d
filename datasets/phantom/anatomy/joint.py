"""The soft parts of the joint: capsule, fluid, cartilage, labrum, bursa, ligaments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.anatomy.glenoid import loss_plane_mm, outline, surface_mm
from shoulderseg.datasets.phantom.anatomy.humerus import (
    head_axis,
    hill_sachs,
    sound_humerus_distance,
)
from shoulderseg.datasets.phantom.anatomy.scapula_landmarks import landmarks
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.sdf import (
    Strap,
    clamp,
    ellipsoid,
    half_space,
    intersection,
    smooth_union,
    sphere,
    strap,
)
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.anatomy.findings import Findings
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Points
    from shoulderseg.datasets.phantom.noise import Noise
    from shoulderseg.datasets.phantom.sdf import FloatArray


def cavity_distance(
    dimensions: Dimensions, findings: Findings, noise: Noise, points: Points
) -> FloatArray:
    """Signed distance to what the joint capsule encloses, bones included, shape (n,)."""
    place = points.within("humerus")
    head = dimensions.head_radius_mm
    axis = head_axis(dimensions)
    swell = findings.effusion_mm
    ball = np.maximum(
        sphere(place, (0, 0, 0), head + dimensions.humeral_cartilage_mm + 0.6 + 0.7 * swell),
        half_space(place, axis * (head - dimensions.head_height_mm - 2), -axis),
    )
    pouch = ellipsoid(
        points.within("body"),
        _pouch_centre(dimensions),
        (6 + swell, 8 + 1.5 * swell, 0.4 + 1.5 * swell),
    )
    # A full pouch bulges between folds.
    pouch = pouch + 0.35 * swell * noise.at(points.within("body"), (9, 9, 9))
    # Empty, its walls lie on each other.
    joint = smooth_union(ball, pouch, 2.5 + min(swell, 3.5))
    if swell > 2:
        recess = ellipsoid(
            points.within("scapula"), (-2, -19, 13), (6 + swell, 3 + 0.5 * swell, 5 + swell)
        )
        joint = smooth_union(joint, recess, 4.0)
    return joint


def joint_layers(dimensions: Dimensions, findings: Findings, noise: Noise) -> list[Layer]:
    """Capsule, fluid, labrum and cartilage, in the order of painting; bones come after."""

    def cavity(points: Points) -> FloatArray:
        return points.once("cavity", lambda p: cavity_distance(dimensions, findings, noise, p))

    def degenerate(points: Points) -> FloatArray:
        grain = noise.at(points.within("glenoid"), (4, 4, 4))
        return clamp(0.15 * grain + 0.3 * findings.cartilage_loss, 0, 0.6)

    def sleeve(points: Points) -> FloatArray:
        """Where the capsule lies on the bone; it keeps its place where a defect opens."""
        on_bone = sound_humerus_distance(dimensions, points) - 0.9
        return intersection(on_bone, cavity(points) - 0.6)

    def mixed(points: Points) -> FloatArray:
        return clamp(0.25 + 0.2 * noise.at(points.within("glenoid"), (5, 5, 5)), 0, 1)

    def face(points: Points) -> FloatArray:
        return _face_cartilage(dimensions, findings, noise, points)

    def head(points: Points) -> FloatArray:
        return _head_cartilage(dimensions, findings, noise, points)

    return [
        Layer(Structure.CAPSULE, lambda p: cavity(p) - 0.6, mixed),
        Layer(Structure.JOINT_FLUID, lambda p: cavity(p) + 1.3),
        Layer(Structure.CAPSULE, sleeve),
        Layer(Structure.LABRUM, lambda p: _labrum(dimensions, p), degenerate),
        Layer(Structure.GLENOID_CARTILAGE, face, degenerate),
        Layer(Structure.HUMERAL_CARTILAGE, head, degenerate),
    ]


def _head_cartilage(
    dimensions: Dimensions, findings: Findings, noise: Noise, points: Points
) -> FloatArray:
    place = points.within("humerus")
    axis = head_axis(dimensions)
    level = dimensions.head_radius_mm - dimensions.head_height_mm
    # Full in the middle of the cap, thinning out over the last millimetres to its edge.
    height = -half_space(place, axis * (level + 1.5), -axis)
    share = np.sqrt(clamp(height / 8, 0, 1))
    worn = 1 - findings.cartilage_loss * (0.8 + 0.2 * noise.at(place, (8, 8, 8)))
    thick = dimensions.humeral_cartilage_mm * share * clamp(worn, 0.05, 1)
    shell = np.maximum(sphere(place, (0, 0, 0), dimensions.head_radius_mm) - thick, -height)
    if findings.hill_sachs_depth_mm > 0:
        shell = np.maximum(shell, -hill_sachs(dimensions, findings, points))
    return shell


def _face_cartilage(
    dimensions: Dimensions, findings: Findings, noise: Noise, points: Points
) -> FloatArray:
    place = points.within("glenoid")
    flat = outline(dimensions, place) + 1.0
    # It fills what the flatter bone leaves under the rounder head: thin in the middle, thick
    # at the rim. The head's own cartilage and a film of fluid stay free.
    worn = findings.cartilage_loss * (0.8 + 0.2 * noise.at(place, (8, 8, 8)))
    free = dimensions.head_radius_mm + dimensions.humeral_cartilage_mm
    film = dimensions.joint_fluid_mm + clamp(worn, 0, 0.95) * dimensions.glenoid_cartilage_mm
    under_head = free + film - sphere(points.within("humerus"), (0, 0, 0), 0.0)
    up = place[0] - surface_mm(dimensions, place)
    shell = intersection(under_head, up - 3.8, flat, -up - 4)
    if findings.glenoid_bone_loss_percent > 0:
        shell = intersection(shell, loss_plane_mm(dimensions, findings) - place[1])
    return shell


def _labrum(dimensions: Dimensions, points: Points) -> FloatArray:
    place = points.within("glenoid")
    flat = outline(dimensions, place)
    up = place[0] - surface_mm(dimensions, place)
    half, tall = dimensions.labrum_width_mm / 2, dimensions.labrum_height_mm + 1.5
    lean = np.maximum(1 - 0.8 * clamp(up / tall, 0, 1), 0.05)
    wedge = np.maximum(np.abs(flat - 0.6) - half * lean, np.abs(up - tall / 2 + 1.5) - tall / 2)
    free = dimensions.head_radius_mm + dimensions.humeral_cartilage_mm + 0.2
    return intersection(wedge, -sphere(points.within("humerus"), (0, 0, 0), free))


def bursa_distance(
    dimensions: Dimensions, findings: Findings, noise: Noise, points: Points
) -> FloatArray:
    """Signed distance to the bursa between cuff and acromion or deltoid, shape (n,)."""
    place = points.within("humerus")
    out = dimensions.head_radius_mm + dimensions.supraspinatus_tendon_mm + 1.5
    # Its walls touch in places, and fluid gathers in others.
    full = clamp(0.6 + 0.6 * noise.at(place, (18, 18, 18)), 0, 1.6)
    shell = np.abs(sphere(place, (2.0, 0.0, -1.0), out)) - (0.2 + full * findings.bursa_mm / 2)
    return intersection(shell, half_space(place, (0, 0, -4), (-0.75, 0.0, -1.0)))


def ligament_layers(dimensions: Dimensions) -> list[Layer]:
    """The coracoacromial and the coracohumeral ligament."""
    marks = landmarks(dimensions)
    x, y, z = marks.coracoid_tip
    tip = marks.acromion_tip
    arch = Strap(
        [(x - 6, y + 6, z + 10), (tip[0] - 2, tip[1] - 2, tip[2] - 2)],
        [(8.0, 1.2), (6.0, 1.2)],
        (0.5, -0.5, 1.0),
    )
    bend = marks.coracoid_bend
    head = dimensions.head_radius_mm
    deep = Strap(
        [(bend[0] + 4, bend[1], bend[2] - 4), (head, -0.65 * head, head * 0.75)],
        [(6.0, 1.2), (7.0, 1.0)],
        (0.0, -0.6, 1.0),
    )
    return [
        Layer(Structure.CORACOACROMIAL_LIGAMENT, lambda p: strap(p.within("scapula"), arch)),
        Layer(Structure.CORACOHUMERAL_LIGAMENT, lambda p: strap(p.within("scapula"), deep)),
    ]


def _pouch_centre(dimensions: Dimensions) -> tuple[float, float, float]:
    """Middle of the axillary recess, under the joint, body frame."""
    return 8.0, 2.0, -dimensions.glenoid_height_mm / 2 - 3
