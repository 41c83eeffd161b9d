"""Voxels by slice, and the part of a padded slice that their patches see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from shoulderseg.refine.inputs import PatchInputs, slice_channels


class SliceWork(NamedTuple):
    """Some voxels of one slice.

    Attributes:
        z: The slice.
        order: int64 (n,): which of the centres they are.
        pixels: int64 (n, 2): rows and columns, counted from `origin`.
        origin: Row and column of their bounding box in the slice.
    """

    z: int
    order: torch.Tensor
    pixels: torch.Tensor
    origin: tuple[int, int]


def group_by_slice(centres: torch.Tensor, most: int) -> list[SliceWork]:
    """Groups voxels by slice; slices with more than `most` are divided into strips of rows.

    Args:
        centres: int64 (N, 3) voxel indices (z, y, x), in any order.
        most: Voxels of one piece at most, at least 1.

    Returns:
        Pieces that hold every centre once, the largest first; none for N = 0.
    """
    if not len(centres):
        return []
    # By slice, then row, then column, without the overflow that one joint key might have.
    order = torch.arange(len(centres), device=centres.device)
    for axis in (2, 1, 0):
        order = order[centres[order, axis].argsort(stable=True)]
    counts = torch.unique(centres[:, 0], return_counts=True)[1]
    found = []
    for some in torch.split(order, counts.tolist()):
        pieces = -(-len(some) // most)
        for piece in some.tensor_split(pieces):
            found.append(_work(centres, piece))
    return sorted(found, key=lambda work: -len(work.order))


def padded_boxes(
    inputs: PatchInputs,
    works: Sequence[SliceWork],
    shape: tuple[int, int],
    size: int,
    dtype: torch.dtype,
) -> torch.Tensor:
    """Returns what the patches of some pieces see, padded by edge replication as the patches are.

    Args:
        inputs: The case.
        works: The pieces, B of them.
        shape: Height and width of each box; it begins at the upper left corner of the patch at the
            piece's origin.
        size: Patch side.
        dtype: Of the result.

    Returns:
        (B, height, width, C), contiguous.
    """
    device = inputs.image.device
    planes = slice_channels(inputs, torch.tensor([work.z for work in works], device=device))
    boxes = []
    for work, channels in zip(works, planes, strict=True):
        rows, columns = (
            (torch.arange(length, device=device) + (first - size // 2)).clamp_(0, end - 1)
            for first, length, end in zip(work.origin, shape, channels.shape[1:], strict=True)
        )
        box = channels.index_select(1, rows).index_select(2, columns)
        boxes.append(box.permute(1, 2, 0))
    return torch.stack(boxes).to(dtype)


def bounding_box(work: SliceWork) -> tuple[int, int]:
    """Returns height and width of the pixels' bounding box."""
    height, width = (work.pixels.amax(dim=0) + 1).tolist()
    return height, width


def _work(centres: torch.Tensor, order: torch.Tensor) -> SliceWork:
    chosen = centres[order]
    origin = chosen[:, 1:].amin(dim=0)
    row, column = origin.tolist()
    return SliceWork(int(chosen[0, 0]), order, chosen[:, 1:] - origin, (row, column))
