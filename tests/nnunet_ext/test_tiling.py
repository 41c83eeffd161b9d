from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.nnunet_ext.tiling import LEAST_PATCH, covering_tile, is_tile


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        ((100, 256), [256, 256]),
        ((264, 256), [288, 256]),
        ((257, 300), [288, 320]),
        ((512, 512), [512, 512]),
        ((513, 512), [256, 256]),
        # Long, but no more pixels than four patches.
        ((200, 1024), [256, 1024]),
    ],
)
def test_slices_a_little_larger_than_the_patch_are_seen_at_once(
    pixels: tuple[int, int], expected: list[int]
) -> None:
    assert covering_tile(pixels, [256, 256], [32, 32]) == expected


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        # Two rows more, where the patch of 256 would lay 64 columns around as well.
        ((318, 192), [320, 192]),
        ((160, 219), [192, 224]),
        ((192, 288), [192, 288]),
        ((513, 512), [256, 256]),
    ],
)
def test_around_a_part_of_the_slices_little_is_laid(
    pixels: tuple[int, int], expected: list[int]
) -> None:
    assert covering_tile(pixels, [256, 256], [32, 32], LEAST_PATCH) == expected
    assert is_tile(pixels, [256, 256], [32, 32]) == (expected == list(pixels))


@given(
    st.tuples(st.integers(1, 2000), st.integers(1, 2000)),
    st.sampled_from([((256, 256), (32, 32)), ((192, 320), (32, 64)), ((48, 40), (8, 8))]),
    st.sampled_from([1.0, LEAST_PATCH]),
)
def test_a_tile_covers_or_is_the_patch(
    pixels: tuple[int, int], planned: tuple[tuple[int, int], tuple[int, int]], least_share: float
) -> None:
    patch, strides = planned
    tile = covering_tile(pixels, patch, strides, least_share)
    assert all(side % stride == 0 for side, stride in zip(tile, strides, strict=True))
    assert math.prod(tile) <= 4 * math.prod(patch)
    covers = all(side >= pixel for side, pixel in zip(tile, pixels, strict=True))
    assert covers or tile == list(patch)
