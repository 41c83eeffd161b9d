"""One smooth bone from the slices of several series.

The bone is the zero level of a field u (mm, negative inside) that minimises

    sum_s w_s sum_i v_i (S_i u - d_i)^2 + smoothness * integral of (laplacian of u)^2

over the points i of the slices of each series s. S_i averages u over the thickness of the slice,
since half a slab in the bone and half outside look like an edge. d_i is the distance to the edge in
the slice, made shorter where the surface is oblique to it; far from an edge only the sign counts.
The more a slice lies along the surface the less it knows where that is, to which v_i is inverse.
The equations are solved by conjugate gradients, twice, since they depend on the slope of u.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.linalg import LinearOperator, cg

from shoulderseg.refine.examination.field import Field, true_distance
from shoulderseg.refine.examination.samples import NEAR_MM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shoulderseg.refine.examination.samples import Samples

    Floats = NDArray[np.float64]

SMOOTHNESS = 1.0
ROUNDS, ITERATIONS = 2, 60
# How well an edge is known within its slice, and the least that a surface may be turned to it.
_EDGE_MM, _LEAST_SLOPE = 0.5, 0.3
# Inside or outside, this far at least.
_MARGIN_MM = 1.0
# The surface is sought this far from the first guess.
_BAND_MM = 6.0
# Middles of three parts of a slab of width 1.
_SLAB_PARTS = (-1 / 3, 0.0, 1 / 3)


class Evidence(NamedTuple):
    """What one series says, where the examination's bone lies.

    Attributes:
        samples: Its points, in the examination's LPS mm.
        slab_mm: From slice to slice, (3,), there.
        weight: How far it is trusted, above 0.
    """

    samples: Samples
    slab_mm: Floats
    weight: float


def fuse_surface(start: Field, evidence: Sequence[Evidence]) -> Field:
    """Finds the bone that fits the slices of all series.

    Args:
        start: A first guess of the bone, and the grid.
        evidence: At least one series.

    Returns:
        The bone on the same grid; farther from it than some mm the distance is that of the guess.
    """
    distance = true_distance(start.distance_mm, start.step_mm)
    field = Field(distance, start.first_mm, start.step_mm)
    free = np.abs(distance).ravel() < _BAND_MM
    if not free.any():
        return field
    samplers = [_sampler(field, one) for one in evidence]
    bending = SMOOTHNESS * _laplacian(distance.shape, free)
    system = sparse.vstack([bending, *samplers], format="csr")
    part = system[:, np.flatnonzero(free)].tocsr()
    known = system @ np.where(free, 0.0, distance.ravel())
    transposed = part.T.tocsr()
    for _ in range(ROUNDS):
        flat = field.distance_mm.ravel()
        target, weight = _wanted(field, list(zip(evidence, samplers, strict=True)), len(known))
        # What is not free is known, and moves to the right side.
        right = transposed @ (weight * (target - known))
        solved = flat.copy()
        solved[free] = _solve(part, transposed, weight, right, flat[free])
        field = replace(field, distance_mm=solved.reshape(distance.shape))
    return field


def _laplacian(shape: tuple[int, ...], free: NDArray[np.bool_]) -> sparse.csr_array:
    """Sums of the six neighbours less six times the voxel, a row for each free voxel inside."""
    index = np.arange(free.size).reshape(shape)
    inner = index[1:-1, 1:-1, 1:-1][free.reshape(shape)[1:-1, 1:-1, 1:-1]]
    steps = [shape[1] * shape[2], shape[2], 1]
    columns = [inner, *(inner + sign * step for step in steps for sign in (-1, 1))]
    values = np.repeat([-6.0, *[1.0] * 6], len(inner))
    rows = np.tile(np.arange(len(inner)), 7)
    entries = (values, (rows, np.concatenate(columns)))
    return sparse.csr_array(entries, shape=(len(inner), free.size))


def _sampler(field: Field, one: Evidence) -> sparse.csr_array:
    """Means of the field over the slab about each point, as a matrix (points, voxels)."""
    points = one.samples.points_mm
    first, middle, last = (
        _interpolator(field, points + part * one.slab_mm) for part in _SLAB_PARTS
    )
    mean: sparse.csr_array = ((first + middle + last) / 3).tocsr()
    return mean


def _interpolator(field: Field, points_mm: Floats) -> sparse.csr_array:
    shape = np.array(field.distance_mm.shape)
    index = np.clip(field.index(points_mm), 0, shape - 1.000001)
    low = np.floor(index).astype(np.int64)
    share = index - low
    columns, weights = [], []
    for corner in np.ndindex(2, 2, 2):
        weights.append(np.where(corner, share, 1 - share).prod(axis=1))
        columns.append(np.ravel_multi_index(tuple((low + corner).T), tuple(shape)))
    rows = np.tile(np.arange(len(points_mm)), 8)
    entries = (np.concatenate(weights), (rows, np.concatenate(columns)))
    return sparse.csr_array(entries, shape=(len(points_mm), int(shape.prod())))


def _wanted(
    field: Field, evidence: Sequence[tuple[Evidence, sparse.csr_array]], rows: int
) -> tuple[Floats, Floats]:
    """The right side of each row and its weight: no bending first, then each series' points."""
    slope, flat = field.slope(), field.distance_mm.ravel()
    bending = rows - sum(sampler.shape[0] for _, sampler in evidence)
    # mm of bending in a cube of a voxel: (laplacian / step^2)^2 step^3.
    targets, weights = [np.zeros(bending)], [np.full(bending, 1 / field.step_mm)]
    for one, sampler in evidence:
        target, weight = _targets(one, sampler @ flat, _slopes(field, slope, one))
        targets.append(target)
        weights.append(one.weight * weight)
    return np.concatenate(targets), np.concatenate(weights)


