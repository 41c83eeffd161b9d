"""What the voters together believe."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.refine.opinion import label_belief


def belief(own: list[list[float]], whole: list[float]) -> list[float]:
    arrays = [[np.array([value]) for value in bone] for bone in own]
    return [float(b) for b in label_belief(arrays, [np.array([value]) for value in whole])[0]]


def test_formula_by_hand() -> None:
    first, second, whole = 0.8, 0.1, 0.6
    likelihoods = np.sqrt(
        [
            (1 - first) * (1 - second) * (1 - whole),
            first * (1 - second) * whole,
            second * (1 - first) * whole,
        ]
    )
    expected = (likelihoods / likelihoods.sum()).tolist()
    assert belief([[first], [second]], [whole]) == pytest.approx(expected, abs=1e-6)


def test_without_a_voter_of_the_whole() -> None:
    assert belief([[0.8]], []) == pytest.approx([0.2, 0.8], abs=1e-6)


def test_voters_of_one_bone_share_their_weight() -> None:
    once = belief([[0.7], [0.2]], [0.9])
    assert belief([[0.7, 0.7], [0.2]], [0.9, 0.9]) == pytest.approx(once, abs=1e-6)


def test_a_sure_voter_outweighs_a_wavering_one() -> None:
    assert belief([[0.99], [0.01]], [0.4])[1] > 0.8


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(0, 2))
def test_a_distribution_that_follows_the_bones(seed: int, bones: int, wholes: int) -> None:
    rng = np.random.default_rng(seed)
    own = [[rng.random((4, 5), np.float32)] for _ in range(bones)]
    whole = [rng.random((4, 5), np.float32) for _ in range(wholes)]
    found = label_belief(own, whole)
    assert found.shape == (4, 5, 1 + bones)
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, atol=1e-5)
    swapped = label_belief(own[::-1], whole)
    np.testing.assert_allclose(swapped[..., 1:], found[..., :0:-1], atol=1e-5)


def test_extremes_stay_finite_and_empty_stays_empty() -> None:
    assert np.isfinite(belief([[1.0], [1.0]], [0.0])).all()
    assert label_belief([[np.zeros(0)], [np.zeros(0)]]).shape == (0, 3)


def test_a_bone_without_voter_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one each"):
        label_belief([[np.zeros(3)], []])
