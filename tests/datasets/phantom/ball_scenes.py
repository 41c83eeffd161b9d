"""Scenes of balls around the joint, whose volumes are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from shoulderseg.datasets.phantom.deformation import Deformation
from shoulderseg.datasets.phantom.frames import Frame, FrameName, Points
from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.scene import Scene
from shoulderseg.datasets.phantom.sdf import FloatArray, sphere
from shoulderseg.datasets.phantom.structures import Structure

STILL = Deformation(np.random.default_rng(0), 0.0)
JOINT_MM = np.array([120.0, -15.0, 40.0])
ROOM = Frame(np.eye(3), np.zeros(3))
FRAMES: dict[FrameName, Frame] = {
    "body": ROOM,
    "scapula": ROOM,
    "glenoid": ROOM,
    "humerus": ROOM,
}
RADIUS_MM = 12.0
VOLUME_MM3 = 4 / 3 * np.pi * RADIUS_MM**3
OBLIQUE = tuple(Rotation.from_euler("xyz", [20, 35, -50], degrees=True).as_matrix().ravel())


def everywhere(points: Points) -> npt.NDArray[np.bool_]:
    """All scapula is glenoid."""
    return np.ones(len(points), dtype=bool)


def ball(structure: Structure, radius: float, x: float = 0.0, opacity: float = 1.0) -> Layer:
    """A ball at some place along x."""

    def distance(points: Points) -> FloatArray:
        return sphere(points.within("body"), (x, 0.0, 0.0), radius)

    return Layer(structure, distance, opacity=opacity)


def scene_of(layers: Sequence[Layer], *, mirrored: bool = False) -> Scene:
    """A shoulder of these layers that nothing deforms."""
    return Scene(layers, FRAMES, STILL, mirrored, JOINT_MM, everywhere)


def stack(spacing_mm: tuple[float, float, float], thickness_mm: float) -> ScanGrid:
    """Oblique slices that hold a ball of 15 mm around the joint."""
    count = [int(34 / step) + 1 for step in spacing_mm]
    grid = ScanGrid((count[0], count[1], count[2]), spacing_mm, thickness_mm, (0, 0, 0), OBLIQUE)
    x, y, z = (JOINT_MM - grid.centre_mm()).tolist()
    return replace(grid, origin_mm=(x, y, z))


def volume_mm3(share: np.ndarray, grid: ScanGrid) -> float:
    """What shares of voxels come to."""
    return float(share.sum()) * float(np.prod(grid.spacing_mm))
