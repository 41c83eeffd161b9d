"""Where training patches are taken: near edges, at hard places, and from the rest.

The mix is our own; Mu et al. (2021) do not publish theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoulderseg.refine.boundary import boundary_band

# Far voxels are many and alike: this many per label and case say enough and keep memory small.
_FAR_VOXELS = 50_000


@dataclass(frozen=True)
class TrainingCase:
    """One case to learn from or to validate on.

    Attributes:
        image: float32 (Z, Y, X), normalised by `normalise_volume`.
        label_map: uint8 (Z, Y, X), the reference; 0 is background, k + 1 is bone k.
        spacing_mm: voxel size in array order (Z, Y, X).
        hard: bool (Z, Y, X), places where earlier models erred, or None.

    Raises:
        ValueError: wrong dtypes, or shapes that differ.
    """

    image: NDArray[np.float32]
    label_map: NDArray[np.uint8]
    spacing_mm: tuple[float, float, float]
    hard: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        found: list[tuple[str, NDArray[np.generic], type[np.generic]]] = [
            ("image", self.image, np.float32),
            ("label_map", self.label_map, np.uint8),
        ]
        if self.hard is not None:
            found.append(("hard", self.hard, np.bool_))
        for name, array, dtype in found:
            if array.dtype != dtype or array.ndim != 3 or array.shape != self.image.shape:
                msg = (
                    f"{name} is {array.dtype} {array.shape}, expected {np.dtype(dtype)} (Z, Y, X) "
                    f"like the image, {self.image.shape}"
                )
                raise ValueError(msg)


class Pool(NamedTuple):
    """Voxels to draw from, in groups that are drawn equally often.

    Attributes:
        cases: int64 (G,), the case of each group.
        starts: int64 (G,), where each group begins in `voxels`.
        lengths: int64 (G,), how many voxels it has, at least 1.
        voxels: int64 (V,), flat voxel indices.
    """

    cases: NDArray[np.int64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    voxels: NDArray[np.int64]


class Pools(NamedTuple):
    """Voxel pools of all cases; a pool without groups is None.

    Attributes:
        edge: one group per case and bone, the band around that bone's boundary. Inside and outside
            keep their natural share, so the classifier learns no bias at the edge.
        hard: one group per case.
        rest: one group per case and label, away from every boundary.
        shapes: (Z, Y, X) of each case.
    """

    edge: Pool | None
    hard: Pool | None
    rest: Pool | None
    shapes: tuple[tuple[int, ...], ...]


class Draw(NamedTuple):
    """Patch centres.

    Attributes:
        cases: int64 (N,), index of the case.
        centres: int64 (N, 3), voxel (z, y, x) in that case.
    """

    cases: NDArray[np.int64]
    centres: NDArray[np.int64]


def build_pools(cases: Sequence[TrainingCase], band_mm: float, rng: np.random.Generator) -> Pools:
    """Collect the voxels of each kind.

    Args:
        cases: at least one with a voxel.
        band_mm: how far from a boundary counts as edge.
        rng: thins out the voxels far from every boundary.

    Returns:
        The pools; cases without a boundary or hard places simply add nothing to those pools.

    Raises:
        ValueError: no case, or cases without voxels only.
    """
    edge: list[tuple[int, NDArray[np.int64]]] = []
    hard: list[tuple[int, NDArray[np.int64]]] = []
    rest: list[tuple[int, NDArray[np.int64]]] = []
    for index, case in enumerate(cases):
        bands = list(_bone_bands(case, band_mm))
        edge += [(index, np.flatnonzero(band)) for band in bands]
        if case.hard is not None:
            hard.append((index, np.flatnonzero(case.hard)))
        far = ~np.logical_or.reduce(bands) if bands else np.ones(case.label_map.shape, np.bool_)
        for label in np.unique(case.label_map):
            voxels = np.flatnonzero(far & (case.label_map == label))
            if voxels.size > _FAR_VOXELS:
                voxels = voxels[rng.integers(voxels.size, size=_FAR_VOXELS)]
            rest.append((index, voxels))
    shapes = tuple(case.label_map.shape for case in cases)
    pools = Pools(_pool(edge), _pool(hard), _pool(rest), shapes)
    if pools.edge is None and pools.rest is None:
        msg = f"found no voxel to draw from in {len(cases)} cases; give at least one case"
        raise ValueError(msg)
    return pools


def draw_centres(
    pools: Pools, count: int, hard_share: float, rest_share: float, rng: np.random.Generator
) -> Draw:
    """Draw patch centres: hard places, rest, and edges for what remains.

    The share of a pool that is empty goes to the edges; without any edge, to the rest.

    Args:
        pools: from `build_pools`.
        count: how many.
        hard_share: chance of a hard place, 0 to 1.
        rest_share: chance of a voxel far from every boundary, 0 to 1; with `hard_share` at most 1.
        rng: source of the draw.

    Returns:
        `count` centres in random order, drawn with replacement.
    """
    kind = rng.random(count)
    hard = kind < (hard_share if pools.hard is not None else 0.0)
    rest = (kind >= 1.0 - (rest_share if pools.rest is not None else 0.0)) & ~hard
    if pools.edge is None:
        rest = ~hard
    cases = np.empty(count, np.int64)
    centres = np.empty((count, 3), np.int64)
    kinds = ((pools.hard, hard), (pools.rest, rest), (pools.edge, ~(hard | rest)))
    for pool, chosen in kinds:
        if pool is None:
            continue
        group = rng.integers(len(pool.cases), size=int(chosen.sum()))
        voxel = pool.voxels[pool.starts[group] + rng.integers(pool.lengths[group])]
        cases[chosen] = pool.cases[group]
        centres[chosen] = _unravel(voxel, np.asarray(pools.shapes)[cases[chosen]])
    return Draw(cases, centres)


def _bone_bands(case: TrainingCase, band_mm: float) -> Iterator[NDArray[np.bool_]]:
    for label in np.unique(case.label_map):
        if label > 0:
            bone = (case.label_map == label).astype(np.uint8)
            yield boundary_band(bone, case.spacing_mm, band_mm)


def _pool(groups: Sequence[tuple[int, NDArray[np.int64]]]) -> Pool | None:
    filled = [(case, voxels) for case, voxels in groups if voxels.size]
    if not filled:
        return None
    lengths = np.array([voxels.size for _, voxels in filled], np.int64)
    return Pool(
        np.array([case for case, _ in filled], np.int64),
        np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
        lengths,
        np.concatenate([voxels for _, voxels in filled]),
    )


def _unravel(voxels: NDArray[np.int64], shapes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Flat indices (N,) to (N, 3), each in its own shape (N, 3)."""
    in_slice = voxels % (shapes[:, 1] * shapes[:, 2])
    z = voxels // (shapes[:, 1] * shapes[:, 2])
    return np.stack([z, in_slice // shapes[:, 2], in_slice % shapes[:, 2]], axis=1)
