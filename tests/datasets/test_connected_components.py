from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import label

from shoulderseg.datasets.connected_components import largest_component

MASKS = arrays(np.bool_, st.tuples(*[st.integers(0, 6)] * 3))
CORNERS = np.ones((3, 3, 3))


@given(MASKS)
@example(np.array([[[True, False, True]]]))
@example(np.array([[[True]], [[False]], [[True]], [[False]], [[True]]]))
@example(np.indices((1, 3, 4)).sum(axis=0) % 2 == 0)
@example(np.arange(9).reshape(1, 9, 1) % 2 == 0)
def test_it_is_one_component_of_the_mask_and_none_was_larger(mask: np.ndarray) -> None:
    before = mask.copy()
    largest = largest_component(mask)
    assert largest.shape == mask.shape
    assert largest.dtype == np.bool_
    components, count = label(mask, CORNERS)
    assert label(largest, CORNERS)[1] == min(count, 1)
    sizes = np.bincount(components.ravel())[1:]
    assert np.count_nonzero(largest) == max(sizes, default=0)
    assert not (largest & ~mask).any()
    np.testing.assert_array_equal(mask, before)
