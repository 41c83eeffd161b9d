from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.refine.padding import scanned_region


def _filled(margins: tuple[int, int, int, int], value: float, seed: int = 0) -> np.ndarray:
    """Noise of 7 x 9 pixels in two slices, within margins above, below, left and right."""
    noise = np.random.default_rng(seed).normal(size=(2, 7, 9))
    above, below, left, right = margins
    return np.pad(noise, ((0, 0), (above, below), (left, right)), constant_values=value)


@given(
    st.tuples(*[st.integers(0, 5)] * 4),
    st.sampled_from([0.0, 6.1e-05, -1024.0]),
    st.integers(0, 2),
)
def test_margins_are_told_from_what_was_scanned(
    margins: tuple[int, int, int, int], value: float, axis: int
) -> None:
    above, _, left, _ = margins
    image = _filled(margins, value)
    expected = np.zeros(image.shape, bool)
    expected[:, above : above + 7, left : left + 9] = True
    found = scanned_region(np.moveaxis(image, 0, axis), axis)
    np.testing.assert_array_equal(np.moveaxis(found, axis, 0), expected)


def test_a_frame_around_the_margin_hides_nothing() -> None:
    image = _filled((0, 4, 0, 0), 0.0)
    image[:, -1] = np.arange(9)
    found = scanned_region(image)
    assert found[:, :7].all()
    assert not found[:, 7:-1].any()


def test_a_dark_patch_inside_is_scanned() -> None:
    image = _filled((0, 0, 0, 0), 0.0)
    image[:, 1:6, 1:8] = 0
    assert scanned_region(image).all()


def test_each_slice_has_margins_of_its_own() -> None:
    image = _filled((0, 2, 0, 0), 0.0)
    image[1] = np.random.default_rng(1).normal(size=image[1].shape)
    found = scanned_region(image)
    assert not found[0, 7:].any()
    assert found[0, :7].all()
    assert found[1].all()


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_slice_of_one_value_holds_nothing(value: float) -> None:
    assert not scanned_region(np.full((2, 5, 6), value)).any()
    assert scanned_region(np.zeros((0, 5, 6))).shape == (0, 5, 6)
