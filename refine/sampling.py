"""Where training patches are taken: where edges will be decided, and from the rest.

With the votes of models that never saw the patient, the classifier learns on the very voxels that
the refinement would hand it, with the errors it will meet there, in their natural share. Without
votes the edges of the reference stand in. The mix is our own; Mu et al. (2021) publish none.
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
        spacing_mm: Voxel size in array order (Z, Y, X).
        votes: float32 (V, Z, Y, X), probabilities of voters that never saw this patient, or None.
        region: bool (Z, Y, X), voxels that the refinement of those votes decides again, or None.

    Raises:
        ValueError: Wrong dtypes, or shapes that differ.
    """

    image: NDArray[np.float32]
    label_map: NDArray[np.uint8]
    spacing_mm: tuple[float, float, float]
    votes: NDArray[np.float32] | None = None
    region: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        found: list[tuple[str, NDArray[np.generic], type[np.generic]]] = [
            ("image", self.image, np.float32),
            ("label_map", self.label_map, np.uint8),
        ]
        if self.region is not None:
            found.append(("region", self.region, np.bool_))
        if self.votes is not None:
            # A voter's channel is a volume like the image; without voters there is nothing to see.
            found += [("votes", volume, np.float32) for volume in self.votes]
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
        edge: One group per case, its region; for a case without one a group per bone, the band
            around that bone's boundary. Inside and outside keep their natural share, so the
            classifier learns no bias at the edge.
        rest: One group per case and label, away from these.
        shapes: (Z, Y, X) of each case.
    """

    edge: Pool | None
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
    """Collects the voxels of each kind.

    Args:
        cases: At least one with a voxel.
        band_mm: How far from the reference's boundary counts as edge, for cases without region.
        rng: Thins out the voxels far from every edge.

    Returns:
        The pools; cases without an edge simply add nothing to that pool.

    Raises:
        ValueError: No case, or cases without voxels only.
    """
    edge: list[tuple[int, NDArray[np.int64]]] = []
    rest: list[tuple[int, NDArray[np.int64]]] = []
    for index, case in enumerate(cases):
        bands = [case.region] if case.region is not None else list(_bone_bands(case, band_mm))
        edge += [(index, np.flatnonzero(band)) for band in bands]
        far = ~np.logical_or.reduce(bands) if bands else np.ones(case.label_map.shape, np.bool_)
        for label in np.unique(case.label_map):
            voxels = np.flatnonzero(far & (case.label_map == label))
            if voxels.size > _FAR_VOXELS:
                voxels = voxels[rng.integers(voxels.size, size=_FAR_VOXELS)]
            rest.append((index, voxels))
    shapes = tuple(case.label_map.shape for case in cases)
    pools = Pools(_pool(edge), _pool(rest), shapes)
    if pools.edge is None and pools.rest is None:
        msg = f"found no voxel to draw from in {len(cases)} cases; give at least one case"
        raise ValueError(msg)
    return pools


def draw_centres(pools: Pools, count: int, rest_share: float, rng: np.random.Generator) -> Draw:
    """Draws patch centres: the given share from the rest, the others from the edges.

    Args:
        pools: From `build_pools`; where one of the two is empty, the other gives everything.
        count: How many.
        rest_share: Chance of a voxel far from every edge, 0 to 1.
        rng: Source of the draw.

    Returns:
        `count` centres in random order, drawn with replacement.
    """
    rest = rng.random(count) < (rest_share if pools.rest is not None else 0.0)
    if pools.edge is None:
        rest = np.ones(count, np.bool_)
    cases = np.empty(count, np.int64)
    centres = np.empty((count, 3), np.int64)
    for pool, chosen in ((pools.rest, rest), (pools.edge, ~rest)):
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
