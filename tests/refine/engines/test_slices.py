"""Voxels are grouped by slice, and boxes are padded as patches are."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.refine.engines.slices import bounding_box, group_by_slice, padded_boxes
from shoulderseg.refine.engines.workspace import Workspace
from shoulderseg.refine.inputs import gather_patches, patch_inputs


@settings(max_examples=40)
@given(st.integers(0, 200), st.integers(1, 60), st.integers(0, 2**31))
def test_every_centre_is_in_one_piece(count: int, most: int, seed: int) -> None:
    centres = torch.from_numpy(np.random.default_rng(seed).integers(0, (4, 9, 7), (count, 3)))
    works = group_by_slice(centres, most)
    orders = [work.order for work in works]
    assert sorted(torch.cat([*orders, centres.new_empty(0)]).tolist()) == list(range(count))
    assert [len(order) for order in orders] == sorted(map(len, orders), reverse=True)
    assert all(len(order) <= most for order in orders)
    for work in works:
        assert (centres[work.order, 0] == work.z).all()
        assert torch.equal(centres[work.order, 1:], work.pixels + torch.tensor(work.origin))
        assert not work.pixels.amin(dim=0).any()


@settings(max_examples=40)
@given(st.integers(1, 9), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2**31))
def test_boxes_hold_the_patches(size: int, neighbours: int, votes: int, seed: int) -> None:
    source = np.random.default_rng(seed)
    shape = (3, *source.integers(1, 12, 2).tolist())
    inputs = patch_inputs(
        source.random(shape), "cpu", votes=source.random((votes, *shape)), neighbours=neighbours
    )
    centres = torch.from_numpy(source.integers(0, shape, (6, 3)))
    works = group_by_slice(centres, 100)
    heights, widths = zip(*(bounding_box(work) for work in works), strict=True)
    largest = (max(heights) + size - 1, max(widths) + size - 1)
    boxes = padded_boxes(inputs, works, largest, size, torch.float32)
    for work, box in zip(works, boxes, strict=True):
        patches = gather_patches(inputs, centres[work.order], size)
        for (row, column), patch in zip(work.pixels.tolist(), patches, strict=True):
            cut = box[row : row + size, column : column + size].permute(2, 0, 1)
            assert torch.equal(cut, patch)


def test_workspace_grows_and_gives_the_same_memory_again() -> None:
    workspace = Workspace("cpu", torch.float64)
    first = workspace.table("a", 4, 5)
    assert first.shape == (4, 5)
    assert first.dtype == torch.float64
    assert workspace.table("a", 2, 3).data_ptr() == first.data_ptr()
    assert workspace.table("b", 4, 5).data_ptr() != first.data_ptr()
    assert workspace.table("a", 40, 5).shape == (40, 5)
