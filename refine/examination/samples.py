"""What the slices of a series say about a bone's surface, as points in millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage
from skimage.measure import block_reduce, find_contours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Farther from an edge a slice says inside or outside, and no longer how far.
NEAR_MM = 4.0
# How far around a bone its series is asked.
REACH_MM = 18.0
# Finer pixels tell nothing more about where millimetres of bone lie.
_PIXEL_MM = 0.8
_STEP_MM, _FAR_STEP_MM, _EDGE_STEP_MM = 1.5, 4.5, 1.0


class Samples(NamedTuple):
    """Points in slices of a series.

    Attributes:
        points_mm: In LPS, float64 (n, 3).
        distance_mm: Within the slice to the bone's edge, negative inside, float64 (n,).
        on_edge: Which of them lie on the edge, bool (n,).
    """

    points_mm: Floats
    distance_mm: Floats
    on_edge: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class BoneSlices:
    """A bone in one series, slice by slice, with no more around it than matters.

    Attributes:
        probability: float32 (Z, Y, X), slices along the first axis; bone above 0.5.
        distance_mm: Signed distance to the bone's edge within each slice, negative inside, cut off
            at 18 mm, float32 (Z, Y, X); 18 mm everywhere in a slice without bone.
        affine: From the index (z, y, x) to LPS mm, float64 (4, 4).
        steps_mm: From voxel to voxel of the image in LPS mm, a column an axis, (3, 3): several of
            its pixels may be one here.
        edge_mm: Points on the edge, about 1 mm apart, in LPS mm, (n, 3).
        samples: Points on the edge, about it, and fewer far from it.
        shown: Which voxels the series shows, bool (Z, Y, X): not those of a filled margin.
        bounds: Lowest and highest row, lowest and highest column, in this grid, of all that each
            slice shows, (Z, 4); the lowest above the highest where it shows nothing.
    """

    probability: NDArray[np.float32]
    distance_mm: NDArray[np.float32]
    affine: Floats
    steps_mm: Floats
    edge_mm: Floats
    samples: Samples
    shown: NDArray[np.bool_]
    bounds: Floats

    @property
    def slab_mm(self) -> Floats:
        """From one slice to the next, (3,): what lies in between is seen as one."""
        step: Floats = self.affine[:3, 0]
        return step

    def shows(self, points_mm: Floats) -> NDArray[np.bool_]:
        """Which places, LPS mm (n, 3), the series has slices of, bool (n,)."""
        slices, rows, columns = to_index(self.affine, points_mm).T
        count = len(self.bounds)
        inside: NDArray[np.bool_] = (slices >= -0.5) & (slices <= count - 0.5)
        nearest = np.clip(np.rint(slices), 0, count - 1).astype(np.intp)
        top, bottom, left, right = self.bounds[nearest].T
        inside &= (rows >= top) & (rows <= bottom) & (columns >= left) & (columns <= right)
        return inside


def to_mm(affine: Floats, index: Floats) -> Floats:
    """Indices (n, 3) into LPS mm (n, 3)."""
    points: Floats = index @ affine[:3, :3].T + affine[:3, 3]
    return points


def to_index(affine: Floats, points_mm: Floats) -> Floats:
    """LPS mm (n, 3) into fractional indices (n, 3)."""
    index: Floats = (points_mm - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
    return index


def index_box(
    affine: Floats, points_mm: Floats, shape: tuple[int, ...]
) -> tuple[slice, slice, slice]:
    """The part of a grid that holds places.

    Args:
        affine: From the index (z, y, x) to LPS mm, (4, 4).
        points_mm: The places, LPS, (n, 3), n at least 1.
        shape: Of the grid.

    Returns:
        A slice of each axis; empty ones where the places lie elsewhere.
    """
    index = to_index(affine, points_mm)
    low = np.clip(np.floor(index.min(axis=0)), 0, shape).astype(int)
    high = np.clip(np.ceil(index.max(axis=0)) + 1, low, shape).astype(int)
    first, second, third = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return first, second, third


def bone_slices(
    probability: NDArray[np.float32], affine: Floats, scanned: NDArray[np.bool_] | None = None
) -> BoneSlices:
    """Takes from a series what its slices say about a bone.

    Args:
        probability: Of the bone, float32 (Z, Y, X), slices along the first axis.
        affine: From the index (z, y, x) to LPS mm, float64 (4, 4).
        scanned: Which voxels are no filled margin, bool (Z, Y, X); all by default. A margin says
            nothing about the bone, as what lies beyond a slice does.

    Returns:
        The bone; without points where no voxel is above 0.5.
    """
    pixels = np.linalg.norm(affine[:3, 1:3], axis=0)
    inside = ndimage.find_objects((probability > 0.5).any(axis=0).astype(np.uint8))
    rows, columns = (slice(0, 1), slice(0, 1))
    if inside:
        margins = np.ceil(REACH_MM / pixels).astype(int)
        rows, columns = (
            slice(max(0, part.start - margin), part.stop + margin)
            for part, margin in zip(inside[0], margins, strict=True)
        )
    blocks = np.maximum(1, np.floor(_PIXEL_MM / pixels)).astype(int)
    cut = probability[:, rows, columns]
    # Whole blocks only, or the last would be darkened by what it lacks.
    whole = np.maximum(np.array(cut.shape[1:]) // blocks * blocks, 1)
    blocks = np.minimum(blocks, whole)
    block = (1, *blocks.tolist())
    small = block_reduce(cut[:, : whole[0], : whole[1]], block, np.mean)
    if scanned is None:
        scanned = np.ones(probability.shape, np.bool_)
    here = scanned[:, rows, columns][:, : whole[0], : whole[1]]
    shown = block_reduce(here, block, np.min).astype(np.bool_)
    first = np.array([0.0, rows.start, columns.start])
    scale = np.array([1.0, *blocks])
    placed = affine.copy()
    placed[:3, 3] = to_mm(affine, (first + (scale - 1) / 2)[None])[0]
    placed[:3, :3] = affine[:3, :3] * scale
    small = small.astype(np.float32)
    distance = _in_slice_distance(small, shown, pixels * blocks)
    edge = _edge_points(small, shown, placed)
    samples = _sample(distance, shown, placed, edge)
    bounds = (_bounds(scanned) - np.repeat(first[1:], 2) - np.repeat(scale[1:] - 1, 2) / 2) / (
        np.repeat(scale[1:], 2)
    )
    steps = affine[:3, :3].copy()
    return BoneSlices(small, distance, placed, steps, edge, samples, shown, bounds)


def _bounds(scanned: NDArray[np.bool_]) -> Floats:
    """Borders of the rows and of the columns that each slice shows, (Z, 4)."""
    bounds = np.tile([np.inf, -np.inf], (len(scanned), 2))
    for z in np.flatnonzero(scanned.any(axis=(1, 2))):
        rows, columns = (np.flatnonzero(scanned[z].any(axis=axis)) for axis in (1, 0))
        bounds[z] = rows[0] - 0.5, rows[-1] + 0.5, columns[0] - 0.5, columns[-1] + 0.5
    return bounds


def _in_slice_distance(
    probability: NDArray[np.float32], shown: NDArray[np.bool_], pixels_mm: Floats
) -> NDArray[np.float32]:
    inside = (probability > 0.5) & shown
    distance = np.full(inside.shape, REACH_MM, np.float32)
    for z in np.flatnonzero(inside.any(axis=(1, 2))):
        out = _to_edge(~inside[z], pixels_mm)
        # Where what is shown ends the bone need not.
        maybe = inside[z] | ~shown[z]
        deep = np.full(maybe.shape, REACH_MM)
        if not maybe.all():
            deep = _to_edge(maybe, pixels_mm)
        distance[z] = np.clip(np.where(inside[z], -deep, out), -REACH_MM, REACH_MM)
    blank = ~shown.any(axis=(1, 2))
    if blank.any() and not blank.all():
        # Nobody asks for it; but it lies beside what is asked for.
        there = np.flatnonzero(~blank)
        for z in np.flatnonzero(blank):
            distance[z] = distance[there[np.argmin(np.abs(there - z))]]
    return distance


def _to_edge(region: NDArray[np.bool_], pixels_mm: Floats) -> Floats:
    """Distance in mm from each pixel of a region, above 0, to its edge; 0 and less outside it."""
    distance, nearest = ndimage.distance_transform_edt(
        region, sampling=pixels_mm, return_indices=True
    )
    away = np.abs(nearest - np.indices(region.shape)) * pixels_mm[:, None, None]
    # The edge lies half a pixel before the nearest pixel outside: of a pixel's length along the
    # way there, as pixels need not be square.
    length = np.hypot(*(away * pixels_mm[:, None, None])) / np.maximum(distance, pixels_mm.min())
    to_edge: Floats = distance - length / 2
    return to_edge


def _edge_points(
    probability: NDArray[np.float32], shown: NDArray[np.bool_], affine: Floats
) -> Floats:
    if min(probability.shape[1:]) < 2:
        # A line has ends and no edge.
        return np.empty((0, 3))
    stride = max(1, round(_EDGE_STEP_MM / float(np.linalg.norm(affine[:3, 1]))))
    found = [
        np.column_stack([np.full(len(contour), float(z)), contour])[::stride]
        for z in np.flatnonzero((probability > 0.5).any(axis=(1, 2)))
        for contour in find_contours(probability[z], 0.5, mask=shown[z])
    ]
    return to_mm(affine, np.concatenate(found)) if found else np.empty((0, 3))


def _sample(
    distance: NDArray[np.float32], shown: NDArray[np.bool_], affine: Floats, edge_mm: Floats
) -> Samples:
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    near = np.maximum(1, np.round(_STEP_MM / sizes)).astype(int)
    far = np.maximum(1, np.round(_FAR_STEP_MM / sizes)).astype(int)
    chosen = np.zeros(distance.shape, np.bool_)
    chosen[:: near[0], :: near[1], :: near[2]] = True
    chosen &= np.abs(distance) < NEAR_MM
    chosen[:: far[0], :: far[1], :: far[2]] = True
    chosen &= shown
    index = np.argwhere(chosen)
    return Samples(
        np.concatenate([edge_mm, to_mm(affine, index.astype(np.float64))]),
        np.concatenate([np.zeros(len(edge_mm)), distance[chosen].astype(np.float64)]),
        np.arange(len(edge_mm) + len(index)) < len(edge_mm),
    )
