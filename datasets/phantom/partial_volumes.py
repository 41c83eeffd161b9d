"""Partial volume maps: which structures fill each voxel of a digital shoulder, and by how much.

A slice of any direction, thickness and contrast can be cut out of such a map, for signals are
linear in the shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from shoulderseg.datasets.phantom.anatomy.shoulder import build_scene
from shoulderseg.datasets.phantom.case import draw_scan
from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.joint_piece import only_joint_piece
from shoulderseg.datasets.phantom.planning import prescribed_axes
from shoulderseg.datasets.phantom.share_painting import paint_shares

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.options import PhantomOptions
    from shoulderseg.datasets.phantom.scanner.protocol import Plane
    from shoulderseg.datasets.phantom.scene import Scene
    from shoulderseg.datasets.phantom.structures import Structure

SPACING_MM = 0.9
# Of the cube around the joint: stacks of every plane lie in it, turned or not.
SIDE_MM = 192.0
# Structures that are kept of each voxel.
KEPT = 3
STACK_PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
# Middle of the cube from the joint, along the scapula to lateral and to the feet.
_LATERAL_MM, _DOWN_MM = 10.0, 6.0


@dataclass(frozen=True, eq=False)
class PartialVolumes:
    """What fills the voxels around a shoulder; array axes are the patient's z, y and x.

    Attributes:
        materials: Values of `Structure` with the largest shares of each voxel, the largest first,
            0 (air) where there is none; (K, Z, Y, X), uint8.
        shares: Their shares in 255ths, summing to 255 in each voxel; (K, Z, Y, X), uint8.
        bones: Shares of humerus and of glenoid in 255ths; (2, Z, Y, X), uint8.
        spacing_mm: From voxel to voxel, along all axes.
        origin_mm: Middle of the first voxel, LPS (x, y, z).
        joint_mm: Middle of the joint surface, LPS (x, y, z).
        side: Left or right shoulder.
        directions: Of each plane's slices as they are meant for this scapula: unit vectors in LPS
            as rows, across the slices, down the rows, along the columns; (3, 3).
        second_shares: How much of each structure that occurs is its second material, 0 to 1, on
            average over the map.
    """

    materials: npt.NDArray[np.uint8]
    shares: npt.NDArray[np.uint8]
    bones: npt.NDArray[np.uint8]
    spacing_mm: float
    origin_mm: tuple[float, float, float]
    joint_mm: tuple[float, float, float]
    side: Literal["left", "right"]
    directions: dict[Plane, npt.NDArray[np.float64]]
    second_shares: dict[Structure, float]


def make_partial_volumes(
    options: PhantomOptions,
    rng: np.random.Generator,
    *,
    spacing_mm: float = SPACING_MM,
    side_mm: float = SIDE_MM,
    workers: int = 2,
) -> PartialVolumes:
    """Makes the partial volume map of a shoulder.

    A generator in the same state gives the shoulder that `make_case` scans.

    Args:
        options: What it should be like.
        rng: Source of everything that the options leave open; the same state gives the same bytes.
        spacing_mm: From voxel to voxel; they are cubes.
        side_mm: Of the cube that the map fills.
        workers: Threads; the result does not depend on it.

    Returns:
        The map.

    Raises:
        ValueError: If the spacing is not above 0, or the cube does not hold two voxels a side.
    """
    _check_spacing(spacing_mm, side_mm)
    _, shoulder = draw_scan(options, rng)
    scene = build_scene(shoulder, options.glenoid_depth_mm, whole=options.whole_scapula)
    grid = _cube(scene, spacing_mm, round(side_mm / spacing_mm))
    painted = paint_shares(scene, grid, KEPT, workers)
    bones = painted.bones
    if not options.whole_scapula:
        bones[1] = only_joint_piece(bones[1])
    x, y, z = scene.joint_mm.tolist()
    return PartialVolumes(
        materials=painted.materials,
        shares=painted.shares,
        bones=bones,
        spacing_mm=spacing_mm,
        origin_mm=grid.origin_mm,
        joint_mm=(x, y, z),
        side=shoulder.dimensions.side,
        directions={
            plane: prescribed_axes(plane, scene.frames, mirrored=scene.mirrored)
            for plane in STACK_PLANES
        },
        second_shares=painted.second_shares,
    )


def _check_spacing(spacing_mm: float, side_mm: float) -> None:
    if not 0 < spacing_mm <= side_mm / 2:
        msg = (
            f"A spacing of {spacing_mm} mm does not fit a cube of {side_mm} mm; expected more than "
            "0 and at most half of the cube's side."
        )
        raise ValueError(msg)


def _cube(scene: Scene, spacing_mm: float, count: int) -> ScanGrid:
    """The voxels of the map, along the patient's axes."""
    offset = scene.frames["scapula"].axes[:, 0] * _LATERAL_MM - np.array([0.0, 0.0, _DOWN_MM])
    flip = np.array([-1.0 if scene.mirrored else 1.0, 1.0, 1.0])
    x, y, z = (scene.joint_mm + flip * offset - (count - 1) / 2 * spacing_mm).tolist()
    return ScanGrid(
        (count, count, count),
        (spacing_mm, spacing_mm, spacing_mm),
        spacing_mm,
        (x, y, z),
        (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
    )
