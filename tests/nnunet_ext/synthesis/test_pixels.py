from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.nnunet_ext.synthesis.pixels import average_matrix, band_matrix, resample_matrix

CPU = torch.device("cpu")


@settings(deadline=None)
@given(st.integers(2, 40), st.data())
def test_every_matrix_keeps_a_flat_image(count: int, data: st.DataObject) -> None:
    pixels = data.draw(st.integers(1, count))
    for matrix in (
        average_matrix(count, pixels, CPU),
        resample_matrix(pixels, count, CPU),
        band_matrix(count, data.draw(st.floats(0.2, 1)), data.draw(st.floats(0, 1)), CPU),
    ):
        assert torch.allclose(matrix.sum(dim=1), torch.ones(len(matrix)), atol=1e-4)


def test_averages_are_those_of_whole_and_split_samples() -> None:
    assert average_matrix(4, 2, CPU).tolist() == [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]
    split = average_matrix(3, 2, CPU)
    assert split[0].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert torch.equal(average_matrix(5, 5, CPU), torch.eye(5))


def test_averaging_then_resampling_does_not_shift() -> None:
    ramp = torch.arange(48.0)
    seen = resample_matrix(12, 48, CPU) @ (average_matrix(48, 12, CPU) @ ramp)
    assert torch.allclose(seen[12:-12], ramp[12:-12], atol=1e-3)


def test_a_band_keeps_low_waves_and_takes_high_ones() -> None:
    place = torch.arange(64.0) / 64
    low, high = (torch.cos(2 * torch.pi * waves * place) for waves in (4, 28))
    band = band_matrix(64, 0.5, 0.0, CPU)
    assert torch.allclose(band @ low, low, atol=1e-4)
    assert torch.allclose(band @ high, torch.zeros(64), atol=1e-4)
    # A window fades what is near the end of k-space, and rings less at an edge.
    step = (place > 0.5).float()
    sharp, faded = ((band_matrix(64, 0.5, taper, CPU) @ step).max() for taper in (0.0, 1.0))
    assert float(sharp) > 1.05 > float(faded)
