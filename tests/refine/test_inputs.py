"""Channels and gathered patches against plain slicing of padded volumes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.refine.inputs import PatchInputs, gather_patches, patch_inputs, slice_channels


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 12)),
    st.integers(1, 13),
    st.integers(0, 2),
    st.integers(0, 3),
    st.integers(0, 2**32),
)
def test_same_as_slicing_the_volumes_padded_once(
    shape: tuple[int, int, int], size: int, neighbours: int, voters: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    image = rng.standard_normal(shape).astype(np.float32)
    votes = rng.random((voters, *shape), np.float32)
    centres = np.array([list(index) for index in np.ndindex(shape)])
    half = size // 2
    padded = np.pad(image, ((neighbours,) * 2, (half, half), (half, half)), mode="edge")
    opinions = np.pad(votes, ((0, 0), (0, 0), (half, half), (half, half)), mode="edge")
    stack = [
        np.concatenate([padded[z : z + 2 * neighbours + 1], opinions[:, z]])
        for z in range(shape[0])
    ]
    expected = np.stack([stack[z][:, y : y + size, x : x + size] for z, y, x in centres])
    inputs = patch_inputs(image, "cpu", votes=votes, neighbours=neighbours)
    patches = gather_patches(inputs, torch.from_numpy(centres), size)
    assert patches.shape == (len(centres), inputs.channels, size, size)
    np.testing.assert_array_equal(patches.numpy(), expected)
    whole = slice_channels(inputs, torch.arange(shape[0])).numpy()
    inner = np.stack(stack)[:, :, half : half + shape[1], half : half + shape[2]]
    np.testing.assert_array_equal(whole, inner)


def plain(*shape: int) -> PatchInputs:
    return patch_inputs(torch.zeros(shape), "cpu")


def test_centre_of_an_even_patch() -> None:
    image = torch.arange(2 * 50 * 60, dtype=torch.float32).reshape(2, 50, 60)
    inputs = patch_inputs(image, "cpu")
    patch = gather_patches(inputs, torch.tensor([[1, 20, 33]]), 32)[0, 0]
    assert patch[16, 16] == image[1, 20, 33]
    torch.testing.assert_close(patch, image[1, 4:36, 17:49], rtol=0, atol=0)


def test_no_centres_give_no_patches() -> None:
    patches = gather_patches(plain(2, 3, 4), torch.zeros(0, 3, dtype=torch.int64), 8)
    assert patches.shape == (0, 1, 8, 8)


@pytest.mark.parametrize("centre", [[2, 0, 0], [0, 3, 0], [0, 0, 4], [-1, 0, 0], [0, -1, 0]])
def test_centres_outside_are_refused(centre: list[int]) -> None:
    with pytest.raises(IndexError, match="outside the image"):
        gather_patches(plain(2, 3, 4), torch.tensor([[0, 0, 0], centre]), 8)


def test_bad_shapes_and_dtypes_are_refused() -> None:
    with pytest.raises(ValueError, match="expected int64"):
        gather_patches(plain(2, 3, 4), torch.zeros(1, 2, dtype=torch.int64), 8)
    with pytest.raises(ValueError, match="float32"):
        gather_patches(plain(2, 3, 4), torch.zeros(1, 3), 8)
    with pytest.raises(ValueError, match="size is 0"):
        gather_patches(plain(2, 3, 4), torch.zeros(1, 3, dtype=torch.int64), 0)
    with pytest.raises(ValueError, match="shape"):
        patch_inputs(np.zeros((3, 4)), "cpu")
    with pytest.raises(ValueError, match="votes have shape"):
        patch_inputs(np.zeros((2, 3, 4)), "cpu", votes=np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="neighbours is -1"):
        patch_inputs(np.zeros((2, 3, 4)), "cpu", neighbours=-1)


def test_image_tensor_takes_read_only_and_mirrored_arrays() -> None:
    image = np.arange(24.0).reshape(2, 3, 4)
    image.setflags(write=False)
    tensor = patch_inputs(image[:, ::-1], "cpu").image
    assert tensor.dtype == torch.float32
    np.testing.assert_array_equal(tensor.numpy(), image[:, ::-1])
