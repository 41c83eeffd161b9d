"""How far a case's own votes speak for its label map, without a reference.

Every share is written so that 1 is good and 0 is bad. Far from bone the networks give tiny
probabilities to millions of voxels, which would drown the bones in sums; they do not count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion
from scipy.spatial import KDTree

from shoulderseg.evaluation.quality.connected_components import largest_component_voxels

FloatArray: TypeAlias = NDArray[np.floating[Any]]
Mask: TypeAlias = NDArray[np.bool_]
# Marks the voxels of a label map, with its spacing, that lie within some mm of a boundary.
EdgeBand: TypeAlias = Callable[[NDArray[np.uint8], Sequence[float], float], Mask]

BAND_MM = 2.0
_BONES = 2
_FAINT = 0.1
_CHUNK = 1000


@dataclass(frozen=True)
class BoneQuality:
    """Features of one bone; all are 0 where it was not found.

    Attributes:
        agreement: Soft Dice of the bone's own U-Net and the rest: the whole less the other bone.
        undisputed: Share of the voxels that the vote or the bone's own U-Net calls this bone on
            which the voters agree.
        confidence: Mean |2p - 1| in a band around the voted edge; p is the mean of own and rest.
        expected_dice: Dice of the voted mask that p promises.
        largest_piece: Share of the mask in its largest piece (26 neighbours).
        slice_dice: Dice of all slices with their neighbours, as one; 1 for a single slice.
        area_cm2: Mean area of the mask in the slices that show it; in that a whole stack and one
            slice of it are alike, as they are not in volume.
    """

    agreement: float = 0.0
    undisputed: float = 0.0
    confidence: float = 0.0
    expected_dice: float = 0.0
    largest_piece: float = 0.0
    slice_dice: float = 0.0
    area_cm2: float = 0.0

    @property
    def found(self) -> bool:
        """Whether any voxel was voted for this bone."""
        return self.area_cm2 > 0.0


@dataclass(frozen=True)
class CaseQuality:
    """Features of one case.

    Attributes:
        bones: Of the first and of the second bone.
        undisputed: Share of the voxels voted bone or disputed on which the voters agree; 0 if
            there are none.
        gap_mm: Smallest distance of a voxel of one bone to one of the other, centre to centre;
            None if a bone is missing.
    """

    bones: tuple[BoneQuality, BoneQuality]
    undisputed: float
    gap_mm: float | None


def case_quality(
    own: Sequence[FloatArray],
    whole: FloatArray,
    label_map: NDArray[np.integer],
    disagreement: Mask,
    spacing_mm: Sequence[float],
    edge_band: EdgeBand,
) -> CaseQuality:
    """Measures how far the votes of a case speak for its label map.

    Args:
        own: Each bone's own probability, two float (Z, Y, X), 0 to 1; axis 0 is the slice axis.
        whole: Probability of both bones as one, float (Z, Y, X).
        label_map: Integer (Z, Y, X) as `voting.fuse` gives it: 0, 1 and 2.
        disagreement: bool (Z, Y, X) as `voting.fuse` gives it.
        spacing_mm: Voxel size in array order (Z, Y, X).
        edge_band: Finds the voxels near the edges of a mask, as `boundary_band` of `refine` does.

    Returns:
        The features, all finite; all 0 and no gap for an empty grid or an empty label map without
        disputes.

    Raises:
        ValueError: Not two bones, different shapes, spacing not three positive lengths.
    """
    _check(own, whole, label_map, disagreement, spacing_mm)
    # What lies beyond counts nothing, and large cases would need several times their memory.
    box = _box_of_all_that_counts([*own, whole], [label_map, disagreement], spacing_mm)
    own, whole = [array[box] for array in own], whole[box]
    label_map, disagreement = label_map[box], disagreement[box]
    masks = [label_map == k + 1 for k in range(_BONES)]
    bones = [
        _bone(own[k], _rest(whole, own[1 - k]), masks[k], disagreement, spacing_mm, edge_band)
        for k in range(_BONES)
    ]
    either = np.count_nonzero(disagreement | (label_map > 0))
    agreed = either - np.count_nonzero(disagreement)
    return CaseQuality(
        bones=(bones[0], bones[1]),
        undisputed=float(agreed / either) if either else 0.0,
        gap_mm=_gap_mm(masks[0], masks[1], spacing_mm),
    )


def _box_of_all_that_counts(
    probabilities: Sequence[FloatArray],
    labels: Sequence[NDArray[np.integer] | Mask],
    spacing_mm: Sequence[float],
) -> tuple[slice, slice, slice]:
    """Rows and columns of what may be bone, with those of the edge's band; all slices."""
    counted = [(array > _FAINT).any(axis=0) for array in probabilities]
    counted += [(array != 0).any(axis=0) for array in labels]
    marked = np.logical_or.reduce(counted)
    sides = [slice(None)]
    for axis, length in enumerate(spacing_mm[1:]):
        margin = math.ceil(max(BAND_MM, *spacing_mm[1:]) / length) + 1
        found = np.flatnonzero(marked.any(axis=1 - axis))
        first, last = (found[0], found[-1]) if found.size else (0, 0)
        sides.append(slice(max(0, int(first) - margin), int(last) + margin + 1))
    stack, rows, columns = sides
    return stack, rows, columns


