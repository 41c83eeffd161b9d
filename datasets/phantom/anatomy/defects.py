"""What fills the room that a defect of a bone leaves: the joint's fluid, or scar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoulderseg.datasets.phantom.anatomy.cartilage import from_head, head_cartilage_mm
from shoulderseg.datasets.phantom.anatomy.glenoid import (
    loss_plane_mm,
    lost_glenoid,
    outline,
    surface_mm,
)
from shoulderseg.datasets.phantom.anatomy.humerus import hill_sachs, sound_humerus_distance
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.sdf import intersection, union
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.anatomy.findings import Findings
    from shoulderseg.datasets.phantom.dimensions import Dimensions
    from shoulderseg.datasets.phantom.frames import Points
    from shoulderseg.datasets.phantom.layers import Distance
    from shoulderseg.datasets.phantom.sdf import FloatArray

# With less of an effusion a defect of a bone is filled by scar and capsule, not by fluid.
FLUID_FILLS_MM = 0.5
# So far behind the middle of the glenoid's face its front is lost to scar: the joint ends there.
SCAR_BEHIND_MM = 4.0


def defect_layers(dimensions: Dimensions, findings: Findings, scar: Distance) -> list[Layer]:
    """Fills the room that a Hill-Sachs defect and the glenoid's bone loss leave.

    Args:
        dimensions: The person.
        findings: The defects, and how much fluid there is.
        scar: Texture of scar.

    Returns:
        The layers; none in a sound shoulder.
    """
    full = findings.effusion_mm >= FLUID_FILLS_MM
    filling = Structure.JOINT_FLUID if full else Structure.CAPSULE
    # Fluid reaches through the capsule's sleeve: nothing parts it from the joint.
    mouth = 1.0 if full else 0.0

    def on_head(points: Points) -> FloatArray:
        hole = hill_sachs(dimensions, findings, points)
        return intersection(hole, sound_humerus_distance(dimensions, points) - mouth)

    def on_glenoid(points: Points) -> FloatArray:
        return _lost_front(dimensions, findings, points)

    def near_joint(points: Points) -> FloatArray:
        return intersection(on_glenoid(points), -SCAR_BEHIND_MM - points.within("glenoid")[0])

    layers = []
    if findings.hill_sachs_depth_mm > 0:
        layers.append(Layer(filling, on_head, None if full else scar))
    if findings.glenoid_bone_loss_percent > 0:
        layers.append(Layer(Structure.CAPSULE, on_glenoid, scar))
        if full:
            layers.append(Layer(Structure.JOINT_FLUID, near_joint))
    return layers


def _lost_front(dimensions: Dimensions, findings: Findings, points: Points) -> FloatArray:
    """Where bone loss took bone, cartilage and labrum, up to the head's cartilage."""
    place = points.within("glenoid")
    soft = intersection(
        place[1] - loss_plane_mm(dimensions, findings),
        outline(dimensions, place) - dimensions.labrum_width_mm / 2,
        -0.5 - (place[0] - surface_mm(dimensions, place)),
        dimensions.head_radius_mm + head_cartilage_mm(dimensions, points) - from_head(points),
        place[0] - dimensions.head_radius_mm,
        place[0] - surface_mm(dimensions, place) - dimensions.labrum_height_mm,
    )
    return union(lost_glenoid(dimensions, findings, points), soft)
