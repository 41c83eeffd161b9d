"""What a phantom states of the measures that `benchmarks/measures.py` takes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

# Whose truth the phantom states; their refusals are counted.
STATED = (
    *("head_radius", "glenoid_height", "glenoid_width", "glenoid_circle_diameter"),
    *("bone_loss_area", "bone_loss_linear", "glenoid_track", "hill_sachs_depth"),
    "neck_shaft_angle",
)


def stated_measures(measured: Mapping[str, Any], neck_shaft_angle_deg: float) -> dict[str, float]:
    """Gives the measures that a phantom states.

    Args:
        measured: As `true_measurements` gives it.
        neck_shaft_angle_deg: Of the person that was drawn.
    """
    loss = measured["glenoid_bone_loss_percent"]
    diameter = measured["glenoid_width_mm"]
    return {
        "head_radius": measured["head_radius_mm"],
        "glenoid_height": measured["glenoid_height_mm"],
        **({} if loss else {"glenoid_width": diameter}),
        "glenoid_circle_diameter": diameter,
        "bone_loss_area": loss,
        "bone_loss_linear": 100 * _missing_share(loss / 100),
        "glenoid_track": diameter * (0.83 - _missing_share(loss / 100)),
        "hill_sachs_depth": measured["hill_sachs_depth_mm"],
        "neck_shaft_angle": neck_shaft_angle_deg,
    }


def stated_opening(measured: Mapping[str, Any]) -> dict[str, float]:
    """Gives width, length and volume of a Hill-Sachs defect as the phantom makes it.

    A ball takes it out of the head's sphere, so that its opening is a circle, and its volume that
    of the lens which both balls share. The phantom's sphere goes on beyond the joint surface.

    Args:
        measured: As `true_measurements` gives it.

    Returns:
        Nothing of a sound head.
    """
    depth, width = measured["hill_sachs_depth_mm"], measured["hill_sachs_width_mm"]
    if not depth:
        return {}
    head, half = measured["head_radius_mm"], width / 2
    over = head - np.sqrt(head * head - half * half)
    under = depth - over
    # Of each ball the cap beyond the circle: pi h (3 a^2 + h^2) / 6.
    caps = [np.pi * high * (3 * half * half + high * high) / 6 for high in (over, under)]
    return {
        "hill_sachs_width": width,
        "hill_sachs_length": width,
        "hill_sachs_volume": float(sum(caps)),
    }


def _missing_share(area: float) -> float:
    """Which part of a diameter a straight cut takes that takes this part of the disc."""
    low, high = -1.0, 1.0
    for _ in range(50):
        x = (low + high) / 2
        share = (np.arccos(x) - x * np.sqrt(1 - x * x)) / np.pi
        low, high = (x, high) if share > area else (low, x)
    return (1 - (low + high) / 2) / 2
