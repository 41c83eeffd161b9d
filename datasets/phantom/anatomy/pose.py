"""How scapula, joint surface and arm stand in the body."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.frames import Frame, FrameName, turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator

    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.sdf import FloatArray


# A raised arm: how far from the trunk, forwards of the frontal plane, and turned outwards, as in
# scans in abduction and external rotation and in those of the chest. Estimates.
RAISED_DEG = (60.0, 165.0)
FORWARDS_DEG = (-10.0, 60.0)
OUTWARDS_DEG = (10.0, 80.0)
# After the first 30 degrees the scapula turns with the arm, one degree for two of the joint
# (Inman, Saunders and Abbott 1944), leans backwards and turns outwards.
STILL_DEG, SCAPULA_SHARE = 30.0, 1 / 3
TILT_SHARE, PROTRACTION_SHARE = -0.15, -0.1


def raise_arm(dimensions: Dimensions, rng: Generator) -> Dimensions:
    """Gives a person's shoulder with the arm raised.

    Args:
        dimensions: The person, arm at rest.
        rng: Source of how far and where to.

    Returns:
        The same person in another pose.
    """
    raised = float(rng.uniform(*RAISED_DEG))
    turned = raised - STILL_DEG
    return replace(
        dimensions,
        abduction_deg=raised,
        flexion_deg=float(rng.uniform(*FORWARDS_DEG)),
        humeral_rotation_deg=float(rng.uniform(*OUTWARDS_DEG)),
        scapular_rotation_deg=dimensions.scapular_rotation_deg + SCAPULA_SHARE * turned,
        scapular_tilt_deg=dimensions.scapular_tilt_deg + TILT_SHARE * turned,
        scapular_protraction_deg=dimensions.scapular_protraction_deg + PROTRACTION_SHARE * turned,
    )


def joint_space_mm(dimensions: Dimensions) -> float:
    """Distance of the two bones in the middle of the joint: both cartilages and the fluid."""
    return (
        dimensions.glenoid_cartilage_mm
        + dimensions.humeral_cartilage_mm
        + dimensions.joint_fluid_mm
    )


def shoulder_frames(dimensions: Dimensions) -> dict[FrameName, Frame]:
    """Places the bones of a shoulder.

    Args:
        dimensions: The person's angles and lengths.

    Returns:
        The frames by name, as `frames.py` defines them.
    """
    scapula = (
        turn("z", -dimensions.scapular_protraction_deg)
        @ turn("x", dimensions.scapular_tilt_deg)
        @ turn("y", -dimensions.scapular_rotation_deg)
    )
    # Seen in the scapula, the joint faces up by the inclination, backwards by the retroversion.
    glenoid = (
        scapula
        @ turn("z", dimensions.glenoid_retroversion_deg)
        @ turn("y", -dimensions.glenoid_inclination_deg)
    )
    arm = (
        turn("y", -dimensions.abduction_deg)
        @ turn("x", -dimensions.flexion_deg)
        @ turn("z", dimensions.humeral_rotation_deg - dimensions.retroversion_deg)
    )
    origin = np.zeros(3)
    head_centre = glenoid @ np.array([dimensions.head_radius_mm + joint_space_mm(dimensions), 0, 0])
    return {
        "body": Frame(np.eye(3), origin),
        "scapula": Frame(scapula, origin),
        "glenoid": Frame(glenoid, origin),
        "humerus": Frame(arm, head_centre),
    }


def head_in_scapula(frames: Mapping[FrameName, Frame]) -> FloatArray:
    """Gives the centre of the humeral head in the scapula frame, shape (3,)."""
    spot: FloatArray = frames["scapula"].from_body(frames["humerus"].origin_mm[:, None])[:, 0]
    return spot
