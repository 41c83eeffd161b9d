"""All ways give the logits of the plain network on patches cut by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

from shoulderseg.refine.classify import Method, voxel_logits
from shoulderseg.refine.inputs import PatchInputs
from shoulderseg.refine.network import AlexNetConfig, PatchAlexNet, build_alexnet

WAYS: tuple[Method, ...] = ("gather", "dense", "needed", "auto")
SIZES = ((28, 1), (32, 1), (36, 1), (56, 2), (64, 2))
BANDS = ("scattered", "strip", "full", "single", "corners", "ring")


def random_model(config: AlexNetConfig, seed: int) -> PatchAlexNet:
    """He weights and normalisations that are far from the identity."""
    source = torch.Generator().manual_seed(seed)
    model = build_alexnet(config, source)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in (
                (module.running_mean, -0.5, 0.5),
                (module.running_var, 0.5, 2.0),
                (module.weight, -1.5, 1.5),
                (module.bias, -0.5, 0.5),
            ):
                assert tensor is not None
                nn.init.uniform_(tensor, low, high, generator=source)
        elif isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.uniform_(module.bias, -0.3, 0.3, generator=source)
    return model.eval()


def random_inputs(
    source: np.random.Generator, shape: tuple[int, int, int], config: AlexNetConfig
) -> PatchInputs:
    image = torch.from_numpy(source.standard_normal(shape))
    votes = torch.from_numpy(source.random((config.votes, *shape)))
    return PatchInputs(image, votes, config.neighbours)


def band(kind: str, shape: tuple[int, int, int], source: np.random.Generator) -> NDArray[Any]:
    """Voxels of one kind of band, shuffled, one of them twice."""
    mask = np.zeros(shape, bool)
    z, y, x = (int(source.integers(n)) for n in shape)
    if kind == "scattered":
        mask = source.random(shape) < 0.05
    elif kind == "strip":
        mask[:, y : y + 2] = True
    elif kind == "full":
        mask[z] = True
    elif kind == "corners":
        mask[:, [0, 0, -1, -1], [0, -1, 0, -1]] = True
    elif kind == "ring":
        rows, columns = np.mgrid[: shape[1], : shape[2]]
        mask[:] = abs(np.hypot(rows - y, columns - x) - shape[1] / 3) < 2
    mask[z, y, x] = True
    centres = source.permutation(np.argwhere(mask))
    return np.concatenate([centres, centres[:1]])


def by_hand(model: PatchAlexNet, inputs: PatchInputs, centres: NDArray[Any]) -> NDArray[Any]:
    """The plain network on patches that numpy cuts one by one."""
    size = model.config.patch_size
    before, after = size // 2, size - 1 - size // 2
    channels = [*range(-inputs.neighbours, inputs.neighbours + 1)]
    volume = inputs.image.numpy()
    patches = []
    for z, y, x in centres:
        planes = [volume[min(max(z + step, 0), len(volume) - 1)] for step in channels]
        planes += [vote[z] for vote in inputs.votes.numpy()]
        padded = np.pad(np.stack(planes), ((0, 0), (before, after), (before, after)), mode="edge")
        patches.append(padded[:, y : y + size, x : x + size])
    with torch.inference_mode():
        found: NDArray[Any] = model(torch.from_numpy(np.stack(patches))).numpy()
    return found


@settings(max_examples=40, derandomize=True)
@given(
    seed=st.integers(0, 2**31),
    size=st.sampled_from(SIZES),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 70), st.integers(1, 70)),
    kind=st.sampled_from(BANDS),
    channels=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    batch_size=st.sampled_from((1, 7, 64, 1000)),
    threads=st.sampled_from((1, 2)),
    dtype=st.sampled_from((torch.float32, torch.float64)),
)
@example(1, (64, 2), (2, 70, 61), "full", (1, 2), 64, 2, torch.float64)
@example(2, (32, 1), (3, 61, 43), "ring", (2, 1), 7, 2, torch.float32)
@example(3, (36, 1), (1, 5, 70), "corners", (0, 0), 1, 1, torch.float64)
def test_three_ways_and_the_plain_network_agree(
    seed: int,
    size: tuple[int, int],
    shape: tuple[int, int, int],
    kind: str,
    channels: tuple[int, int],
    batch_size: int,
    threads: int,
    dtype: torch.dtype,
) -> None:
    source = np.random.default_rng(seed)
    config = AlexNetConfig(
        patch_size=size[0],
        stride=size[1],
        neighbours=channels[0],
        votes=channels[1],
        classes=int(source.integers(2, 5)),
        widths=(3, 4, 5, 4, 3),
        dense=(6, 5),
    )
    model = random_model(config, seed).to(dtype)
    inputs = random_inputs(source, shape, config)
    inputs = inputs._replace(image=inputs.image.to(dtype), votes=inputs.votes.to(dtype))
    centres = band(kind, shape, source)
    checked = source.permutation(len(centres))[:40]
    expected = by_hand(model, inputs, centres[checked])
    tolerance = 1e-10 if dtype == torch.float64 else 1e-4
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        reference = voxel_logits(model, inputs, centres, "needed", batch_size)
        for way in WAYS:
            # All patches of a full slice take longer than all else together.
            some = checked if way == "gather" else np.arange(len(centres))
            found = voxel_logits(model, inputs, centres[some], way, batch_size)
            assert found.dtype == dtype
            torch.testing.assert_close(found, reference[some], atol=tolerance, rtol=0)
        np.testing.assert_allclose(reference[checked].numpy(), expected, atol=tolerance, rtol=0)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("way", WAYS)
def test_full_width_in_float32(way: Method) -> None:
    config = AlexNetConfig(votes=2)
    model = random_model(config, 4)
    source = np.random.default_rng(4)
    inputs = random_inputs(source, (2, 50, 47), config)
    inputs = inputs._replace(image=inputs.image.float(), votes=inputs.votes.float())
    centres = band("ring", (2, 50, 47), source)
    checked = source.permutation(len(centres))[:25]
    found = voxel_logits(model, inputs, centres[checked] if way == "gather" else centres, way)
    found = found if way == "gather" else found[checked]
    expected = by_hand(model, inputs, centres[checked])
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-4, rtol=0)


def test_slices_divided_into_strips_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    config = AlexNetConfig(patch_size=28, widths=(3, 4, 5, 4, 3), dense=(6, 5))
    model = random_model(config, 5).double()
    source = np.random.default_rng(5)
    inputs = random_inputs(source, (2, 30, 33), config)
    centres = band("full", (2, 30, 33), source)
    whole = voxel_logits(model, inputs, centres, "needed")
    monkeypatch.setattr("shoulderseg.refine.engines.on_cpu._LEAST_PIXELS", 100)
    monkeypatch.setattr("shoulderseg.refine.engines.on_cpu._MOST_PIXELS", 100)
    for way in ("needed", "dense", "auto"):
        found = voxel_logits(model, inputs, centres, way)
        torch.testing.assert_close(found, whole, atol=1e-10, rtol=0)
