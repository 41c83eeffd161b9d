"""Patch classification and intensity normalisation."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.refine.classify import classify_patches, normalise_volume
from shoulderseg.refine.network import AlexNetConfig, PatchAlexNet, build_alexnet

CONFIG = AlexNetConfig(widths=(4, 6, 6, 8, 8), dense=(8, 8))


@pytest.fixture
def model() -> PatchAlexNet:
    torch.set_num_threads(1)
    return build_alexnet(CONFIG, torch.Generator().manual_seed(5)).eval()


IMAGE = np.random.default_rng(1).standard_normal((3, 24, 41)).astype(np.float32)
CENTRES = np.argwhere(np.random.default_rng(2).random(IMAGE.shape) < 0.02)


def test_same_as_one_patch_at_a_time_by_hand(model: PatchAlexNet) -> None:
    result = classify_patches(model, IMAGE, CENTRES, batch_size=16, device="cpu")
    padded = np.pad(IMAGE, ((0, 0), (16, 16), (16, 16)), mode="edge")
    for (z, y, x), row in zip(CENTRES, result, strict=True):
        patch = torch.from_numpy(padded[z, y : y + 32, x : x + 32])[None, None]
        with torch.inference_mode():
            expected = model(patch).softmax(1)[0].numpy()
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_batch_size_does_not_matter(model: PatchAlexNet) -> None:
    single = classify_patches(model, IMAGE, CENTRES, batch_size=1, device="cpu")
    for batch_size in (7, len(CENTRES)):
        batched = classify_patches(model, IMAGE, CENTRES, batch_size=batch_size, device="cpu")
        np.testing.assert_allclose(batched, single, atol=1e-6)
    np.testing.assert_allclose(single.sum(axis=1), 1.0, atol=1e-6)
    assert np.ptp(single, axis=0).max() > 0.01


def test_no_centres(model: PatchAlexNet) -> None:
    result = classify_patches(model, IMAGE, CENTRES[:0], batch_size=4, device="cpu")
    assert result.shape == (0, 3)
    assert result.dtype == np.float32


def test_eval_inside_and_training_mode_put_back(model: PatchAlexNet) -> None:
    expected = classify_patches(model, IMAGE, CENTRES, batch_size=8, device="cpu")
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    result = classify_patches(model, IMAGE, CENTRES, batch_size=8, device="cpu")
    np.testing.assert_array_equal(result, expected)
    assert model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


class Hungry(PatchAlexNet):
    """Fits only so many patches in its memory."""

    room = 3

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        if len(patches) > self.room:
            msg = "out of memory"
            raise torch.OutOfMemoryError(msg)
        return super().forward(patches)


def test_out_of_memory_halves_the_batch(
    model: PatchAlexNet, caplog: pytest.LogCaptureFixture
) -> None:
    hungry = Hungry(CONFIG)
    hungry.load_state_dict(model.state_dict())
    with caplog.at_level(logging.WARNING):
        result = classify_patches(hungry, IMAGE, CENTRES, batch_size=16, device="cpu")
    expected = classify_patches(model, IMAGE, CENTRES, batch_size=16, device="cpu")
    np.testing.assert_allclose(result, expected, atol=1e-6)
    assert [record.args for record in caplog.records] == [(8,), (4,), (2,)]
    hungry.room = 0
    with pytest.raises(torch.OutOfMemoryError):
        classify_patches(hungry, IMAGE, CENTRES, batch_size=16, device="cpu")


def test_bad_calls_are_refused(model: PatchAlexNet) -> None:
    with pytest.raises(ValueError, match="batch_size"):
        classify_patches(model, IMAGE, CENTRES, batch_size=0, device="cpu")
    with pytest.raises(IndexError, match="outside"):
        classify_patches(model, IMAGE, CENTRES + 40, batch_size=4, device="cpu")


@settings(deadline=None, max_examples=40)
@given(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3), st.integers(0, 2**32))
def test_normalisation_ignores_scale_and_shift(scale: float, shift: float, seed: int) -> None:
    image = np.random.default_rng(seed).gamma(2.0, 50.0, (3, 9, 14))
    np.testing.assert_allclose(
        normalise_volume(scale * image + shift), normalise_volume(image), atol=1e-4
    )


def test_normalisation_clips_and_scales() -> None:
    image = np.arange(1000.0).reshape(5, 10, 20)
    image[0, 0, 0], image[4, 9, 19] = -1e9, 1e9
    result = normalise_volume(image)
    assert result.dtype == np.float32
    assert float(result.mean()) == pytest.approx(0.0, abs=1e-6)
    assert float(result.std()) == pytest.approx(1.0, abs=1e-5)
    assert np.abs(result).max() < 1.8
    assert image[0, 0, 0] == -1e9


@pytest.mark.parametrize("value", [0.0, 0.1, -3e7])
def test_constant_volume_gives_zeros(value: float) -> None:
    assert not normalise_volume(np.full((2, 3, 4), value, np.float32)).any()
    assert normalise_volume(np.full((0, 3, 4), value)).shape == (0, 3, 4)


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        normalise_volume(np.array([[[1.0, np.inf]]]))
