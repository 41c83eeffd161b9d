"""Convolutions of window 3 with a third fewer multiply-adds: two neighbours are computed together.

Winograd's F(2, 3) (Lavin and Gray, CVPR 2016, arXiv 1509.09308) in one direction. Of a window row
with weights g0, g1, g2, two outputs side by side take the pixels d0 .. d3, and

    y0 = d0 g0 + d1 g1 + d2 g2 = (d0 - d2) g0 + s + t,
    y1 = d1 g0 + d2 g1 + d3 g2 = s - t + (d3 - d1) g2,
    s = (d1 + d2) (g0 + g1 + g2) / 2,  t = (d2 - d1) (g0 - g1 + g2) / 2,

four products where six stand on the left. The sums of pixels are shared by the three window rows
that read them. Rounding grows to about 4e-6 of the largest output in float32.

An output whose neighbour nobody asked for is paired with one that is thrown away; a pixel that only
that one reads may be missing from the table, and any row stands in for it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from shoulderseg.refine.engines.workspace import Workspace

# Pairs of which more than this share is thrown away take longer than windows.
_LARGEST_WASTE = 0.15
_PIXEL_ROWS = 256
_PAIR_ROWS = 384


class Pairs(NamedTuple):
    """Which table rows make the outputs of a layer, two by two.

    Attributes:
        pixels: int64 (V, 4): table rows of four pixels side by side.
        windows: int64 (P, 3): for each pair, which four pixels each of its window rows takes.
        wanted: int64 (n,): which of the 2 P outputs were asked for, ascending.
    """

    pixels: torch.Tensor
    windows: torch.Tensor
    wanted: torch.Tensor


def make_pairs(out: torch.Tensor, ranks: torch.Tensor, row: int) -> Pairs | None:
    """Pairs the outputs of a layer of window 3.

    Args:
        out: bool (size,), an even number: the outputs asked for, flat, so that neighbours lie side
            by side and the first of a row has an even index.
        ranks: int64 (size,): table row of each input pixel that is there.
        row: Distance in `out` between window rows, even.

    Returns:
        The pairs; None if too many outputs would be thrown away.
    """
    both = out.view(-1, 2)
    paired = both.any(dim=1)
    first = paired.nonzero()[:, 0]
    wanted = both[first].reshape(-1).nonzero()[:, 0]
    if len(wanted) < (1 - _LARGEST_WASTE) * 2 * len(first):
        return None
    read = paired.clone()
    for shift in (row // 2, row):
        read[shift:] |= paired[:-shift]
    begin = 2 * read.nonzero()[:, 0]
    reach = torch.arange(4, device=out.device)
    pixels = ranks[(begin[:, None] + reach).clamp_(max=len(out) - 1)].clamp_(min=0)
    window = torch.arange(3, device=out.device) * (row // 2)
    windows = (read.cumsum(0) - 1)[first[:, None] + window]
    return Pairs(pixels, windows, wanted)


def pair_weights(weight: torch.Tensor) -> torch.Tensor:
    """Returns the weights of the four products.

    Args:
        weight: (O, I, 3, 3).

    Returns:
        (4, 3 * I, O), for rows that hold three window rows of I channels.
    """
    left, middle, right = weight.permute(3, 2, 1, 0).reshape(3, -1, len(weight))
    outer = left + right
    return torch.stack([left, (outer + middle) / 2, (outer - middle) / 2, right])


def apply_pairs(
    table: torch.Tensor,
    pairs: Pairs,
    weights: torch.Tensor,
    bias: torch.Tensor,
    out: torch.Tensor,
    workspace: Workspace,
) -> None:
    """Computes a layer.

    Args:
        table: (rows, I).
        pairs: Of this table.
        weights: (4, 3 * I, O), see `pair_weights`.
        bias: (O,).
        out: (n, O), written.
        workspace: Its tables "sums" and "windows" and "products" are overwritten.
    """
    channels, width = table.shape[1], out.shape[1]
    sums = _sums(table, pairs.pixels, workspace)
    rows = min(_PAIR_ROWS, len(pairs.windows))
    buffer = workspace.table("windows", 3 * rows, channels)
    products = workspace.table("products", 4 * rows, width)
    begin = 0
    # Outputs keep their order, so each chunk of pairs makes a chunk of the output.
    ends = torch.searchsorted(
        pairs.wanted, torch.arange(rows, len(pairs.windows) + rows, rows) * 2
    ).tolist()
    for number, (windows, end) in enumerate(
        zip(torch.split(pairs.windows, rows), ends, strict=True)
    ):
        count, index = len(windows), windows.reshape(-1)
        both = products[: 2 * count].view(count, 2, width)
        plus, minus = products[2 * rows :][:count], products[3 * rows :][:count]
        gathered = buffer[: 3 * count]
        values = gathered.view(count, 3 * channels)
        torch.index_select(sums[1], 0, index, out=gathered)
        torch.addmm(bias, values, weights[1], out=plus)
        torch.index_select(sums[2], 0, index, out=gathered)
        torch.mm(values, weights[2], out=minus)
        torch.add(plus, minus, out=both[:, 0])
        torch.sub(plus, minus, out=both[:, 1])
        torch.index_select(sums[0], 0, index, out=gathered)
        both[:, 0].addmm_(values, weights[0])
        torch.index_select(sums[3], 0, index, out=gathered)
        both[:, 1].addmm_(values, weights[3])
        chosen = pairs.wanted[begin:end] - 2 * rows * number
        torch.index_select(products, 0, chosen, out=out[begin:end])
        begin = end


def _sums(table: torch.Tensor, pixels: torch.Tensor, workspace: Workspace) -> torch.Tensor:
    """d0 - d2, d1 + d2, d2 - d1 and d3 - d1 of each four pixels: (4, V, I)."""
    count, channels = len(pixels), table.shape[1]
    sums = workspace.table("sums", 4 * count, channels).view(4, count, channels)
    buffer = workspace.table("windows", 4 * min(_PIXEL_ROWS, count), channels)
    for begin in range(0, count, _PIXEL_ROWS):
        index = pixels[begin : begin + _PIXEL_ROWS]
        part = slice(begin, begin + len(index))
        four = torch.index_select(table, 0, index.reshape(-1), out=buffer[: 4 * len(index)])
        d0, d1, d2, d3 = four.view(len(index), 4, channels).unbind(dim=1)
        torch.sub(d0, d2, out=sums[0, part])
        torch.add(d1, d2, out=sums[1, part])
        torch.sub(d2, d1, out=sums[2, part])
        torch.sub(d3, d1, out=sums[3, part])
    return sums
