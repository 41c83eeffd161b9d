"""A shoulder ready to be painted, and which of its layers show in a piece of a scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.frames import Frame, FrameName, Points

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.deformation import Deformation
    from shoulderseg.datasets.phantom.layers import Layer, Region
    from shoulderseg.datasets.phantom.sdf import FloatArray

# How much faster than the way covered a distance may change: blends, flattened tubes, deformation.
_SLACK = 1.5


class Scene(NamedTuple):
    """A shoulder ready to be painted.

    Attributes:
        layers: From the bottom to the top.
        frames: The frames of its parts.
        deformation: Between scan and anatomy, in the body frame.
        mirrored: True for a right shoulder.
        joint_mm: Where the body frame's origin lies in the patient, LPS.
        glenoid_region: Tells whether scapula at `Points` counts as glenoid, bool (n,).
    """

    layers: Sequence[Layer]
    frames: Mapping[FrameName, Frame]
    deformation: Deformation
    mirrored: bool
    joint_mm: npt.NDArray[np.float64]
    glenoid_region: Region


def body_points(scene: Scene, world_mm: npt.NDArray[np.floating]) -> FloatArray:
    """Patient coordinates (3, n) into undeformed body coordinates (3, n), float32."""
    flip = np.array([-1.0 if scene.mirrored else 1.0, 1.0, 1.0])[:, None]
    body = (flip * (world_mm - scene.joint_mm[:, None])).astype(np.float32)
    return scene.deformation.to_anatomy(body)


def patient_points(scene: Scene, body_mm: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Undeformed body coordinates (3, n) into patient coordinates; undoes `body_points`."""
    flip = np.array([-1.0 if scene.mirrored else 1.0, 1.0, 1.0])[:, None]
    scanned = scene.deformation.to_scan(body_mm.astype(np.float64))
    moved: npt.NDArray[np.float64] = flip * scanned + scene.joint_mm[:, None]
    return moved


def needed_layers(
    scene: Scene, middles_mm: npt.NDArray[np.floating], half_mm: float
) -> list[list[int]]:
    """Tells for each piece of a scan which layers may reach into it and show.

    Args:
        scene: The shoulder.
        middles_mm: Middles of the pieces in the patient, LPS, (3, pieces).
        half_mm: From the middle of a piece to its farthest corner.

    Returns:
        Numbers of the layers of each piece, in order.
    """
    centres = Points(body_points(scene, middles_mm), scene.frames)
    reach = _SLACK * half_mm + 2.5
    needed: list[list[int]] = [[] for _ in range(len(centres))]
    for number, layer in enumerate(scene.layers):
        distance = layer.distance(centres)
        for piece in np.flatnonzero(distance < reach):
            # A layer that covers all of the piece hides what was painted before it.
            if distance[piece] < -reach and layer.opacity == 1:
                needed[piece].clear()
            needed[piece].append(number)
    return needed
