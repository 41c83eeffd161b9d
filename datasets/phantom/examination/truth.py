"""The bones of an examined shoulder on one fine grid, as they lay in the first series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.connected_components import largest_component
from shoulderseg.datasets.phantom.case import GLENOID_LABEL, HUMERUS_LABEL
from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.painting import paint
from shoulderseg.datasets.phantom.structures import HUMERUS, SCAPULA
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.scene import Scene

TRUTH_MM = 0.5
# How far the grid reaches from the joint: to the body's middle and away from it, to the front and
# to the back, down along the shaft and up.
_MEDIAL_MM, _LATERAL_MM, _AROUND_MM, _DOWN_MM, _UP_MM = 50.0, 70.0, 50.0, 130.0, 50.0


def fine_bones(scene: Scene, step_mm: float = TRUTH_MM, workers: int = 2) -> Volume:
    """Draws both bones without slices.

    Args:
        scene: The shoulder.
        step_mm: Length of the voxels.
        workers: Threads; the result does not depend on it.

    Returns:
        1 humerus, 2 glenoid, uint8, axes along the body, from 130 mm below the joint to 50 above.
    """
    bones = [layer for layer in scene.layers if layer.structure in HUMERUS | SCAPULA]
    left = (-_LATERAL_MM, _MEDIAL_MM) if scene.mirrored else (-_MEDIAL_MM, _LATERAL_MM)
    low = scene.joint_mm + np.array([left[0], -_AROUND_MM, -_DOWN_MM])
    high = scene.joint_mm + np.array([left[1], _AROUND_MM, _UP_MM])
    columns, rows, slices = (int(count) for count in np.ceil((high - low) / step_mm))
    x, y, z = low.tolist()
    grid = ScanGrid(
        (slices, rows, columns),
        (step_mm, step_mm, step_mm),
        step_mm,
        (x, y, z),
        tuple(np.eye(3).ravel().tolist()),
    )
    painted = paint(scene._replace(layers=bones), grid, np.zeros((256, 2, 2), np.float32), workers)
    label_map = np.zeros(grid.shape, np.uint8)
    label_map[largest_component(painted.glenoid >= 0.5)] = GLENOID_LABEL
    label_map[painted.humerus >= 0.5] = HUMERUS_LABEL
    return Volume(label_map, grid.spacing_mm, grid.origin_mm, grid.direction)
