"""The needed set: each intermediate value of a slice is computed once, if some pixel needs it.

Values have positions: an output of any layer belongs to the padded pixel at the upper left corner
of what it sees. In these coordinates a layer of window k and dilation d takes position (y, x) from
the positions (y + i d, x + j d), 0 <= i, j < k, of the layer before. Walking from the last layer to
the first, the positions that a layer has to supply are those of the next layer, spread by its
window. What a patch's own arithmetic would drop (a pooling's remainder) is never asked for.

Each layer is a table of rows (positions, channels). In it positions are sorted by row, then by
x modulo d, then by x, with d the dilation of the layer that reads it. So the k positions
(y', x + j d) that one row of a window takes lie side by side: all are in the table, and no position
of the same x modulo d lies between them. A window is then k copies of k * channels numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from shoulderseg.refine.engines.folding import Filter, Layer, Pool, dilations, receptive_field
from shoulderseg.refine.engines.pairs import Pairs, apply_pairs, make_pairs
from shoulderseg.refine.engines.workspace import Workspace

# What a core keeps in its second-level cache beside the weights.
_CPU_CHUNK_BYTES = 700_000
_GPU_CHUNK_BYTES = 256_000_000
_MAX_CHUNK_ROWS = {"cpu": 4096}


class Plan(NamedTuple):
    """Which rows of each layer's table make which rows of the next.

    Attributes:
        height, width: of the input box, in pixels.
        starts: For each layer int64 (rows out, k): the first table row of each window row; empty
            for windows of one pixel, which take the rows as they are; or how outputs are paired.
        rows: int64 (N,): row of the last table for each pixel asked for.
        counts: Rows of each layer's output.
    """

    height: int
    width: int
    starts: list[torch.Tensor | Pairs]
    rows: torch.Tensor
    counts: list[int]


def make_plan(layers: Sequence[Layer], pixels: torch.Tensor) -> Plan:
    """Finds what each layer has to compute for the pixels.

    Args:
        layers: As `fold` gives them.
        pixels: int64 (N, 2) rows and columns, at least 0, N at least 1; duplicates allowed. The
            box begins at row and column 0 of the padded slice.

    Returns:
        The plan; its box reaches as far as the last pixel's result sees, or a little further.
    """
    steps = dilations(layers)
    coarsest = steps[-1]
    height, width = (pixels.amax(dim=0) + receptive_field(layers)).tolist()
    # Rounded up so that columns divide into phases, and each phase into pairs.
    width = -(-width // (2 * coarsest)) * 2 * coarsest
    mask = torch.zeros((height, width), dtype=torch.bool, device=pixels.device)
    mask[pixels[:, 0], pixels[:, 1]] = True
    out = _by_phase(mask, coarsest)
    rows = _ranks(out)[_phase_index(pixels[:, 0], pixels[:, 1], coarsest, width)]
    starts: list[torch.Tensor | Pairs] = []
    counts: list[int] = []
    # `out` is what the layer has to supply, sorted by the step of the layer that reads it.
    for layer, step, step_out in reversed(
        list(zip(layers, steps, [*steps[1:], coarsest], strict=True))
    ):
        flat = out.nonzero()[:, 0]
        counts.append(len(flat))
        if layer.size == 1:
            starts.append(flat.new_empty((0, 1)))
            continue
        if step != step_out:
            flat = _change_phase(flat, step_out, step, width)
        mask = _spread(mask, layer.size, step)
        # The first table is the box itself, of which every pixel is there.
        before = _by_phase(mask, step)
        ranks = _ranks(before) if len(counts) < len(layers) else None
        paired = None
        if ranks is not None and step == step_out and _may_pair(layer):
            paired = make_pairs(out, ranks, step * width)
        if paired is None:
            shifts = torch.arange(layer.size, device=flat.device) * (step * width)
            windows = flat[:, None] + shifts
            starts.append(windows if ranks is None else ranks[windows])
        else:
            starts.append(paired)
        out = before
    return Plan(height, width, starts[::-1], rows, counts[::-1])


def run_plan(
    layers: Sequence[Layer], plan: Plan, box: torch.Tensor, workspace: Workspace
) -> torch.Tensor:
    """Evaluates the layers.

    Args:
        layers: As `fold` gives them, on the device and of the type of `box`.
        plan: Of these layers.
        box: (height, width, C), the padded slice from its first pixel on.
        workspace: Of the same device and type; its tables are overwritten.

    Returns:
        (N, classes) logits, in memory of their own.
    """
    table = box.reshape(-1, box.shape[-1])
    for number, (layer, starts) in enumerate(zip(layers, plan.starts, strict=True)):
        # Two tables take turns: a layer reads one and writes the other.
        table = _apply(layer, table, starts, workspace, "even" if number % 2 else "odd")
    return table.index_select(0, plan.rows)


def multiply_adds(layers: Sequence[Layer], plan: Plan) -> int:
    """Counts the multiply-adds that the plan asks for."""
    return sum(
        count * layer.matrix.numel()
        for layer, count in zip(layers, plan.counts, strict=True)
        if isinstance(layer, Filter)
    )


def _apply(
    layer: Layer, table: torch.Tensor, starts: torch.Tensor | Pairs, workspace: Workspace, name: str
) -> torch.Tensor:
    k, channels = layer.size, table.shape[1]
    width = layer.matrix.shape[1] if isinstance(layer, Filter) else channels
    if isinstance(starts, Pairs):
        assert isinstance(layer, Filter)
        assert layer.paired is not None
        out = workspace.table(name, len(starts.wanted), width)
        apply_pairs(table, starts, layer.paired, layer.bias, out, workspace)
        return out.relu_() if layer.relu else out
    count = len(table) if k == 1 else len(starts)
    out = workspace.table(name, count, width)
    chunk = _chunk_rows(table, k * k * channels)
    buffer = workspace.table("windows", min(chunk, count) * k, k * channels)
    segments = table.as_strided((len(table) - k + 1, k * channels), (channels, 1))
    for begin in range(0, count, chunk):
        target = out[begin : begin + chunk]
        if k == 1:
            windows = table[begin : begin + chunk]
        else:
            index = starts[begin : begin + chunk].reshape(-1)
            windows = torch.index_select(segments, 0, index, out=buffer[: len(index)])
        if isinstance(layer, Pool):
            torch.amax(windows.view(len(target), k * k, channels), dim=1, out=target)
        else:
            rows = windows.view(len(target), -1)
            torch.addmm(layer.bias, rows, layer.matrix, out=target)
            if layer.relu:
                target.relu_()
    return out


def _may_pair(layer: Layer) -> bool:
    """On a CPU, in types whose rounding does not show."""
    if not isinstance(layer, Filter) or layer.paired is None:
        return False
    wide = layer.paired.dtype in (torch.float32, torch.float64)
    return wide and layer.paired.device.type == "cpu"


def _chunk_rows(table: torch.Tensor, columns: int) -> int:
    room = _CPU_CHUNK_BYTES if table.device.type == "cpu" else _GPU_CHUNK_BYTES
    rows = max(64, room // (columns * table.element_size()))
    return min(rows, _MAX_CHUNK_ROWS.get(table.device.type, rows))


def _spread(mask: torch.Tensor, k: int, step: int) -> torch.Tensor:
    """Positions that windows of k pixels `step` apart, placed on the mask, take."""
    wide = mask.clone()
    for shift in range(step, k * step, step):
        wide[:, shift:] |= mask[:, :-shift]
    tall = wide.clone()
    for shift in range(step, k * step, step):
        tall[shift:] |= wide[:-shift]
    return tall


def _by_phase(mask: torch.Tensor, step: int) -> torch.Tensor:
    """The mask flat, each row sorted by x modulo `step`, then by x."""
    height, width = mask.shape
    return mask.view(height, width // step, step).transpose(1, 2).reshape(-1)


def _ranks(flat: torch.Tensor) -> torch.Tensor:
    """For each True its number among the True."""
    return flat.cumsum(0).sub_(1)


def _phase_index(y: torch.Tensor, x: torch.Tensor, step: int, width: int) -> torch.Tensor:
    return y * width + (x % step) * (width // step) + x // step


def _change_phase(flat: torch.Tensor, before: int, after: int, width: int) -> torch.Tensor:
    """Indices into a mask sorted by one step, turned into those by another."""
    y, rest = flat // width, flat % width
    span = width // before
    x = (rest % span) * before + rest // span
    return _phase_index(y, x, after, width)
