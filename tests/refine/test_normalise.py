"""Intensity normalisation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.refine.normalise import normalise_volume


@settings(max_examples=40)
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
