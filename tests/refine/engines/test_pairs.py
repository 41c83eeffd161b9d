"""Two outputs at once are those of the convolution."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from shoulderseg.refine.engines.folding import Filter, fold
from shoulderseg.refine.engines.needed import make_plan
from shoulderseg.refine.engines.pairs import Pairs, apply_pairs, make_pairs, pair_weights
from shoulderseg.refine.engines.workspace import Workspace
from shoulderseg.refine.network import AlexNetConfig, build_alexnet

HEIGHT, WIDTH = 19, 24


@pytest.mark.parametrize("seed", range(8))
def test_same_as_a_convolution(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoulderseg.refine.engines.pairs._PAIR_ROWS", 5)
    monkeypatch.setattr("shoulderseg.refine.engines.pairs._PIXEL_ROWS", 7)
    monkeypatch.setattr("shoulderseg.refine.engines.pairs._LARGEST_WASTE", 1.0)
    source = torch.Generator().manual_seed(seed)
    maps = torch.rand((1, 4, HEIGHT, WIDTH), generator=source, dtype=torch.float64)
    weight = torch.rand((5, 4, 3, 3), generator=source, dtype=torch.float64) - 0.5
    bias = torch.rand(5, generator=source, dtype=torch.float64)
    expected = F.conv2d(maps, weight, bias)[0]
    out = torch.zeros((HEIGHT, WIDTH), dtype=torch.bool)
    out[: HEIGHT - 2, : WIDTH - 2] = (
        torch.rand((HEIGHT - 2, WIDTH - 2), generator=source) < 0.1 + 0.1 * seed
    )
    # The table holds what the outputs read, and nothing else.
    there = F.max_pool2d(F.pad(out.float(), (2, 0, 2, 0))[None], 3, 1)[0] > 0
    ranks = there.reshape(-1).cumsum(0) - 1
    table = maps[0].permute(1, 2, 0)[there]
    pairs = make_pairs(out.reshape(-1), ranks, WIDTH)
    assert pairs is not None
    found = torch.empty((int(out.sum()), 5), dtype=torch.float64)
    workspace = Workspace("cpu", torch.float64)
    apply_pairs(table, pairs, pair_weights(weight), bias, found, workspace)
    rows, columns = out.nonzero(as_tuple=True)
    torch.testing.assert_close(found, expected[:, rows, columns].T, atol=1e-12, rtol=0)


def test_lone_outputs_are_not_paired() -> None:
    out = torch.zeros(100, dtype=torch.bool)
    out[::10] = True
    assert make_pairs(out, torch.arange(100), 10) is None


def test_bands_are_paired_in_full_precision_only() -> None:
    model = build_alexnet(AlexNetConfig(), torch.Generator().manual_seed(1))
    rows, columns = torch.meshgrid(torch.arange(20), torch.arange(20), indexing="ij")
    pixels = torch.stack([rows.reshape(-1), columns.reshape(-1)], dim=1)
    for dtype, paired in ((torch.float32, 3), (torch.float64, 3), (torch.bfloat16, 0)):
        layers = fold(model, "cpu", dtype)
        plan = make_plan(layers, pixels)
        assert sum(isinstance(starts, Pairs) for starts in plan.starts) == paired
    three = [layer for layer in layers if isinstance(layer, Filter) and layer.size == 3]
    assert len(three) == 3
