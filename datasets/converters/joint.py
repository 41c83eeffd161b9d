"""The head of the humerus and the joint surface of the scapula, found on masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import binary_erosion
from scipy.spatial import cKDTree

from shoulderseg.datasets.connected_components import largest_component
from shoulderseg.datasets.converters.source import NothingToTakeError
from shoulderseg.datasets.phantom.truth import fit_sphere

if TYPE_CHECKING:
    from typing import Literal

    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

    Floats = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]
    Side = Literal["left", "right"]

# From the head to the joint of a left shoulder, to the right, back and down, in LPS. Roughly: what
# counts is that the acromion and the coracoid lie elsewhere, whether the arm hangs or is raised.
_TO_JOINT = (-0.6, 0.7, -0.3)
_FACING = 0.3
_SHEET_MM = 4.0
_GAP_MM = 12.0
_HEAD_RADIUS_MM = (10.0, 40.0)
_LEAST_VOXELS = 8
_NOT_FACING = (
    f"the scapula does not face the humerus from the medial side within {_GAP_MM:g} mm; the joint "
    "is not in the image, or left and right are exchanged."
)


class Joint(NamedTuple):
    """A joint; places are (x, y, z) in mm in LPS world coordinates.

    Attributes:
        centre: Centre of the head's sphere.
        radius_mm: Its radius.
        surface: Voxel centres of the scapula's joint surface, shape (n, 3).
        medial: Unit vector from the head's centre to the middle of that surface, shape (3,).
    """

    centre: Floats
    radius_mm: float
    surface: Floats
    medial: Floats


def places_mm(mask: Mask, grid: Volume) -> Floats:
    """Gives the world places of the voxels of a mask.

    Args:
        mask: bool, shape (Z, Y, X).
        grid: A volume on the same grid.

    Returns:
        Voxel centres (x, y, z) in mm, LPS, shape (n, 3), in the order of `np.argwhere`.
    """
    axes = np.reshape(grid.direction, (3, 3)) * np.array(grid.spacing_mm[::-1])
    places: Floats = np.argwhere(mask)[:, ::-1] @ axes.T + np.array(grid.origin_mm)
    return places


def find_joint(humerus: Mask, scapula: Mask, grid: Volume, side: Side) -> Joint:
    """Finds the joint of one shoulder.

    The head is the sphere through the part of the humerus that the scapula faces from the medial
    side. The joint surface is the sheet of scapula, 4 mm thick, that is nearest to that sphere on
    its medial side.

    Args:
        humerus: bool, shape (Z, Y, X), not empty.
        scapula: bool, same shape, not empty.
        grid: A volume on their grid, with a true orientation.
        side: Which shoulder it is.

    Returns:
        The joint.

    Raises:
        NothingToTakeError: If the scapula does not face the humerus from the medial side within
            12 mm, or no sphere of 10 to 40 mm fits there.
    """
    slack_mm = max(grid.spacing_mm) / 2
    outer = humerus & ~binary_erosion(humerus)
    head, bone = places_mm(outer, grid), places_mm(scapula, grid)
    distances, nearest = cKDTree(bone).query(head)
    apart_mm = np.asarray(distances, dtype=np.float64)
    towards = _faces(bone[nearest] - head, side) & (apart_mm <= _GAP_MM + slack_mm)
    if np.count_nonzero(towards) < _LEAST_VOXELS:
        raise NothingToTakeError(_NOT_FACING)
    start = head[towards & (apart_mm <= apart_mm[towards].min() + 3 + slack_mm)]
    centre, radius_mm = _fit_head(head, start, max(1.5, slack_mm))
    away = bone - centre
    if away[:, 0].mean() * _to_joint(side)[0] <= 0:
        # Of a shoulder under the other side's name the acromion may still face the head.
        raise NothingToTakeError(_NOT_FACING)
    beyond_mm = np.linalg.norm(away, axis=1) - radius_mm
    facing: Mask = _faces(away, side) & (beyond_mm <= _GAP_MM + slack_mm)
    if not facing.any():
        raise NothingToTakeError(_no_head(radius_mm))
    least_mm = np.percentile(beyond_mm[facing], 5)
    near = np.zeros_like(scapula)
    near[scapula] = facing & (beyond_mm <= least_mm + _SHEET_MM + slack_mm)
    surface = places_mm(largest_component(near), grid)
    medial = surface.mean(axis=0) - centre
    return Joint(centre, radius_mm, surface, medial / np.linalg.norm(medial))


def _faces(away: Floats, side: Side) -> Mask:
    facing: Mask = away @ _to_joint(side) > _FACING * np.linalg.norm(away, axis=1)
    return facing


def _to_joint(side: Side) -> Floats:
    towards: Floats = np.array(_TO_JOINT) * (1 if side == "left" else -1, 1, 1)
    return towards / np.linalg.norm(towards)


def _fit_head(outer: Floats, start: Floats, band_mm: float) -> tuple[Floats, float]:
    """Sphere through the humerus' surface, grown from where it faces the joint."""
    low_mm, high_mm = _HEAD_RADIUS_MM
    chosen = start
    centre, radius_mm = fit_sphere(chosen)
    for _ in range(20):
        if not low_mm <= radius_mm <= high_mm:
            raise NothingToTakeError(_no_head(radius_mm))
        away = outer - centre
        far_mm = np.linalg.norm(away, axis=1)
        medial = start.mean(axis=0) - centre
        cap = away @ medial >= 0.2 * far_mm * np.linalg.norm(medial)
        chosen = outer[cap & (np.abs(far_mm - radius_mm) <= band_mm)]
        if len(chosen) < _LEAST_VOXELS:
            raise NothingToTakeError(_no_head(radius_mm))
        centre, radius_mm = fit_sphere(chosen)
    return centre, radius_mm


def _no_head(radius_mm: float) -> str:
    low_mm, high_mm = _HEAD_RADIUS_MM
    return (
        f"no humeral head fits beside the scapula (sphere of {radius_mm:.0f} mm radius, expected "
        f"{low_mm:g} to {high_mm:g} mm); too little of it is in the image."
    )
