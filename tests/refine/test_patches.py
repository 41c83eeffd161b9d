"""Gathered patches against plain slicing of a padded image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.refine.patches import as_image_tensor, gather_patches


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 12)),
    st.integers(1, 13),
    st.integers(0, 2**32),
)
def test_same_as_slicing_the_volume_padded_once(
    shape: tuple[int, int, int], size: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    image = rng.standard_normal(shape).astype(np.float32)
    centres = np.array([list(index) for index in np.ndindex(shape)])
    half = size // 2
    padded = np.pad(image, ((0, 0), (half, half), (half, half)), mode="edge")
    expected = np.stack([padded[z, y : y + size, x : x + size] for z, y, x in centres])
    patches = gather_patches(torch.from_numpy(image), torch.from_numpy(centres), size)
    assert patches.shape == (len(centres), 1, size, size)
    np.testing.assert_array_equal(patches[:, 0].numpy(), expected)


def test_centre_of_an_even_patch() -> None:
    image = torch.arange(2 * 50 * 60, dtype=torch.float32).reshape(2, 50, 60)
    patch = gather_patches(image, torch.tensor([[1, 20, 33]]), 32)[0, 0]
    assert patch[16, 16] == image[1, 20, 33]
    torch.testing.assert_close(patch, image[1, 4:36, 17:49], rtol=0, atol=0)


def test_no_centres_give_no_patches() -> None:
    patches = gather_patches(torch.zeros(2, 3, 4), torch.zeros(0, 3, dtype=torch.int64), 8)
    assert patches.shape == (0, 1, 8, 8)


@pytest.mark.parametrize("centre", [[2, 0, 0], [0, 3, 0], [0, 0, 4], [-1, 0, 0], [0, -1, 0]])
def test_centres_outside_are_refused(centre: list[int]) -> None:
    with pytest.raises(IndexError, match="outside the image"):
        gather_patches(torch.zeros(2, 3, 4), torch.tensor([[0, 0, 0], centre]), 8)


def test_bad_shapes_and_dtypes_are_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        gather_patches(torch.zeros(3, 4), torch.zeros(1, 3, dtype=torch.int64), 8)
    with pytest.raises(ValueError, match="float32"):
        gather_patches(torch.zeros(2, 3, 4), torch.zeros(1, 3), 8)
    with pytest.raises(ValueError, match="shape"):
        as_image_tensor(np.zeros((3, 4)), "cpu")


def test_image_tensor_takes_read_only_and_mirrored_arrays() -> None:
    image = np.arange(24.0).reshape(2, 3, 4)
    image.setflags(write=False)
    tensor = as_image_tensor(image[:, ::-1], "cpu")
    assert tensor.dtype == torch.float32
    np.testing.assert_array_equal(tensor.numpy(), image[:, ::-1])
