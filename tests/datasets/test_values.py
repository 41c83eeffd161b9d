"""Grey values as 32-bit numbers."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from shoulderseg.datasets.values import as_float32


@pytest.mark.parametrize("kind", ["f4", "f8", "i4", "u2"])
def test_whatever_their_type_little_memory_is_taken(kind: str) -> None:
    array = np.arange(64 * 128 * 128).reshape(64, 128, 128).astype(kind)
    tracemalloc.start()
    values = as_float32(array)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert values is not array
    np.testing.assert_array_equal(values, array.astype(np.float32))
    # Their copy, a byte a value, and a slice.
    assert peak < 1.5 * values.nbytes


@pytest.mark.parametrize("shape", [(5,), (4, 5), (3, 4, 5), (2, 3, 4, 5)])
def test_a_small_contrast_on_a_large_number_in_any_slice(shape: tuple[int, ...]) -> None:
    array = np.full(shape, 2.0**40)
    array.flat[-1] += 2.0**10
    with pytest.raises(ValueError, match="differ too little for 32-bit numbers"):
        as_float32(array)
    # The range of all slices counts, not that of each.
    array.flat[0] = 0
    assert as_float32(array).shape == shape
    assert as_float32(array.reshape(-1)[:1].reshape(())).shape == ()
