"""The soft parts of the joint: capsule, fluid, cartilage, labrum, bursa, ligaments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.anatomy.cartilage import (
    BELOW_NECK_MM,
    face_cartilage,
    film,
    head_cartilage,
    labrum,
)
from shoulderseg.datasets.phantom.anatomy.defects import defect_layers
from shoulderseg.datasets.phantom.anatomy.glenoid import (
    glenoid_distance,
)
from shoulderseg.datasets.phantom.anatomy.humerus import (
    head_axis,
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
    # Fluid lies in crescents, more in one place than in another.
    gathered = 0.15 + 0.55 * clamp(0.5 + noise.at(place, (14, 14, 14)), 0, 1)
    level = head - dimensions.head_height_mm
    ball = np.maximum(
        sphere(place, (0, 0, 0), head + dimensions.humeral_cartilage_mm + 0.6) - gathered * swell,
        half_space(place, axis * (level - BELOW_NECK_MM), -axis),
    )
    # A full pouch bulges between folds.
    pouch = _axillary_pouch(dimensions, swell, points)
    pouch = pouch + 0.35 * swell * noise.at(points.within("body"), (9, 9, 9))
    # Empty, its walls lie on each other.
    joint = smooth_union(ball, pouch, 2.5 + min(swell, 3.5))
    if swell > 2:
        recess = ellipsoid(
            points.within("scapula"), (-2, -19, 13), (6 + swell, 3 + 0.5 * swell, 5 + swell)
        )
        joint = smooth_union(joint, recess, 4.0)
    return joint


def _axillary_pouch(dimensions: Dimensions, swell: float, points: Points) -> FloatArray:
    """The recess under the joint: it lies on the medial side of the neck, below the head."""
    place = points.within("humerus")
    axis = head_axis(dimensions)
    level = dimensions.head_radius_mm - dimensions.head_height_mm
    return intersection(
        sound_humerus_distance(dimensions, points) - 0.6 - 0.9 * swell,
        half_space(place, axis * (level - 16), -axis),
        half_space(place, axis * level, axis),
        place[0] + 2,
    )


def joint_layers(dimensions: Dimensions, findings: Findings, noise: Noise) -> list[Layer]:
    """Capsule, fluid, labrum and cartilage, in the order of painting; bones come after."""

    def cavity(points: Points) -> FloatArray:
        return points.once("cavity", lambda p: cavity_distance(dimensions, findings, noise, p))

    def degenerate(points: Points) -> FloatArray:
        grain = noise.at(points.within("glenoid"), (4, 4, 4))
        return clamp(0.15 * grain + 0.3 * findings.cartilage_loss, 0, 0.6)

    def sleeve(points: Points) -> FloatArray:
        """Where the capsule lies on the bone; it keeps its place where a defect opens."""
        on_bone = np.abs(sound_humerus_distance(dimensions, points)) - 0.9
        return intersection(on_bone, cavity(points) - 0.6)

    def collar(points: Points) -> FloatArray:
        """Capsule, origins of tendons and labrum as one dark ring on the neck, behind the rim."""
        place = points.within("glenoid")
        thick = clamp(2.0 + 1.2 * noise.at(place, (14, 14, 14)), 0.5, 4.0)
        # It thins out towards the blade.
        thick = thick * clamp((place[0] + 10) / 7, 0, 1)
        return intersection(glenoid_distance(dimensions, findings, points) - thick, place[0] - 2)

    def mixed(points: Points) -> FloatArray:
        return clamp(0.25 + 0.2 * noise.at(points.within("glenoid"), (5, 5, 5)), 0, 1)

    def face(points: Points) -> FloatArray:
        return face_cartilage(dimensions, findings, noise, points)

    def head(points: Points) -> FloatArray:
        return head_cartilage(dimensions, findings, noise, points)

    return [
        Layer(Structure.CAPSULE, collar, mixed),
        Layer(Structure.CAPSULE, lambda p: cavity(p) - 0.6, mixed),
        Layer(Structure.JOINT_FLUID, lambda p: cavity(p) + 1.3),
        Layer(Structure.CAPSULE, sleeve),
        *defect_layers(dimensions, findings, mixed),
        Layer(
            Structure.JOINT_FLUID,
            lambda p: intersection(film(dimensions, findings, p), cavity(p) - 0.6),
        ),
        Layer(Structure.LABRUM, lambda p: labrum(dimensions, findings, p), degenerate),
        Layer(Structure.GLENOID_CARTILAGE, face, degenerate),
        Layer(Structure.HUMERAL_CARTILAGE, head, degenerate),
    ]


def bursa_distance(
    dimensions: Dimensions, findings: Findings, noise: Noise, points: Points
) -> FloatArray:
    """Signed distance to the bursa between cuff and acromion or deltoid, shape (n,)."""
    place = points.within("humerus")
    out = dimensions.head_radius_mm + dimensions.supraspinatus_tendon_mm + 1.5
    # Its walls touch in places, and fluid gathers in others.
    full = clamp(0.1 + 1.1 * noise.at(place, (18, 18, 18)), 0, 1.8)
    edge = half_space(place, (0, 0, -4), (-0.75, 0.0, -1.0))
    full = full * clamp(-edge / 8, 0, 1)
    shell = np.abs(sphere(place, (2.0, 0.0, -1.0), out)) - (0.2 + full * findings.bursa_mm / 2)
    return intersection(shell, edge)


def ligament_layers(dimensions: Dimensions) -> list[Layer]:
    """The coracoacromial and the coracohumeral ligament, and the tendon of triceps."""
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
    # The long head of triceps begins with a tendon at the lower rim.
    low = -dimensions.glenoid_height_mm / 2
    origin = Strap(
        [(-6, 2, low), (-7, 4, low - 10), (-6, 5, low - 24)],
        [(4.5, 2.0), (4.0, 1.6), (2.5, 0.8)],
        (0.2, 1.0, 0.2),
    )
    return [
        Layer(Structure.CAPSULE, lambda p: strap(p.within("scapula"), origin)),
        Layer(Structure.CORACOACROMIAL_LIGAMENT, lambda p: strap(p.within("scapula"), arch)),
        Layer(Structure.CORACOHUMERAL_LIGAMENT, lambda p: strap(p.within("scapula"), deep)),
    ]
