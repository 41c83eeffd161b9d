"""Paints layers into the slices of a scan: signals, tissue map and shares of bone.

Each slice is sampled at several depths. Where the surface of a layer crosses a sample, the layer
covers the share of it that its signed distance tells; that makes edges as smooth as partial volume
does, without sampling in plane more finely than the image.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.phantom.coats import lay_coats, seen_signal
from shoulderseg.datasets.phantom.frames import Points
from shoulderseg.datasets.phantom.scene import Scene, body_points, needed_layers
from shoulderseg.datasets.phantom.structures import HUMERUS, SCAPULA

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.grid import ScanGrid
    from shoulderseg.datasets.phantom.sdf import FloatArray

# Samples of a tile: fewer, and calling numpy costs more than its work; more, and tiles need layers
# that a part of them does not.
_TILE_SAMPLES = 2**15
_DEPTH_STEP_MM = 1.0

# Of each value of the tissue map: 1 in the humerus, 2 in the scapula, 0 elsewhere.
_BONE_OF = np.zeros(256, np.uint8)
_BONE_OF[list(HUMERUS)] = 1
_BONE_OF[list(SCAPULA)] = 2


@dataclass(frozen=True, eq=False)
class Painted:
    """What a scanner could see, and the truth behind it; all arrays (Z, Y, X).

    Attributes:
        water: Signal of water, float32.
        fat: Signal of fat, float32.
        tissue_map: Values of `Structure`, uint8.
        humerus: Share of each voxel that is humerus, float32.
        glenoid: Share that is glenoid, float32.
    """

    water: npt.NDArray[np.float32]
    fat: npt.NDArray[np.float32]
    tissue_map: npt.NDArray[np.uint8]
    humerus: npt.NDArray[np.float32]
    glenoid: npt.NDArray[np.float32]


def paint(
    scene: Scene, grid: ScanGrid, signals: npt.NDArray[np.float32], workers: int = 2
) -> Painted:
    """Paints a scan.

    Args:
        scene: The shoulder.
        grid: The slices.
        signals: Signal by structure value, end of its composition, and water or fat, shape
            (256, 2, 2), float32.
        workers: Threads; the result does not depend on it.

    Returns:
        Signals and truth on the grid.
    """
    shape = grid.shape
    painted = Painted(
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.uint8),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
    )
    edge = round(math.sqrt(_TILE_SAMPLES / len(_depths_mm(grid))))
    edges = [min(edge, count) for count in shape[1:]]
    corners = range(0, shape[1], edges[0]), range(0, shape[2], edges[1])
    tiles = list(itertools.product(range(shape[0]), *corners))
    needed = _needed_in_tiles(scene, grid, tiles, edges)

    def paint_tile(number: int) -> None:
        z, y, x = tiles[number]
        rows = np.arange(y, min(y + edges[0], shape[1]))
        columns = np.arange(x, min(x + edges[1], shape[2]))
        _paint_tile(scene, grid, signals, painted, (z, rows, columns), needed[number])

    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(paint_tile, range(len(tiles))):
            pass
    return painted


def _depths_mm(grid: ScanGrid) -> npt.NDArray[np.float64]:
    """Offsets of the samples from a slice's middle, in order."""
    count = max(1, round(grid.thickness_mm / _DEPTH_STEP_MM))
    return ((np.arange(count) + 0.5) / count - 0.5) * grid.thickness_mm


def _places(
    grid: ScanGrid,
    z: npt.NDArray[np.floating],
    rows: npt.NDArray[np.floating],
    columns: npt.NDArray[np.floating],
) -> npt.NDArray[np.float64]:
    """Patient coordinates of all combinations of (fractional) indices, (3, n), z slowest."""
    steps = grid.axes_mm()
    place = (
        np.array(grid.origin_mm)
        + z[:, None, None, None] * steps[0]
        + rows[:, None, None] * steps[1]
        + columns[:, None] * steps[2]
    )
    spots: npt.NDArray[np.float64] = place.reshape(-1, 3).T
    return spots


