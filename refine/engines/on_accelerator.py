"""Logits on a GPU: slices in batches, smaller batches where the memory ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import torch

from shoulderseg.refine.engines.choice import Method, on_accelerator
from shoulderseg.refine.engines.dense import dense_logits
from shoulderseg.refine.engines.folding import Filter, Layer, receptive_field
from shoulderseg.refine.engines.gathered import gathered_logits
from shoulderseg.refine.engines.needed import make_plan, run_plan
from shoulderseg.refine.engines.slices import SliceWork, bounding_box, group_by_slice, padded_boxes
from shoulderseg.refine.engines.workspace import Workspace
from shoulderseg.refine.inputs import PatchInputs

_logger = logging.getLogger(__name__)

_SLICES = 8
_MOST_PIXELS = 1 << 18


def logits_on_accelerator(
    layers: Sequence[Layer],
    inputs: PatchInputs,
    centres: torch.Tensor,
    *,
    size: int,
    method: Method,
    batch_size: int,
) -> torch.Tensor:
    """Computes logits of voxels. Works on any device; only GPUs gain.

    When the memory does not suffice the batch is halved and the work goes on; a single slice that
    does not fit is done patch by patch.

    Args:
        layers: As `fold` gives them, on the device of the inputs.
        inputs: The case.
        centres: int64 (N, 3) voxel indices inside the image, on the same device.
        size: Patch side.
        method: One way for all slices, or "auto" for each slice's fastest.
        batch_size: Patches of one pass at most where patches are gathered.

    Returns:
        (N, classes) of the weights' type.

    Raises:
        torch.OutOfMemoryError: Even one patch does not fit.
    """
    last = layers[-1]
    assert isinstance(last, Filter)
    logits = last.bias.new_empty((len(centres), len(last.bias)))
    order = torch.arange(len(centres), device=centres.device)
    if method != "gather":
        works = group_by_slice(centres, _MOST_PIXELS)
        order = _do_slices(logits, layers, inputs, works, size, method)

    def do_patches(first: int, end: int) -> None:
        some = order[first:end]
        logits[some] = gathered_logits(layers, inputs, centres[some], size)

    _halving(do_patches, len(order), batch_size, "patches", alone_fails=True)
    return logits


def _do_slices(
    logits: torch.Tensor,
    layers: Sequence[Layer],
    inputs: PatchInputs,
    works: Sequence[SliceWork],
    size: int,
    method: Method,
) -> torch.Tensor:
    """Fills `logits` slice by slice; returns which rows are left to be done patch by patch."""
    dense = [work for work in works if _is_dense(layers, work, size, method)]
    left = [work.order for work in works if not _is_dense(layers, work, size, method)]
    run = _run_needed if method == "needed" else _run_dense

    def do_slices(first: int, end: int) -> None:
        some = dense[first:end]
        logits[torch.cat([work.order for work in some])] = run(layers, inputs, some, size)

    done = _halving(do_slices, len(dense), _SLICES, "slices", alone_fails=False)
    left += [work.order for work in dense[done:]]
    return torch.cat([*left, torch.empty(0, dtype=torch.int64, device=logits.device)])


def _halving(
    do: Callable[[int, int], None], count: int, batch: int, unit: str, *, alone_fails: bool
) -> int:
    """Does 0 .. count in batches, halved when memory ends; returns how many were done."""
    first = 0
    while first < count:
        end = min(first + batch, count)
        try:
            do(first, end)
        except torch.OutOfMemoryError:
            if end - first == 1:
                if alone_fails:
                    raise
                _logger.warning("out of accelerator memory for one slice; gathering its patches")
                return first
            batch = (end - first) // 2
            _logger.warning("out of accelerator memory; now %d %s at once", batch, unit)
            continue
        first = end
    return first


def _is_dense(layers: Sequence[Layer], work: SliceWork, size: int, method: Method) -> bool:
    if method != "auto":
        return True
    return on_accelerator(layers, size, bounding_box(work), len(work.order)) == "dense"


def _run_dense(
    layers: Sequence[Layer], inputs: PatchInputs, works: Sequence[SliceWork], size: int
) -> torch.Tensor:
    beyond = receptive_field(layers) - 1
    heights, widths = zip(*(bounding_box(work) for work in works), strict=True)
    shape = (max(heights) + beyond, max(widths) + beyond)
    boxes = padded_boxes(inputs, works, shape, size, _dtype(layers)).movedim(3, 1)
    positions = torch.cat(
        [
            torch.nn.functional.pad(work.pixels, (1, 0), value=number)
            for number, work in enumerate(works)
        ]
    )
    return dense_logits(layers, boxes, positions)


def _run_needed(
    layers: Sequence[Layer], inputs: PatchInputs, works: Sequence[SliceWork], size: int
) -> torch.Tensor:
    workspace = Workspace(inputs.image.device, _dtype(layers))
    found = []
    for work in works:
        plan = make_plan(layers, work.pixels)
        (box,) = padded_boxes(inputs, [work], (plan.height, plan.width), size, workspace.dtype)
        found.append(run_plan(layers, plan, box, workspace))
    return torch.cat(found)


def _dtype(layers: Sequence[Layer]) -> torch.dtype:
    return next(layer.bias.dtype for layer in layers if isinstance(layer, Filter))
