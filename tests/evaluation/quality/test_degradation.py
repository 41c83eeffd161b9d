from __future__ import annotations

import numpy as np
import pytest

from shoulderseg.evaluation.quality.degradation import degraded_copies

KINDS = {"noise", "blur", "inverted block", "low contrast"}


@pytest.fixture
def image() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A ramp, so that every kind changes something."""
    ramp = np.broadcast_to(np.arange(20, dtype=np.float32) ** 2, (3, 16, 20))
    return np.ascontiguousarray(ramp)


def test_kinds_take_turns_and_all_change_the_image(
    image: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> None:
    before = image.copy()
    made = degraded_copies(image, 5, np.random.default_rng(1))
    assert {kind for kind, _ in made[:4]} == KINDS
    assert made[4][0] == made[0][0]
    np.testing.assert_array_equal(image, before)
    for kind, worse in made:
        assert worse.dtype == np.float32, kind
        assert worse.shape == image.shape
        assert np.isfinite(worse).all()
        assert not np.array_equal(worse, image), kind


def test_an_inverted_block_is_mirrored_between_the_usual_intensities(
    image: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> None:
    made = dict(degraded_copies(image, 4, np.random.default_rng(2)))
    low, high = np.percentile(image, (1, 99))
    changed = made["inverted block"] != image
    np.testing.assert_allclose(
        made["inverted block"][changed], (low + high - image)[changed], rtol=1e-5
    )
    assert 0.02 < changed.mean() < 0.6


def test_the_seed_decides(image: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    first, same, other = (degraded_copies(image, 4, np.random.default_rng(n)) for n in (3, 3, 4))
    for (kind, one), (again, two) in zip(first, same, strict=True):
        assert kind == again
        np.testing.assert_array_equal(one, two)
    assert not all(np.array_equal(a[1], b[1]) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("shape", [(0, 0, 0), (2, 5, 5), (1, 1, 1)])
def test_without_contrast_nothing_changes(shape: tuple[int, int, int]) -> None:
    flat = np.full(shape, 7.0, np.float32)
    for _, worse in degraded_copies(flat, 4, np.random.default_rng(0)):
        np.testing.assert_array_equal(worse, flat)
    assert degraded_copies(flat, 0, np.random.default_rng(0)) == []
