"""STAPLE against SimpleITK, and its answers to degenerate votes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from shoulderseg.refine.staple import staple

ITK: Any = SimpleITK
Masks = list[NDArray[np.bool_]]


def raters(count: int, seed: int) -> Masks:
    """Raters who share a truth and some of their errors."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((7, 22, 31), np.bool_)
    truth[2:6, 4:15, 9:27] = True
    shared = rng.random(truth.shape) < 0.03
    masks = []
    for _ in range(count):
        mask = np.roll(truth, rng.integers(-2, 3, 3), (0, 1, 2)) ^ shared
        masks.append(mask ^ (rng.random(truth.shape) < rng.uniform(0.0, 0.15)))
    return masks


@pytest.mark.parametrize("count", [3, 4, 5])
@pytest.mark.parametrize("seed", range(4))
def test_same_weights_and_figures_as_itk(count: int, seed: int) -> None:
    masks = raters(count, seed)
    reference = ITK.STAPLEImageFilter()
    image = reference.Execute([ITK.GetImageFromArray(mask.astype(np.uint8)) for mask in masks])
    expected = ITK.GetArrayFromImage(image)
    result = staple(masks)
    np.testing.assert_allclose(result.weight, expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(result.weight > 0.5, expected > 0.5)
    np.testing.assert_allclose(result.sensitivity, reference.GetSensitivity(), atol=1e-5)
    np.testing.assert_allclose(result.specificity, reference.GetSpecificity(), atol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("value", [False, True])
def test_all_empty_and_all_full(count: int, value: bool) -> None:
    result = staple([np.full((2, 3, 4), value)] * count)
    assert (result.weight == float(value)).all()
    assert result.sensitivity.tolist() == [1.0] * count
    assert result.specificity.tolist() == [1.0] * count


def test_one_voter_gets_its_own_mask() -> None:
    mask = raters(1, 7)[0]
    result = staple([mask])
    np.testing.assert_array_equal(result.weight, mask.astype(np.float64))
    assert (result.sensitivity.tolist(), result.specificity.tolist()) == ([1.0], [1.0])


@pytest.mark.parametrize(
    "masks",
    [
        [[1, 0, 0, 0], [0, 0, 0, 0]],
        [[1, 1, 1, 1], [0, 0, 0, 0]],
        [[1, 1, 0, 0], [0, 0, 1, 1]],
        [[1, 1, 1, 1], [1, 1, 1, 0], [0, 0, 0, 0]],
    ],
)
def test_contradicting_voters_give_finite_answers(masks: list[list[int]]) -> None:
    result = staple([np.array(mask, np.bool_) for mask in masks])
    for values in result:
        assert np.isfinite(values).all()
        assert ((values >= 0.0) & (values <= 1.0)).all()


def test_symmetric_votes_give_exactly_one_half_in_any_order() -> None:
    first = np.array([1] * 40 + [1] * 5 + [0] * 5 + [0] * 40, np.bool_)
    second = np.array([1] * 40 + [0] * 5 + [1] * 5 + [0] * 40, np.bool_)
    for masks in ([first, second], [second, first]):
        assert (staple(masks).weight[40:50] == 0.5).all()


def test_empty_grid() -> None:
    assert staple([np.zeros((0, 3, 4), np.bool_)] * 3).weight.shape == (0, 3, 4)


@pytest.mark.parametrize(
    "masks",
    [
        [],
        [np.zeros((1, 2), np.bool_), np.zeros((2, 1), np.bool_)],
        [np.zeros((1, 2), np.uint8)],
        [np.zeros(2, np.bool_)] * 17,
    ],
)
def test_bad_masks_are_refused(masks: Masks) -> None:
    with pytest.raises(ValueError, match="STAPLE needs"):
        staple(masks)
