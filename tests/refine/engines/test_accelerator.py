"""The batched way of GPUs, run on the CPU; its answer to memory that ends."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from shoulderseg.refine.classify import Method, classify_voxels, voxel_logits
from shoulderseg.refine.engines import on_accelerator
from shoulderseg.refine.engines.folding import Layer, fold
from shoulderseg.refine.inputs import PatchInputs, patch_inputs
from shoulderseg.refine.network import AlexNetConfig, build_alexnet

CONFIG = AlexNetConfig(patch_size=28, widths=(3, 4, 5, 4, 3), dense=(6, 5))
MODEL = build_alexnet(CONFIG, torch.Generator().manual_seed(1)).eval()
IMAGE = np.random.default_rng(1).standard_normal((12, 20, 23)).astype(np.float32)
INPUTS = patch_inputs(IMAGE, "cpu")
# Slices of very different number and place of voxels, among them none and one.
MASK = np.random.default_rng(2).random(IMAGE.shape) < np.linspace(0, 0.3, 12)[:, None, None]
MASK[1, 19, 22] = True
CENTRES = np.random.default_rng(3).permutation(np.argwhere(MASK))
LAYERS = fold(MODEL, "cpu", torch.float32)


def logits(method: Method, batch_size: int = 64) -> torch.Tensor:
    with torch.inference_mode():
        return on_accelerator.logits_on_accelerator(
            LAYERS, INPUTS, torch.from_numpy(CENTRES), size=28, method=method, batch_size=batch_size
        )


EXPECTED = voxel_logits(MODEL, INPUTS, CENTRES, "gather")


@pytest.mark.parametrize("method", ["auto", "gather", "dense", "needed"])
def test_same_as_on_a_cpu(method: Method) -> None:
    torch.testing.assert_close(logits(method), EXPECTED, atol=1e-4, rtol=0)


def test_no_voxel() -> None:
    none = torch.empty((0, 3), dtype=torch.int64)
    for method in ("auto", "gather"):
        found = on_accelerator.logits_on_accelerator(
            LAYERS, INPUTS, none, size=28, method=method, batch_size=64
        )
        assert found.shape == (0, 3)


def starve(monkeypatch: pytest.MonkeyPatch, name: str, room: int) -> None:
    """Lets the function `name` fail for more than `room` slices or patches."""
    plain = getattr(on_accelerator, name)

    def hungry(
        layers: list[Layer], inputs: PatchInputs, some: Sequence[object], size: int
    ) -> torch.Tensor:
        if len(some) > room:
            msg = "out of memory"
            raise torch.OutOfMemoryError(msg)
        found: torch.Tensor = plain(layers, inputs, some, size)
        return found

    monkeypatch.setattr(on_accelerator, name, hungry)


def test_fewer_slices_when_memory_ends(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    starve(monkeypatch, "_run_dense", 3)
    with caplog.at_level(logging.WARNING):
        torch.testing.assert_close(logits("dense"), EXPECTED, atol=1e-4, rtol=0)
    assert [record.args for record in caplog.records] == [(4, "slices"), (2, "slices")]


def test_patches_when_not_even_a_slice_fits(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    starve(monkeypatch, "_run_dense", 0)
    starve(monkeypatch, "gathered_logits", 20)
    with caplog.at_level(logging.WARNING):
        torch.testing.assert_close(logits("dense"), EXPECTED, atol=1e-4, rtol=0)
    halved = [record.args for record in caplog.records if record.args]
    assert halved == [(n, "slices") for n in (4, 2, 1)] + [(n, "patches") for n in (32, 16)]


def test_one_patch_without_room_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    starve(monkeypatch, "gathered_logits", 0)
    with pytest.raises(torch.OutOfMemoryError):
        logits("gather")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_decides_doubtful_voxels_again(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    monkeypatch.setattr("shoulderseg.refine.classify._half_type", lambda device, wanted: dtype)
    exact = classify_voxels(MODEL, INPUTS, CENTRES, device="cpu", precision="float32")
    for method in ("dense", "gather", "needed"):
        found = classify_voxels(MODEL, INPUTS, CENTRES, device="cpu", method=method)
        assert np.abs(found - exact).max() < 1e-2
        np.testing.assert_array_equal(found.argmax(axis=1), exact.argmax(axis=1))


def test_half_precision_that_overflows_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "shoulderseg.refine.classify._half_type", lambda device, wanted: torch.float16
    )
    inputs = patch_inputs(IMAGE * 1e5, "cpu")
    exact = classify_voxels(MODEL, inputs, CENTRES, device="cpu", precision="float32")
    found = classify_voxels(MODEL, inputs, CENTRES, device="cpu")
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found.argmax(axis=1), exact.argmax(axis=1))
