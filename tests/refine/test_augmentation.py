"""Augmented patches keep the labelled pixel and follow the generator."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from batchgenerators.transforms.spatial_transforms import SpatialTransform
from numpy.typing import NDArray

from shoulderseg.refine.augmentation import augment, build_augmentation, source_size

SIZE = source_size(32)


def noise(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal((count, 1, SIZE, SIZE)).astype(np.float32)


def run(seed: int, count: int = 40) -> NDArray[np.float32]:
    return augment(noise(count), 1, build_augmentation(32), 32, np.random.default_rng(seed))


def test_follows_the_generator_and_leaves_the_global_ones_alone() -> None:
    first = run(1)
    random.random()
    np.random.random()  # noqa: NPY002
    numpy_state: Any = np.random.get_state()  # noqa: NPY002
    python_state = random.getstate()
    second, other = run(1), run(2)
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    assert first.shape == (40, 1, 32, 32)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    now: Any = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(numpy_state[1], now[1])
    assert python_state == random.getstate()


def test_input_is_not_changed() -> None:
    patches = noise(40)
    augment(patches, 1, build_augmentation(32), 32, np.random.default_rng(0))
    np.testing.assert_array_equal(patches, noise(40))


def test_most_patches_change_and_some_keep_their_pixels() -> None:
    plain = noise(200)[:, :, SIZE // 2 - 16 : SIZE // 2 + 16, SIZE // 2 - 16 : SIZE // 2 + 16]
    same = (run(3, 200) == plain).all(axis=(1, 2, 3))
    assert 0 < same.sum() < 60


def test_turning_and_scaling_keep_the_labelled_pixel() -> None:
    chain = build_augmentation(32)
    spatial = chain.transforms[0]
    assert isinstance(spatial, SpatialTransform)
    spatial.p_rot_per_sample = spatial.p_scale_per_sample = 1.0
    chain.transforms = [spatial]
    patches = noise(50)
    changed = augment(patches, 1, chain, 32, np.random.default_rng(4))
    centre = patches[:, 0, SIZE // 2, SIZE // 2]
    np.testing.assert_allclose(changed[:, 0, 16, 16], centre, atol=1e-5)
    assert (np.abs(changed[:, 0, 16, 20] - patches[:, 0, SIZE // 2, SIZE // 2 + 4]) > 1e-3).all()


def test_source_is_large_enough_for_every_turn_and_scale() -> None:
    # A frame of another value just outside the source must never come into view.
    assert SIZE % 2 == 1
    chain = build_augmentation(32)
    spatial = chain.transforms[0]
    spatial.p_rot_per_sample = spatial.p_scale_per_sample = 1.0
    spatial.border_mode_data, spatial.border_cval_data = "constant", 100.0
    chain.transforms = [spatial]
    flat = np.zeros((400, 1, SIZE, SIZE), np.float32)
    assert not augment(flat, 1, chain, 32, np.random.default_rng(5)).any()


def test_channels_move_together_and_probabilities_keep_their_values() -> None:
    # A sharp edge and its negative: whatever moves them, they stay each other's negative.
    edge = np.zeros((60, 3, SIZE, SIZE), np.float32)
    edge[:, :2, :, SIZE // 2 :] = 1.0
    edge[:, 2] = 1.0 - edge[:, 1]
    changed = augment(edge, 1, build_augmentation(32), 32, np.random.default_rng(6))
    np.testing.assert_allclose(changed[:, 1] + changed[:, 2], 1.0, atol=1e-5)
    assert ((changed[:, 1:] >= 0) & (changed[:, 1:] <= 1 + 1e-6)).all()
    assert (np.abs(changed[:, 1] - edge[:, 1, 8:40, 8:40]).max(axis=(1, 2)) > 0.2).any()
    agreement = [np.corrcoef(image.ravel(), vote.ravel())[0, 1] for image, vote, _ in changed]
    assert np.min(agreement) > 0.8
    assert (changed[:, 0] != changed[:, 1]).any()
