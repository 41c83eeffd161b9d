from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import label

from shoulderseg.evaluation.quality.connected_components import largest_component_voxels

MASKS = arrays(np.bool_, st.tuples(*[st.integers(0, 6)] * 3))


@given(MASKS)
@example(np.array([[[True, False, True]]]))
@example(np.array([[[True]], [[False]], [[True]], [[False]], [[True]]]))
@example(np.arange(9).reshape(1, 9, 1) % 2 == 0)
def test_the_largest_component_is_counted(mask: np.ndarray) -> None:
    components, _ = label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(components.ravel())[1:]
    assert largest_component_voxels(mask) == max(sizes, default=0)