def _rest(whole: FloatArray, other: FloatArray) -> FloatArray:
    """What the other networks leave for a bone."""
    return np.clip(whole - other, 0.0, 1.0)


def _bone(
    own: FloatArray,
    rest: FloatArray,
    mask: Mask,
    disagreement: Mask,
    spacing_mm: Sequence[float],
    edge_band: EdgeBand,
) -> BoneQuality:
    voxels = int(np.count_nonzero(mask))
    if not voxels:
        return BoneQuality()
    mean = (own + rest) / 2
    claimed = mask | (own > 0.5)
    return BoneQuality(
        agreement=_soft_dice(own, rest),
        undisputed=1.0 - float(np.mean(disagreement[claimed])),
        confidence=_edge_confidence(mean, mask, spacing_mm, edge_band),
        expected_dice=2.0 * _total(mean[mask]) / (_total(mean[mean > _FAINT]) + voxels),
        largest_piece=largest_component_voxels(mask) / voxels,
        slice_dice=_slice_dice(mask),
        area_cm2=voxels * math.prod(spacing_mm[1:]) / 100.0 / int(mask.any(axis=(1, 2)).sum()),
    )


def _total(values: FloatArray) -> float:
    return float(values.sum(dtype=np.float64))


def _soft_dice(first: FloatArray, second: FloatArray) -> float:
    both = np.minimum(first, second)
    parts = _total(first[first > _FAINT]) + _total(second[second > _FAINT])
    return 2.0 * _total(both[both > _FAINT]) / parts if parts else 0.0


def _edge_confidence(
    mean: FloatArray, mask: Mask, spacing_mm: Sequence[float], edge_band: EdgeBand
) -> float:
    # Coarse pixels still have a neighbour on either side of the edge.
    band_mm = max(BAND_MM, *spacing_mm[1:])
    band = edge_band(mask.astype(np.uint8), spacing_mm, band_mm)
    # A bone that fills its slices has no edge.
    probability = mean[band if band.any() else mask]
    return float(np.abs(2.0 * probability.astype(np.float64) - 1.0).mean())


def _slice_dice(mask: Mask) -> float:
    if len(mask) == 1:
        return 1.0
    both = int(np.count_nonzero(mask[1:] & mask[:-1]))
    return 2.0 * both / int(np.count_nonzero(mask[1:]) + np.count_nonzero(mask[:-1]))


def _gap_mm(first: Mask, second: Mask, spacing_mm: Sequence[float]) -> float | None:
    if not (first.any() and second.any()):
        return None
    # The two nearest voxels are both on the surface.
    surfaces = [np.argwhere(mask & ~binary_erosion(mask)) * spacing_mm for mask in (first, second)]
    few, many = sorted(surfaces, key=len)
    tree = KDTree(many, balanced_tree=False, compact_nodes=False)
    best = math.inf
    # Each chunk is searched no further than the best before it, which keeps scattered masks cheap.
    for start in range(0, len(few), _CHUNK):
        distances, _ = tree.query(few[start : start + _CHUNK], distance_upper_bound=best)
        best = min(best, float(np.min(distances)))
    return best


def _check(
    own: Sequence[FloatArray],
    whole: FloatArray,
    label_map: NDArray[np.integer],
    disagreement: Mask,
    spacing_mm: Sequence[float],
) -> None:
    if len(own) != _BONES:
        msg = f"found the probabilities of {len(own)} bones, expected {_BONES}"
        raise ValueError(msg)
    shapes = [array.shape for array in (*own, whole, label_map, disagreement)]
    if len(set(shapes)) != 1 or len(shapes[0]) != 3:
        msg = f"found arrays of shapes {shapes}, expected one shape (Z, Y, X)"
        raise ValueError(msg)
    if len(spacing_mm) != 3 or not all(math.isfinite(s) and s > 0.0 for s in spacing_mm):
        msg = f"spacing_mm is {tuple(spacing_mm)}, expected three positive lengths (Z, Y, X)"
        raise ValueError(msg)
