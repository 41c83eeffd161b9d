"""The largest piece of a bone, or that at the joint: all that is kept of a bone in one piece."""

from __future__ import annotations

from collections.abc import Iterable

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, find_objects
from scipy.spatial import cKDTree

# Bones of one joint are nearer to each other; between thick slices it may be two steps.
_NEAR_MM = 15.0
# A smaller part of the largest piece is a speck, wherever it lies.
_LEAST_SHARE = 0.25


def keep_largest_component(label_map: NDArray[np.uint8], bones: Iterable[int]) -> NDArray[np.uint8]:
    """Removes of each bone all but its largest piece.

    Args:
        label_map: uint8 (Z, Y, X).
        bones: Labels of the bones that are one piece (26 neighbours).

    Returns:
        A label map whose removed voxels are background; the input itself where nothing is removed,
        as for a bone that is not there.
    """
    kept = label_map
    for bone in bones:
        mask = label_map == bone
        if not mask.any():
            continue
        # As bool, cc3d provides for too few labels on small and thin grids, and raises.
        largest = cc3d.largest_k(mask.astype(np.uint8), k=1, connectivity=26) > 0
        away = mask & ~largest
        if away.any():
            kept = np.where(away, np.uint8(0), kept)
    return kept


def keep_one_piece(
    label_map: NDArray[np.uint8],
    bones: Iterable[int],
    spacing_mm: tuple[float, float, float],
    probability: NDArray[np.float32] | None = None,
) -> NDArray[np.uint8]:
    """Keeps one piece of each bone: the largest, and of the second that at the first.

    Args:
        label_map: uint8 (Z, Y, X), 1 for the first bone and 2 for the second.
        bones: Labels of the bones that are one piece; where it is the second alone, its largest.
        spacing_mm: Voxel size, (Z, Y, X).
        probability: Of the second bone, (Z, Y, X); None where all of its voxels count alike.

    Returns:
        As `keep_largest_component`.
    """
    single = set(bones)
    if single != {1, 2}:
        return keep_largest_component(label_map, single)
    first = keep_largest_component(label_map, [1])
    return keep_component_at_joint(first, (2, 1), spacing_mm, probability)


def keep_component_at_joint(
    label_map: NDArray[np.uint8],
    bones: tuple[int, int],
    spacing_mm: tuple[float, float, float],
    probability: NDArray[np.float32] | None = None,
) -> NDArray[np.uint8]:
    """Removes of a bone all but the piece of which most lies near the bone that it meets.

    A wrong piece may be larger than the right one, but seldom lies as near to the joint. With a
    probability a voxel counts by how far it is above one half: where the whole alone says bone,
    and nobody which, that is next to nothing. Pieces smaller than a quarter of the largest are
    never chosen, and where none lies within 15 mm the largest is. Both figures are ours.

    Args:
        label_map: uint8 (Z, Y, X).
        bones: Labels of the bone, and of the one that it meets.
        spacing_mm: Voxel size, (Z, Y, X).
        probability: Of the bone, float32 (Z, Y, X), 0 to 1; None where all voxels count alike.

    Returns:
        A label map whose removed voxels are background; the input itself where nothing is removed.
    """
    mask = label_map == bones[0]
    if not mask.any():
        return label_map
    pieces = cc3d.connected_components(mask.astype(np.uint8), connectivity=26)
    if pieces.max() < 2:
        return label_map
    sure = _sureness(mask, probability)
    sizes = np.bincount(pieces[mask], weights=sure)
    large = np.flatnonzero(sizes >= _LEAST_SHARE * sizes.max())
    large = large[large > 0]
    chosen = large[0]
    if len(large) > 1:
        asked = np.isin(pieces, large)
        near = _are_near(asked, label_map == bones[1], spacing_mm)
        counts = np.bincount(pieces[asked], weights=near * sure[asked[mask]])[large]
        chosen = large[np.lexsort((sizes[large], counts))[-1]]
    return np.where(mask & (pieces != chosen), np.uint8(0), label_map)


def _sureness(
    mask: NDArray[np.bool_], probability: NDArray[np.float32] | None
) -> NDArray[np.float64]:
    """How much each voxel of a mask counts, (n,)."""
    if probability is None:
        return np.ones(np.count_nonzero(mask))
    above: NDArray[np.float64] = np.maximum(2 * probability[mask].astype(np.float64) - 1, 0)
    # Where nobody is sure of any voxel all count alike.
    return above if above.any() else np.ones_like(above)


def _are_near(
    mask: NDArray[np.bool_], other: NDArray[np.bool_], spacing_mm: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Whether each voxel of one bone lies near another."""
    voxels = np.argwhere(mask)
    if not other.any():
        return np.zeros(len(voxels), np.bool_)
    (box,) = find_objects(other.astype(np.uint8))
    solid = other[box]
    # The surface is enough.
    outer = np.argwhere(solid & ~binary_erosion(solid)) + [side.start for side in box]
    away, _ = cKDTree(outer * spacing_mm).query(voxels * spacing_mm, distance_upper_bound=_NEAR_MM)
    found: NDArray[np.bool_] = np.isfinite(away)
    return found
