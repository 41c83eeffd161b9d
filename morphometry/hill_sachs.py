"""A Hill-Sachs defect: what is missing of the head under the sphere of its intact joint surface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from shoulderseg.morphometry.cap import INTACT_MM, SECTOR_DEG, margin, polar_deg, sectors
from shoulderseg.morphometry.head import CAP_DEG, surface_radii
from shoulderseg.morphometry.refusal import RefusedError, told
from shoulderseg.morphometry.spacing import voxel_lengths_mm
from shoulderseg.morphometry.vectors import angle_deg, directions, unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.morphometry.bone import Bone
    from shoulderseg.morphometry.glenoid import Face
    from shoulderseg.morphometry.head import Head

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

_LATTICE = 12000
# A defect is looked for in so wide a cone about the head's axis.
_CONE_DEG = 100.0
# Less deep is how rough a mask is.
LEAST_DEPTH_MM = 2.0
# Where the rest of the cap differs more than this from a sphere, a defect cannot be told.
MOST_ROUGH_MM = 0.5
# Nor where voxels are longer than it is deep in more than one direction.
MOST_VOXEL_MM = LEAST_DEPTH_MM
# The joint surface of a head reaches farther than this from its axis.
LEAST_EDGE_DEG = 70.0
# It has to reach so far into the joint surface, and is followed so far beyond it.
_WITHIN_DEG, _BEYOND_DEG = 5.0, 12.0
# A defect reaches the edge where it has a direction so near to it. Beyond it, it is told from the
# neck by how deep the bone lies beside it: so many sectors on either side, ring for ring.
_AT_EDGE_DEG, _BESIDE, _RING_DEG = 2.0, 5, 2.0
# Where so much of a defect lies in the last layer of the mask, that is where the mask ends.
_MOST_IN_LAYER = 0.5
# Where so many directions within the joint surface are deep, but none so far within it, the axis
# may be off: no sound head is so deep there. Each is about 0.7 mm2 of a head.
_FEWEST_DEEP = 6


@dataclass(frozen=True, eq=False)
class HillSachs:
    """A defect of the head, all 0 where there is none.

    Attributes:
        depth_mm: Under the sphere, where it is deepest.
        length_mm: Longest chord of its opening.
        width_mm: Its extent across that.
        volume_mm3: Between the sphere and the bone.
        angle_deg: Of its middle to the head's axis; NaN where there is none.
        towards: From the head's centre to its middle, unit vector (3,); None where there is none.
        goes_on: Whether it reaches the edge of the joint surface, beyond which it is followed for
            a few mm alone.
    """

    depth_mm: float = 0.0
    length_mm: float = 0.0
    width_mm: float = 0.0
    volume_mm3: float = 0.0
    angle_deg: float = float("nan")
    towards: Floats | None = None
    goes_on: bool = False


def find_hill_sachs(humerus: Bone, head: Head, face: Face) -> HillSachs:
    """Looks for the deepest defect that reaches into the joint surface from behind.

    Args:
        humerus: The humerus.
        head: Its sphere.
        face: The glenoid's face, which tells where front and above are.

    Returns:
        The defect; one in front or below is none of this name.

    Raises:
        RefusedError: If the image ends where a defect might be, its voxels are too long to show
            one, the head is no sphere beside it or has no margin, or the head is sunk at the margin
            alone, where a defect cannot be told from the neck.
    """
    _check_voxels(humerus)
    along, depth, unknown, edge = _cap(humerus, head)
    polar = polar_deg(along, head.axis)
    behind_above = (along @ face.anterior < 0.3) & (along @ face.superior > -0.3)
    if (unknown & behind_above & (polar <= edge)).any():
        msg = "the image does not show all of the head behind and above"
        raise RefusedError(msg)
    deep = (depth >= LEAST_DEPTH_MM) & (polar <= edge) & behind_above
    seeds = deep & (polar <= edge - _WITHIN_DEG)
    best, rest = HillSachs(), polar <= CAP_DEG
    labels = _pieces(along, (depth > INTACT_MM) & (polar <= edge))
    for label in np.unique(labels[seeds]):
        inside = labels == label
        beyond = _beyond(along, depth, inside, edge, head)
        found = _measured(along, depth, inside | beyond, head)
        if found.depth_mm > best.depth_mm:
            floor = along[inside] * (head.radius_mm - depth[inside, None])
            _check_layer(humerus, head.centre_mm + floor)
            best = replace(found, goes_on=bool(beyond.any()))
            rest = (polar <= CAP_DEG) & ~inside
    _check_rest(float(np.sqrt(np.mean(depth[rest] ** 2))))
    if not seeds.any() and np.count_nonzero(deep) >= _FEWEST_DEEP:
        msg = (
            f"at the margin of the joint surface the head is sunk by {depth[deep].max():.1f} mm "
            "behind and above: a defect there cannot be told from the neck"
        )
        raise RefusedError(msg)
    return best


def _check_rest(rough_mm: float) -> None:
    if rough_mm > MOST_ROUGH_MM:
        msg = (
            f"beside any defect the head differs from a sphere by {told(rough_mm, MOST_ROUGH_MM)} "
            f"mm, expected at most {MOST_ROUGH_MM:g}"
        )
        raise RefusedError(msg)


def _check_layer(humerus: Bone, floor_mm: Floats) -> None:
    """Refuses a defect whose floor is where the mask ends across one of its axes."""
    index, mask = humerus.index(floor_mm), humerus.mask
    for axis in range(3):
        filled = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        for off in (index[:, axis] - filled[0], filled[-1] - index[:, axis]):
            if np.mean(off < 0.5) > _MOST_IN_LAYER:
                msg = (
                    "what the head lacks ends in a plane across an axis of the mask, where that "
                    "ends: it is cut there rather than dented"
                )
                raise RefusedError(msg)


def _beyond(along: Floats, depth: Floats, inside: Mask, edge: float, head: Head) -> Mask:
    """What of a defect lies beyond the edge of the joint surface.

    There the neck of every head is sunk, so that what counts is connected with the part within,
    lies in the sectors in which that reaches the edge, and is deeper than the neck beside it.
    """
    polar, around = polar_deg(along, head.axis), sectors(along, head.axis)
    own = np.unique(around[inside])
    at_edge = np.unique(around[inside & (polar > edge - _AT_EDGE_DEG)])
    count = int(360 / SECTOR_DEG)
    apart = np.abs((around[:, None] - own + count // 2) % count - count // 2).min(axis=1)
    beside = (apart > 0) & (apart <= _BESIDE)
    chosen = inside.copy()
    for low in np.arange(edge, edge + _BEYOND_DEG, _RING_DEG):
        ring = (polar > low) & (polar <= low + _RING_DEG)
        neck = float(np.median(depth[ring & beside])) if (ring & beside).any() else 0.0
        sunk = depth > max(neck, 0.0) + INTACT_MM
        chosen |= ring & np.isin(around, at_edge) & sunk
    labels = _pieces(along, chosen)
    found: Mask = chosen & ~inside & np.isin(labels, labels[inside])
    return found


def _cap(humerus: Bone, head: Head) -> tuple[Floats, Floats, Mask, float]:
    """Directions about the axis, depth under the sphere, where it is unknown, and the edge.

    The edge is where the joint surface ends in most directions, in degrees from the axis.
    """
    along = directions(_LATTICE)
    along = along[polar_deg(along, head.axis) <= _CONE_DEG]
    radii = surface_radii(humerus, head.centre_mm, along, head.radius_mm + 12)
    depth = np.nan_to_num(head.radius_mm - radii, nan=0.0)
    ends, _ = margin(along, head.axis, depth)
    # As far as one looks where it does not end.
    endless = np.full(int(360 / SECTOR_DEG) - len(ends), _CONE_DEG)
    edge = float(np.percentile(np.concatenate([ends, endless]), 60))
    if edge < LEAST_EDGE_DEG:
        msg = (
            f"the joint surface seems to end {told(edge, LEAST_EDGE_DEG)} degrees from the head's "
            f"axis, expected at least {LEAST_EDGE_DEG:g}: it is no sphere, or too rough, to tell "
            "a defect"
        )
        raise RefusedError(msg)
    return along, depth, np.isnan(radii), edge


def _pieces(along: Floats, chosen: Mask) -> NDArray[np.int32]:
    """Number of the connected piece of each direction, on its own where it is not chosen."""
    near = 1.6 * np.sqrt(4 * np.pi / _LATTICE)
    pairs = cKDTree(along).query_pairs(near, output_type="ndarray")
    both = pairs[chosen[pairs].all(axis=1)]
    graph = coo_array((np.ones(len(both)), both.T), shape=(len(along), len(along)))
    labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels


def _check_voxels(humerus: Bone) -> None:
    second = min(float(np.sort(lengths)[1]) for lengths in voxel_lengths_mm(humerus))
    if second > MOST_VOXEL_MM:
        msg = (
            f"voxels are {told(second, MOST_VOXEL_MM)} mm long or longer in two "
            f"directions, expected at most {MOST_VOXEL_MM:g}: a defect so deep would not show"
        )
        raise RefusedError(msg)


def _measured(along: Floats, depth: Floats, inside: Mask, head: Head) -> HillSachs:
    deepest = float(np.percentile(depth[inside], 99))
    opening = head.radius_mm * along[inside]
    middle = opening.mean(axis=0)
    offset = opening - middle
    _, _, axes = np.linalg.svd(offset, full_matrices=False)
    extents = [float(np.ptp(offset @ axis)) for axis in axes[:2]]
    radii = head.radius_mm - depth[inside]
    volume = float(np.sum(head.radius_mm**3 - radii**3) / 3 * 4 * np.pi / _LATTICE)
    towards = unit(middle)
    return HillSachs(
        deepest,
        max(extents),
        min(extents),
        volume,
        angle_deg(towards, head.axis),
        towards,
    )
