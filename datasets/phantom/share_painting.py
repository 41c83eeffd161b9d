"""Paints the layers of a shoulder into a cube of voxels as shares of structures.

The samples and their covers are those of `painting`, so that both agree voxel by voxel.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.coats import lay_coats, seen_shares
from shoulderseg.datasets.phantom.frames import Points
from shoulderseg.datasets.phantom.scene import body_points, needed_layers
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from shoulderseg.datasets.phantom.coats import Seen
    from shoulderseg.datasets.phantom.grid import ScanGrid
    from shoulderseg.datasets.phantom.layers import Layer
    from shoulderseg.datasets.phantom.scene import Scene

    FloatArray = npt.NDArray[np.float32]
    # Of each structure: the share that is seen, and how much of it is its second material.
    Tally = dict[Structure, tuple[float, float]]

FULL = 255
# Voxels on an edge of the blocks that are painted at once: larger ones need more layers each,
# smaller ones cost more in calls than in work.
_EDGE = 20
# Textures are measured on one sample of so many: they cost as much as all else.
_TEXTURE_STEP = 16


@dataclass(frozen=True, eq=False)
class PaintedShares:
    """What fills the voxels of a grid.

    Attributes:
        materials: Values of `Structure` with the largest shares, (K, Z, Y, X), uint8.
        shares: Their shares in 255ths, (K, Z, Y, X), uint8.
        bones: Shares of humerus and of glenoid in 255ths, (2, Z, Y, X), uint8.
        second_shares: How much of each structure is its second material, 0 to 1, on average.
    """

    materials: npt.NDArray[np.uint8]
    shares: npt.NDArray[np.uint8]
    bones: npt.NDArray[np.uint8]
    second_shares: dict[Structure, float]


def paint_shares(scene: Scene, grid: ScanGrid, kept: int, workers: int = 2) -> PaintedShares:
    """Paints a cube of voxels.

    Args:
        scene: The shoulder.
        grid: Voxels of the same length along all axes; each is one sample.
        kept: How many structures are kept of a voxel; the others' room goes to these.
        workers: Threads; the result does not depend on it.

    Returns:
        The shares.
    """
    shape = grid.shape
    painted = PaintedShares(
        np.zeros((kept, *shape), np.uint8),
        np.zeros((kept, *shape), np.uint8),
        np.zeros((2, *shape), np.uint8),
        {},
    )
    painted.shares[0] = FULL
    starts = [range(0, count, _EDGE) for count in shape]
    blocks = [
        tuple(slice(k, min(k + _EDGE, n)) for k, n in zip(corner, shape, strict=True))
        for corner in itertools.product(*starts)
    ]
    first = np.array([[part.start for part in block] for block in blocks])
    middles = np.array(grid.origin_mm)[:, None] + grid.axes_mm().T @ (first + (_EDGE - 1) / 2).T
    half_mm = _EDGE * float(np.linalg.norm(grid.spacing_mm)) / 2
    needed = needed_layers(scene, middles, half_mm)

    def paint(number: int) -> Tally:
        layers = [scene.layers[k] for k in needed[number]]
        return _paint_block(scene, grid, painted, blocks[number], layers) if layers else {}

    with ThreadPoolExecutor(workers) as pool:
        painted.second_shares.update(_second_shares(pool.map(paint, range(len(blocks)))))
    return painted


def byte_shares(seen: Seen, kept: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Rounds shares to 255ths that sum to 255, by largest remainder.

    Args:
        seen: Share of each sample that each layer and air fill.
        kept: How many structures are kept of a sample; the others' room goes to these.

    Returns:
        Structures with the largest shares of each sample, the largest first, 0 where there are
        fewer, and their shares in 255ths; both (kept, n), uint8.
    """
    by_structure: dict[Structure, FloatArray] = {Structure.AIR: seen.air}
    for layer, weight in seen.layers:
        other = by_structure.get(layer.structure)
        by_structure[layer.structure] = weight if other is None else other + weight
    codes = np.array(sorted(by_structure), np.uint8)
    stacked = np.stack([by_structure[Structure(code)] for code in codes])
    if len(codes) < kept:
        codes = np.pad(codes, (0, kept - len(codes)))
        stacked = np.pad(stacked, ((0, kept - len(stacked)), (0, 0)))
    order = np.argsort(-stacked, axis=0, kind="stable")[:kept]
    largest = np.take_along_axis(stacked, order, axis=0)
    exact = largest * (FULL / largest.sum(axis=0))
    shares = np.floor(exact).astype(np.int16)
    missing = FULL - shares.sum(axis=0)
    rank = np.argsort(np.argsort(shares - exact, axis=0, kind="stable"), axis=0, kind="stable")
    shares += rank < missing
    materials = np.where(shares > 0, codes[order], Structure.AIR)
    return materials.astype(np.uint8), shares.astype(np.uint8)


def _paint_block(
    scene: Scene,
    grid: ScanGrid,
    painted: PaintedShares,
    block: tuple[slice, ...],
    layers: Sequence[Layer],
) -> Tally:
    size = tuple(part.stop - part.start for part in block)
    steps = np.indices(size).reshape(3, -1) + np.array([[part.start] for part in block])
    world = np.array(grid.origin_mm)[:, None] + grid.axes_mm().T @ steps
    points = Points(body_points(scene, world), scene.frames)
    laid = lay_coats(layers, points, lambda _: grid.spacing_mm[0])
    seen = seen_shares(laid.coats, len(points))
    materials, shares = byte_shares(seen, len(painted.shares))
    painted.materials[:, *block] = materials.reshape(-1, *size)
    painted.shares[:, *block] = shares.reshape(-1, *size)
    bones = laid.bones
    if bones[1].any():
        bones[1] *= scene.glenoid_region(points)
    painted.bones[:, *block] = np.rint(bones * FULL).astype(np.uint8).reshape(2, *size)
    return _tally(seen, points)


def _tally(seen: Seen, points: Points) -> Tally:
    """Measures the textures of a block on a part of its samples."""
    tally: Tally = {}
    for layer, weight in seen.layers:
        where = np.flatnonzero(weight)[::_TEXTURE_STEP]
        if not len(where):
            continue
        found = weight[where].astype(np.float64)
        second = 0.0
        if layer.texture is not None:
            second = float(found @ layer.texture(points.take(where)))
        room, before = tally.get(layer.structure, (0.0, 0.0))
        tally[layer.structure] = (room + float(found.sum()), before + second)
    return tally


def _second_shares(tallies: Iterable[Tally]) -> dict[Structure, float]:
    whole: Tally = {}
    for tally in tallies:
        for structure, (room, second) in tally.items():
            before = whole.get(structure, (0.0, 0.0))
            whole[structure] = (before[0] + room, before[1] + second)
    return {structure: whole[structure][1] / whole[structure][0] for structure in sorted(whole)}
