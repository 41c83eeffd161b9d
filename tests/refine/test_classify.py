"""Patch classification."""

from __future__ import annotations

import logging
import threading
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from shoulderseg.refine import classify
from shoulderseg.refine.classify import Method, Precision, classify_voxels, voxel_logits
from shoulderseg.refine.inputs import patch_inputs
from shoulderseg.refine.network import AlexNetConfig, PatchAlexNet, build_alexnet

CONFIG = AlexNetConfig(widths=(4, 6, 6, 8, 8), dense=(8, 8))
IMAGE = np.random.default_rng(1).standard_normal((3, 24, 41)).astype(np.float32)
INPUTS = patch_inputs(IMAGE, "cpu")
CENTRES = np.argwhere(np.random.default_rng(2).random(IMAGE.shape) < 0.02)
WAYS: tuple[Method, ...] = ("auto", "gather", "dense", "needed")


@pytest.fixture
def model() -> PatchAlexNet:
    return build_alexnet(CONFIG, torch.Generator().manual_seed(5)).eval()


def classified(
    model: PatchAlexNet,
    centres: NDArray[Any] = CENTRES,
    method: Method = "auto",
    batch_size: int = 1024,
    precision: Precision = "auto",
) -> NDArray[np.float32]:
    return classify_voxels(
        model,
        INPUTS,
        centres,
        device="cpu",
        method=method,
        batch_size=batch_size,
        precision=precision,
    )


@pytest.mark.parametrize("method", WAYS)
def test_same_as_one_patch_at_a_time_by_hand(model: PatchAlexNet, method: Method) -> None:
    result = classified(model, method=method)
    padded = np.pad(IMAGE, ((0, 0), (16, 16), (16, 16)), mode="edge")
    for (z, y, x), row in zip(CENTRES, result, strict=True):
        patch = torch.from_numpy(padded[z, y : y + 32, x : x + 32])[None, None]
        with torch.inference_mode():
            expected = model(patch).softmax(1)[0].numpy()
        np.testing.assert_allclose(row, expected, atol=1e-5)


@pytest.mark.parametrize("method", WAYS)
def test_batch_size_does_not_matter(model: PatchAlexNet, method: Method) -> None:
    single = classified(model, batch_size=1, method=method)
    for batch_size in (7, len(CENTRES)):
        batched = classified(model, batch_size=batch_size, method=method)
        np.testing.assert_allclose(batched, single, atol=1e-6)
    np.testing.assert_allclose(single.sum(axis=1), 1.0, atol=1e-6)
    assert np.ptp(single, axis=0).max() > 0.01


@pytest.mark.parametrize("method", WAYS)
def test_no_centres(model: PatchAlexNet, method: Method) -> None:
    result = classified(model, CENTRES[:0], method=method)
    assert result.shape == (0, 3)
    assert result.dtype == np.float32


@pytest.mark.parametrize("method", WAYS)
def test_rows_follow_the_order_of_the_centres(model: PatchAlexNet, method: Method) -> None:
    order = np.random.default_rng(3).integers(0, len(CENTRES), 3 * len(CENTRES))
    expected = classified(model, method=method)[order]
    result = classified(model, CENTRES[order], method=method)
    np.testing.assert_allclose(result, expected, atol=1e-6)
    as_tensor = torch.from_numpy(CENTRES[order])
    found = classify_voxels(model, INPUTS, as_tensor, device="cpu", method=method)
    np.testing.assert_array_equal(found, result)


def test_eval_inside_and_training_mode_stays(model: PatchAlexNet) -> None:
    expected = classified(model)
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    np.testing.assert_array_equal(classified(model), expected)
    assert model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_several_callers_at_once(model: PatchAlexNet) -> None:
    expected = classified(model)
    found: list[NDArray[Any]] = []
    callers = [threading.Thread(target=lambda: found.append(classified(model))) for _ in range(4)]
    threads = torch.get_num_threads()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(found) == 4
    for result in found:
        np.testing.assert_allclose(result, expected, atol=1e-6)
    assert torch.get_num_threads() == threads


def test_bad_calls_are_refused(model: PatchAlexNet) -> None:
    with pytest.raises(ValueError, match="batch_size is 0, expected at least 1"):
        classified(model, batch_size=0)
    with pytest.raises(IndexError, match="outside"):
        classified(model, CENTRES + 40)
    with pytest.raises(ValueError, match=r"expected int64 \(N, 3\)"):
        classified(model, CENTRES[:, :2])
    wide = patch_inputs(IMAGE, "cpu", neighbours=1)
    for call in (
        lambda: classify_voxels(model, wide, CENTRES, device="cpu"),
        lambda: voxel_logits(model, wide, CENTRES, "auto"),
    ):
        with pytest.raises(ValueError, match=r"inputs have 3 channels .* expects 1 "):
            call()


def test_half_precision_where_the_chip_has_none(
    model: PatchAlexNet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(classify, "has_fast_half", lambda device: False)
    with caplog.at_level(logging.INFO):
        result = classified(model, precision="half")
    np.testing.assert_array_equal(result, classified(model, precision="float32"))
    assert "no fast half precision" in caplog.text


def test_which_precision() -> None:
    cpu = torch.device("cpu")
    assert classify._half_type(cpu, "auto") is None
    assert classify._half_type(torch.device("mps"), "auto") is None
    assert classify._half_type(torch.device("cuda"), "float32") is None


@pytest.mark.parametrize("method", WAYS)
def test_half_precision_on_a_cpu_that_has_it(
    model: PatchAlexNet, monkeypatch: pytest.MonkeyPatch, method: Method
) -> None:
    monkeypatch.setattr(classify, "has_fast_half", lambda device: True)
    exact = classified(model)
    result = classified(model, precision="half", method=method)
    np.testing.assert_allclose(result, exact, atol=1e-2)
    np.testing.assert_array_equal(result.argmax(axis=1), exact.argmax(axis=1))