def _solve(
    part: sparse.csr_array,
    transposed: sparse.csr_array,
    weight: Floats,
    right: Floats,
    guess: Floats,
) -> Floats:
    """The weighted least-squares solution, or the guess if it comes to nothing."""
    # The product of the matrices is never formed: that would take longer than solving.
    normal = LinearOperator(
        (part.shape[1], part.shape[1]),
        matvec=lambda x: transposed @ (weight * (part @ x)),
        dtype=np.float64,
    )
    solution, _ = cg(normal, right, x0=guess, rtol=1e-3, maxiter=ITERATIONS)
    found: Floats = solution if np.isfinite(solution).all() else guess
    return found


def _slopes(field: Field, slope: Floats, one: Evidence) -> Floats:
    """Unit normals of the surface nearest to each point, (n, 3)."""
    index = field.index(one.samples.points_mm).T
    normals = np.stack(
        [ndimage.map_coordinates(part, index, order=1, mode="nearest") for part in slope], axis=1
    )
    unit: Floats = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    return unit


def _targets(one: Evidence, now: Floats, normals: Floats) -> tuple[Floats, Floats]:
    """The wanted value of each point, and its weight."""
    thickness = float(np.linalg.norm(one.slab_mm))
    across = np.abs(normals @ (one.slab_mm / thickness))
    within = np.sqrt(np.maximum(1 - across**2, _LEAST_SLOPE**2))
    distance = one.samples.distance_mm
    target = distance * within
    # A slab's position is uncertain by that of a uniform distribution.
    weight = 1 / (_EDGE_MM**2 + (across * thickness) ** 2 / 12)
    far = np.abs(distance) >= NEAR_MM
    sign = np.sign(distance)
    wrong = sign * now < _MARGIN_MM
    target = np.where(far, sign * _MARGIN_MM, target)
    weight = np.where(far & ~wrong, 0.0, weight)
    # Off the edge the distance is a guess, which keeps the field from being flat.
    weight = np.where(one.samples.on_edge, weight, 0.2 * weight)
    return target, weight
