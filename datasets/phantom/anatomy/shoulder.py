"""A person's shoulder: drawn at random, then put together as layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.anatomy.clavicle import clavicle_layers
from shoulderseg.datasets.phantom.anatomy.cuff import biceps_tendon_layers, tendon_layers
from shoulderseg.datasets.phantom.anatomy.cuff_bellies import cuff_belly_layers
from shoulderseg.datasets.phantom.anatomy.disease import draw_findings, wear_cartilage
from shoulderseg.datasets.phantom.anatomy.glenoid import in_glenoid_region
from shoulderseg.datasets.phantom.anatomy.humerus import humerus_layers
from shoulderseg.datasets.phantom.anatomy.joint import bursa_distance, joint_layers, ligament_layers
from shoulderseg.datasets.phantom.anatomy.muscles import muscle_layers
from shoulderseg.datasets.phantom.anatomy.pose import raise_arm, shoulder_frames
from shoulderseg.datasets.phantom.anatomy.scapula import scapula_layers
from shoulderseg.datasets.phantom.anatomy.trunk import (
    chest_layers,
    notch_layers,
    skin_layers,
    vessel_layers,
)
from shoulderseg.datasets.phantom.deformation import Deformation
from shoulderseg.datasets.phantom.dimensions import sample_dimensions
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.noise import Noise
from shoulderseg.datasets.phantom.scene import Scene
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.anatomy.findings import Findings
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Points
    from shoulderseg.datasets.phantom.layers import Distance
    from shoulderseg.datasets.phantom.options import PhantomOptions
    from shoulderseg.datasets.phantom.sdf import FloatArray

DEFORMATION_MM = 1.5
# How often the coil covers the arm alone, so that the image fades towards the chest.
LATERAL_COIL_CHANCE = 0.3


@dataclass(frozen=True, eq=False)
class Shoulder:
    """Everything drawn about one shoulder.

    Attributes:
        dimensions: Lengths and angles.
        findings: What is wrong with it.
        noise: Its texture.
        deformation: Between scan and the regular anatomy.
        joint_mm: Middle of the joint surface in the patient, LPS, (3,).
        coils_mm: Middles of the coil elements in the patient, LPS, (n, 3).
    """

    dimensions: Dimensions
    findings: Findings
    noise: Noise
    deformation: Deformation
    joint_mm: npt.NDArray[np.float64]
    coils_mm: npt.NDArray[np.float64]


def draw_shoulder(options: PhantomOptions, rng: np.random.Generator) -> Shoulder:
    """Draws a shoulder.

    Args:
        options: What is fixed about it.
        rng: Source of the rest.

    Returns:
        The shoulder.
    """
    dimensions = sample_dimensions(rng, sex=options.sex, side=options.side)
    if options.raised:
        dimensions = raise_arm(dimensions, rng)
    findings = draw_findings(options.health, options.bone_loss_percent, dimensions, rng)
    dimensions = wear_cartilage(dimensions, findings)
    side = -1.0 if dimensions.side == "right" else 1.0
    # Scanners put the patient's middle, not the shoulder, into the middle of the bore.
    joint = np.array([side * rng.normal(150, 12), rng.normal(0, 20), rng.normal(20, 30)])
    return Shoulder(
        dimensions,
        findings,
        Noise(rng),
        Deformation(rng, DEFORMATION_MM),
        joint,
        joint + _coils(dimensions, rng) * [side, 1, 1],
    )


def build_scene(shoulder: Shoulder, glenoid_depth_mm: float, *, whole: bool) -> Scene:
    """Puts a shoulder together.

    Args:
        shoulder: What was drawn.
        glenoid_depth_mm: How far from the joint surface the scapula is glenoid.
        whole: Whether all of the scapula is.

    Returns:
        The layers from skin to bone, with their frames.
    """
    dimensions, findings, noise = shoulder.dimensions, shoulder.findings, shoulder.noise
    frames = shoulder_frames(dimensions)
    layers = [
        *skin_layers(dimensions, noise),
        *chest_layers(dimensions, noise),
        *muscle_layers(dimensions, frames, noise),
        *vessel_layers(frames, noise),
        *cuff_belly_layers(dimensions, findings, frames, noise),
        *notch_layers(noise),
        *ligament_layers(dimensions),
        Layer(
            Structure.BURSA,
            lambda p: bursa_distance(dimensions, findings, noise, p),
            _bursa_fat(shoulder),
        ),
        *tendon_layers(dimensions, findings, noise),
        *joint_layers(dimensions, findings, noise),
        *biceps_tendon_layers(dimensions, findings),
        *clavicle_layers(dimensions, noise),
        *scapula_layers(dimensions, findings, noise),
        *humerus_layers(dimensions, findings, noise),
    ]

    def region(points: Points) -> npt.NDArray[np.bool_]:
        if whole:
            return np.ones(len(points), dtype=np.bool_)
        return in_glenoid_region(dimensions, glenoid_depth_mm, points)

    mirrored = dimensions.side == "right"
    return Scene(layers, frames, shoulder.deformation, mirrored, shoulder.joint_mm, region)


def _bursa_fat(shoulder: Shoulder) -> Distance:
    """The less fluid in the bursa, the more it is only a plane of fat."""
    share = float(np.clip(1 - shoulder.findings.bursa_mm, 0, 1))

    def texture(points: Points) -> FloatArray:
        return np.full(len(points), share, np.float32)

    return texture


def _coils(dimensions: Dimensions, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Elements of a shoulder coil around the joint, body frame of a left shoulder, (n, 3)."""
    away = dimensions.head_radius_mm + dimensions.deltoid_thickness_mm + 45
    around = np.radians([-100, -50, 0, 50, 100]) + rng.normal(0, 0.1, 5)
    ring = np.stack([np.cos(around), np.sin(around), np.zeros(5)], axis=1) * away
    top = np.array([[0.2 * away, 0.0, 0.95 * away]])
    coils = np.concatenate([ring, top]) + rng.normal(0, 8, (6, 3)) + [20, 0, 0]
    # The first and the last of the ring lie in front of and behind the joint.
    return coils[[1, 2, 3, 5]] if rng.random() < LATERAL_COIL_CHANCE else coils
