"""The folded layers are the network in eval mode, and the cost counts are right."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from shoulderseg.refine.engines.choice import after_planning, before_planning, on_accelerator
from shoulderseg.refine.engines.dense import dense_logits, dense_multiply_adds
from shoulderseg.refine.engines.folding import (
    Filter,
    convert,
    dense_start,
    dilations,
    fold,
    receptive_field,
)
from shoulderseg.refine.engines.gathered import gathered_logits, patch_multiply_adds
from shoulderseg.refine.engines.needed import make_plan, multiply_adds
from shoulderseg.refine.inputs import PatchInputs
from shoulderseg.refine.network import AlexNetConfig, build_alexnet

CONFIG = AlexNetConfig(patch_size=64, stride=2, widths=(3, 4, 5, 4, 3), dense=(6, 5))
MODEL = build_alexnet(CONFIG, torch.Generator().manual_seed(1))
LAYERS = fold(MODEL, "cpu", torch.float32)


def test_layers_in_order() -> None:
    assert [layer.size for layer in LAYERS] == [5, 2, 5, 3, 3, 3, 2, 2, 1, 1]
    assert dilations(LAYERS) == [1, 2, 4, 4, 4, 4, 4, 8, 8, 8]
    assert dense_start(LAYERS) == 7
    # A patch of 64 pixels has 5 more, which its first pooling drops.
    assert receptive_field(LAYERS) == 59
    assert [layer.relu for layer in LAYERS if isinstance(layer, Filter)] == [True] * 7 + [False]


def test_folding_leaves_the_model_alone() -> None:
    before = {name: tensor.clone() for name, tensor in MODEL.state_dict().items()}
    fold(MODEL, "cpu", torch.float64)
    assert MODEL.training
    assert all(torch.equal(before[name], tensor) for name, tensor in MODEL.state_dict().items())


def test_conversion_keeps_the_values() -> None:
    for layer, other in zip(LAYERS, convert(LAYERS, torch.bfloat16), strict=True):
        assert layer.size == other.size
        if isinstance(layer, Filter) and isinstance(other, Filter):
            assert other.matrix.dtype == other.weight.dtype == other.bias.dtype == torch.bfloat16
            torch.testing.assert_close(other.matrix.float(), layer.matrix, atol=0.02, rtol=0.01)


def test_unknown_layer_is_refused() -> None:
    model = build_alexnet(CONFIG, torch.Generator().manual_seed(1))
    model.layers.append(nn.Sigmoid())
    with pytest.raises(TypeError, match="Sigmoid"):
        fold(model, "cpu", torch.float32)


def test_multiply_adds_are_those_that_torch_counts() -> None:
    inputs = PatchInputs(torch.zeros(1, 9, 9), torch.zeros(0, 1, 9, 9), 0)
    with FlopCounterMode(display=False) as counter:
        gathered_logits(LAYERS, inputs, torch.zeros(5, 3, dtype=torch.int64), 64)
    assert counter.get_total_flops() == 2 * 5 * patch_multiply_adds(LAYERS, 64)
    with FlopCounterMode(display=False) as counter:
        where = torch.tensor([[0, 0, 0], [0, 3, 9]])
        dense_logits(LAYERS, torch.zeros(1, 1, 59 + 3, 59 + 9), where)
    assert counter.get_total_flops() == 2 * dense_multiply_adds(LAYERS, 4, 10, 2)


def test_needed_set_of_one_pixel_is_less_than_its_patch() -> None:
    """A patch computes outputs between and beyond those that one pixel's result takes."""
    one = multiply_adds(LAYERS, make_plan(LAYERS, torch.tensor([[0, 0]])))
    assert 0 < one <= patch_multiply_adds(LAYERS, 64)


def test_needed_set_of_a_full_box_is_the_dense_one() -> None:
    rows, columns = torch.meshgrid(torch.arange(40), torch.arange(30), indexing="ij")
    plan = make_plan(LAYERS, torch.stack([rows.reshape(-1), columns.reshape(-1)], dim=1))
    assert multiply_adds(LAYERS, plan) == dense_multiply_adds(LAYERS, 40, 30, 1200)


def test_choice_follows_density() -> None:
    layers = fold(build_alexnet(AlexNetConfig(), torch.Generator()), "cpu", torch.float32)
    wide = (300, 300)
    assert before_planning(layers, 32, (1, 1), 1) == "gather"
    assert before_planning(layers, 32, wide, 300 * 300) == "dense"
    assert before_planning(layers, 32, wide, 9000) is None
    band, full = 9000 * 1_800_000, 85_000 * 900_000
    assert after_planning(layers, 32, wide, 9000, band) == "needed"
    assert after_planning(layers, 32, wide, 85_000, full) == "dense"
    assert after_planning(layers, 32, wide, 50, 50 * 40_000_000) == "gather"
    assert on_accelerator(layers, 32, wide, 50) == "gather"
    assert on_accelerator(layers, 32, wide, 9000) == "dense"
