"""The glenoid, cut from a mask of the whole scapula."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from shoulderseg.datasets.connected_components import largest_component
from shoulderseg.datasets.converters.joint import places_mm
from shoulderseg.datasets.phantom.anatomy.glenoid import DEPTH_MM, OVERHANG_MM

if TYPE_CHECKING:
    from shoulderseg.datasets.converters.joint import Joint, Mask
    from shoulderseg.datasets.volume import Volume

__all__ = ["DEPTH_MM", "cut_glenoid"]


def cut_glenoid(scapula: Mask, joint: Joint, grid: Volume, depth_mm: float = DEPTH_MM) -> Mask:
    """Cuts the glenoid from the scapula.

    Taken is what of the scapula lies

    - within `depth_mm` of the joint surface: along the line through the head's centre and the
      middle of that surface, and beyond the surface's outline from its nearest voxel, and
    - inside the outline of that surface, widened by 2 mm, seen along that line, and
    - in the largest connected piece (26 neighbours) of what is left.

    This is an approximation of what docs/phantom.md calls glenoid. There the surface and its axis
    are known; here they are taken from the humeral head, so a head that is out of place or badly
    labelled moves the cut, and voxels thicker than some 3 mm coarsen it.

    Args:
        scapula: bool, shape (Z, Y, X).
        joint: Its joint.
        grid: A volume on the grid of the mask.
        depth_mm: How far from the joint surface the scapula is glenoid.

    Returns:
        bool, shape (Z, Y, X); all False for an empty scapula.
    """
    cut = np.zeros_like(scapula)
    place, surface = places_mm(scapula, grid) - joint.centre, joint.surface - joint.centre
    if not len(place):
        return cut
    aside = _across(joint)
    # Seen along the axis: the nearest voxel of the surface, and how far beside it one is.
    beside_mm, nearest = cKDTree(surface @ aside).query(place @ aside)
    off_mm = (place - surface[nearest]) @ joint.medial
    # Half a voxel's diagonal around a surface voxel still belongs to the outline.
    beyond_mm = np.maximum(beside_mm - np.linalg.norm(np.sort(grid.spacing_mm)[:2]) / 2, 0)
    cut[scapula] = (np.hypot(off_mm, beyond_mm) <= depth_mm) & (beyond_mm <= OVERHANG_MM)
    return largest_component(cut)


def _across(joint: Joint) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Two unit vectors across the joint's axis, as columns (3, 2)."""
    across = np.linalg.svd(joint.medial[None])[2][1:].T
    return np.asarray(across, dtype=np.float64)
