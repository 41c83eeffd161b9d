"""How scapula, joint surface and arm stand in the body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.frames import Frame, FrameName, turn

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.dimensions import Dimensions


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
