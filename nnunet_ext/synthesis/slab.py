"""Cuts slices of any direction and thickness out of a partial volume map."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from shoulderseg.nnunet_ext.synthesis.resident import GLENOID, HUMERUS, ResidentCase
from shoulderseg.nnunet_ext.synthesis.volumes import FULL

# Byte shifts of the three structures and of a bone's share in the packed words.
_STRUCTURES, _BONE = (0, 8, 16), 24
_BYTE = 255
# Distance between the planes of samples through a slice. Interpolation between voxels of about
# this size leaves nothing to be found between them.
SAMPLE_MM = 1.1


@dataclass(frozen=True, eq=False)
class Slab:
    """A slice: where it lies, how thick it is, and where its pixels are.

    Attributes:
        centre_mm: Middle of the slice, LPS (x, y, z), float64.
        axes: Unit vectors in LPS as rows: across the slice, from row to row, from column to
            column; (3, 3), float64. A mirrored slice has its third row reversed.
        offsets_mm: Planes of samples, across the slice from its middle.
        weights: Of these planes, summing to 1: the slice profile.
        pixel_mm: From row to row, from column to column.
        warp_mm: Shifts along rows and columns of each pixel, (2, rows, columns), or None.
    """

    centre_mm: Tensor
    axes: Tensor
    offsets_mm: tuple[float, ...]
    weights: tuple[float, ...]
    pixel_mm: tuple[float, float]
    warp_mm: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Cut:
    """What the pixels of a slice hold.

    Attributes:
        values: Sums of what the structures have, each times its share: linear in the shares;
            (channels, rows, columns), float32.
        bones: Shares of humerus and glenoid, (2, rows, columns), float32.
        covered: Share of each pixel that lies in the map, (rows, columns), float32.
    """

    values: Tensor
    bones: Tensor
    covered: Tensor


def slice_profile(
    thickness_mm: float, edge_share: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Samples a trapezoidal slice profile.

    Args:
        thickness_mm: Full width at half of the profile's height.
        edge_share: How long each edge's fall is, as a share of the thickness, 0 for a box.

    Returns:
        Offsets from the middle in mm, and weights that sum to 1.
    """
    width = thickness_mm * (1 + edge_share)
    count = max(1, round(width / SAMPLE_MM))
    offsets = [((k + 0.5) / count - 0.5) * width for k in range(count)]
    edge = max(edge_share * thickness_mm, 1e-6)
    heights = [min(1.0, max(0.0, (width / 2 - abs(offset)) / edge)) for offset in offsets]
    total = sum(heights)
    return tuple(offsets), tuple(height / total for height in heights)


def cut_slab(case: ResidentCase, slab: Slab, shape: tuple[int, int], table: Tensor) -> Cut:
    """Samples a map along a slice, between voxels linearly and across it by its profile.

    Args:
        case: The map.
        slab: The slice.
        shape: Rows and columns; their middle is the slab's.
        table: What each structure has, by id: (256, channels), float32, on the map's device.

    Returns:
        The cut, on the map's device. Outside the map nothing is found.
    """
    device = case.ids.device
    count = math.prod(shape)
    base, across = _voxel_places(case, slab, shape)
    values = torch.zeros((count, table.shape[1]), device=device)
    bones = torch.zeros((2, count), device=device)
    covered = torch.zeros(count, device=device)
    for offset, profile in zip(slab.offsets_mm, slab.weights, strict=True):
        index, weights = _corners(base + across[:, None] * offset, case.shape)
        weights.mul_(profile)
        covered += weights.sum(dim=1)
        ids = case.ids.index_select(0, index.view(-1)).view_as(index)
        shares = case.shares.index_select(0, index.view(-1)).view_as(index)
        weights.mul_(1 / FULL)
        for shift in _STRUCTURES:
            values += functional.embedding_bag(
                _byte(ids, shift),
                table,
                mode="sum",
                per_sample_weights=_byte(shares, shift) * weights,
            )
        for bone, word in ((HUMERUS, ids), (GLENOID, shares)):
            bones[bone] += (_byte(word, _BONE) * weights).sum(dim=1)
    return Cut(values.t().reshape(-1, *shape), bones.view(2, *shape), covered.view(shape))


def _byte(words: Tensor, shift: int) -> Tensor:
    return torch.bitwise_right_shift(words, shift).bitwise_and_(_BYTE)


def _voxel_places(case: ResidentCase, slab: Slab, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Places of the pixels in voxels (z, y, x), and the step of 1 mm across the slice."""
    device = case.ids.device
    # Rows of `axes` are x, y, z; array axes run the other way.
    axes = slab.axes.flip(1) / case.spacing_mm
    middle = (slab.centre_mm - case.origin_mm).flip(0) / case.spacing_mm
    along = [
        ((torch.arange(count, device=device) - (count - 1) / 2) * step)
        for count, step in zip(shape, slab.pixel_mm, strict=True)
    ]
    rows, columns = (part.to(torch.float32) for part in torch.meshgrid(*along, indexing="ij"))
    if slab.warp_mm is not None:
        rows, columns = rows + slab.warp_mm[0], columns + slab.warp_mm[1]
    across, down, right = axes.to(device, torch.float32)
    places = middle.to(device, torch.float32)[:, None] + (
        down[:, None] * rows.reshape(-1) + right[:, None] * columns.reshape(-1)
    )
    return places, across


def _corners(places: Tensor, shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """The eight voxels around each place (3, n): flat indices and weights, (n, 8)."""
    low = places.floor()
    share = places - low
    first = low.to(torch.int32)
    steps = (shape[1] * shape[2], shape[2], 1)
    ends = [
        list(_axis_ends(first[axis], share[axis], shape[axis], steps[axis])) for axis in range(3)
    ]
    count = places.shape[1]
    index = torch.empty((count, 8), dtype=torch.int32, device=places.device)
    weights = torch.empty((count, 8), device=places.device)
    corner = 0
    for index_z, weight_z in ends[0]:
        for index_y, weight_y in ends[1]:
            index_zy, weight_zy = index_z + index_y, weight_z * weight_y
            for index_x, weight_x in ends[2]:
                torch.add(index_zy, index_x, out=index[:, corner])
                torch.mul(weight_zy, weight_x, out=weights[:, corner])
                corner += 1
    return index, weights


def _axis_ends(
    first: Tensor, share: Tensor, length: int, step: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """The voxels before and after a place along an axis, without weight where there is none."""
    for number, weight in ((first, 1 - share), (first + 1, share)):
        inside = (number >= 0) & (number < length)
        yield number.clamp(0, length - 1) * step, weight * inside