def _needed_in_tiles(
    scene: Scene, grid: ScanGrid, tiles: Sequence[tuple[int, int, int]], edges: Sequence[int]
) -> list[list[int]]:
    corner = np.array(tiles, dtype=np.float64)
    middles = corner + np.array([0, (edges[0] - 1) / 2, (edges[1] - 1) / 2])
    world = np.array(grid.origin_mm)[:, None] + grid.axes_mm().T @ middles.T
    size = np.array(
        [grid.thickness_mm, edges[0] * grid.spacing_mm[1], edges[1] * grid.spacing_mm[2]]
    )
    return needed_layers(scene, world, float(np.linalg.norm(size / 2)))


def _paint_tile(
    scene: Scene,
    grid: ScanGrid,
    signals: npt.NDArray[np.float32],
    painted: Painted,
    where: tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int64]],
    needed: Sequence[int],
) -> None:
    z, rows, columns = where
    depths = _depths_mm(grid)
    levels = z + depths / grid.spacing_mm[0]
    world = _places(grid, levels, rows.astype(np.float64), columns.astype(np.float64))
    points = Points(body_points(scene, world), scene.frames)
    laid = lay_coats(
        (scene.layers[number] for number in needed),
        points,
        lambda distance: _breadth_mm(distance, grid, len(depths)),
    )
    shares, tissue = laid.bones, laid.tissue
    signal = seen_signal(laid.coats, signals, points)
    block = (z, slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    size = (len(depths), len(rows), len(columns))
    bones = shares.reshape(2, *size).mean(axis=1)
    painted.tissue_map[block] = _fitting_tissue(tissue.reshape(size), bones)
    painted.water[block], painted.fat[block] = signal.reshape(2, *size).mean(axis=1)
    painted.humerus[block] = bones[0]
    if shares[1].any():
        shares[1] *= scene.glenoid_region(points)
        painted.glenoid[block] = shares[1].reshape(size).mean(axis=0)


def _breadth_mm(distance: FloatArray, grid: ScanGrid, depths: int) -> FloatArray | float:
    """How wide a sample is across the surface: its shadow along the surface's normal.

    A sample is as wide as a pixel and as deep as the step between samples. How steeply a surface
    stands in the slice shows in how its distance changes from depth to depth.
    """
    wide, deep = grid.spacing_mm[1], grid.thickness_mm / depths
    if depths == 1:
        return 0.5 * (wide + min(deep, _DEPTH_STEP_MM))
    at_depths = distance.reshape(depths, -1)
    steps = np.diff(at_depths, axis=0)
    through = np.empty_like(at_depths)
    through[0], through[-1] = steps[0], steps[-1]
    through[1:-1] = (steps[1:] + steps[:-1]) / 2
    slope = np.minimum(np.abs(through.ravel()) / deep, 1)
    breadth: FloatArray = wide * np.sqrt(1 - slope * slope) + deep * slope
    return breadth


def _fitting_tissue(
    tissue: npt.NDArray[np.uint8], bones: npt.NDArray[np.float32]
) -> npt.NDArray[np.uint8]:
    """Chooses one tissue a voxel, so that it is bone where most of the voxel is.

    Args:
        tissue: At each depth of the slice, (depths, Y, X).
        bones: Shares of humerus and scapula, (2, Y, X).

    Returns:
        The tissue nearest to the slice's middle of those that fit, (Y, X).
    """
    wanted = np.where(bones[0] >= 0.5, 1, np.where(bones[1] >= 0.5, 2, 0))
    middle = (len(tissue) - 1) / 2
    nearest_last = sorted(range(len(tissue)), key=lambda depth: -abs(depth - middle))
    chosen = tissue[nearest_last[-1]].copy()
    for depth in nearest_last:
        fits = _BONE_OF[tissue[depth]] == wanted
        chosen[fits] = tissue[depth][fits]
    fitting: npt.NDArray[np.uint8] = chosen
    return fitting
