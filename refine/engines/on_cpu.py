"""Logits on a CPU: one thread a core, each with a slice of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from shoulderseg.refine.engines.choice import Method, Way, after_planning, before_planning
from shoulderseg.refine.engines.dense import dense_logits
from shoulderseg.refine.engines.folding import Filter, Layer, receptive_field
from shoulderseg.refine.engines.gathered import gathered_logits
from shoulderseg.refine.engines.needed import Plan, make_plan, multiply_adds, run_plan
from shoulderseg.refine.engines.slices import SliceWork, bounding_box, group_by_slice, padded_boxes
from shoulderseg.refine.engines.threads import run_threaded, worker_count
from shoulderseg.refine.engines.workspace import Workspace
from shoulderseg.refine.inputs import PatchInputs

# Bounds a worker's tables: at 160 channels of float32 about 60 MB for a filled region.
_MOST_PIXELS = 32_768
# Below this, what neighbouring strips both compute outweighs a second worker.
_LEAST_PIXELS = 4096
# More patches at once do not fit into a core's cache.
_MOST_PATCHES = 64


def logits_on_cpu(
    layers: Sequence[Layer],
    inputs: PatchInputs,
    centres: torch.Tensor,
    *,
    size: int,
    method: Method,
    batch_size: int,
) -> torch.Tensor:
    """Computes logits of voxels.

    Args:
        layers: As `fold` gives them.
        inputs: The case; it is not copied but for the slices at work.
        centres: int64 (N, 3) voxel indices inside the image.
        size: Patch side.
        method: One way for all slices, or "auto" for each slice's fastest.
        batch_size: Patches of one pass at most where patches are gathered.

    Returns:
        (N, classes) of the weights' type.
    """
    last = layers[-1]
    assert isinstance(last, Filter)
    logits = last.bias.new_empty((len(centres), len(last.bias)))
    batch_size = min(batch_size, _MOST_PATCHES)
    if method == "gather":
        _gather(logits, layers, inputs, centres, size, batch_size)
        return logits
    workers = worker_count()
    most = max(_LEAST_PIXELS, min(_MOST_PIXELS, -(-len(centres) // workers)))

    def begin() -> Callable[[SliceWork], None]:
        workspace = Workspace("cpu", logits.dtype)

        def handle(work: SliceWork) -> None:
            logits[work.order] = _slice_logits(
                layers, inputs, work, size, method, batch_size, workspace
            )

        return handle

    run_threaded(begin, group_by_slice(centres, most), workers)
    return logits


def _gather(
    logits: torch.Tensor,
    layers: Sequence[Layer],
    inputs: PatchInputs,
    centres: torch.Tensor,
    size: int,
    batch_size: int,
) -> None:
    """Fills `logits` (N, classes) patch by patch."""
    workers = worker_count()
    batch = max(1, min(batch_size, -(-len(centres) // workers)))

    def begin() -> Callable[[torch.Tensor], None]:
        def handle(part: torch.Tensor) -> None:
            logits[part] = gathered_logits(layers, inputs, centres[part], size)

        return handle

    run_threaded(begin, torch.split(torch.arange(len(centres)), batch), workers)


def _slice_logits(
    layers: Sequence[Layer],
    inputs: PatchInputs,
    work: SliceWork,
    size: int,
    method: Method,
    batch_size: int,
    workspace: Workspace,
) -> torch.Tensor:
    way, plan = _choose(layers, work, size, method)
    dtype = workspace.dtype
    if plan is not None and way == "needed":
        (box,) = padded_boxes(inputs, [work], (plan.height, plan.width), size, dtype)
        return run_plan(layers, plan, box, workspace)
    if way == "dense":
        beyond = receptive_field(layers) - 1
        height, width = bounding_box(work)
        boxes = padded_boxes(inputs, [work], (height + beyond, width + beyond), size, dtype)
        zeros = work.order.new_zeros((len(work.order), 1))
        return dense_logits(layers, boxes.movedim(3, 1), torch.cat([zeros, work.pixels], dim=1))
    corner = torch.tensor([work.z, *work.origin])
    centres = corner + torch.nn.functional.pad(work.pixels, (1, 0))
    parts = torch.split(centres, batch_size)
    return torch.cat([gathered_logits(layers, inputs, part, size) for part in parts])


def _choose(
    layers: Sequence[Layer], work: SliceWork, size: int, method: Method
) -> tuple[Way, Plan | None]:
    box, count = bounding_box(work), len(work.order)
    if method in ("gather", "dense"):
        return method, None
    if method == "auto":
        way = before_planning(layers, size, box, count)
        if way is not None:
            return way, None
    plan = make_plan(layers, work.pixels)
    if method == "needed":
        return "needed", plan
    return after_planning(layers, size, box, count, multiply_adds(layers, plan)), plan
