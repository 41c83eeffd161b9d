"""A slice context learns how bones go on from slice to slice."""

from __future__ import annotations

import numpy as np
import pytest

from shoulderseg.refine.slice_context import ContextConfig, correct_by_context, load_context
from shoulderseg.refine.slice_context_training import ContextCase, ContextTraining, fit_context

CONFIG = ContextConfig(3, 4, 1)
QUICK = ContextTraining(steps=2)


def shafts(seed: int) -> ContextCase:
    """Two shafts through all slices, one of which voters miss in every third slice."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:24, :32]
    middle = rng.uniform(9, 14)
    bones = np.zeros((2, 10, 24, 32), bool)
    bones[0, :, np.hypot(rows - middle, columns - 9) < 5] = True
    bones[1, :, np.hypot(rows - middle, columns - 23) < 4] = True
    said = np.stack([bones[0], bones[1], bones.any(axis=0)]) * 0.9 + 0.05
    said[0, seed % 3 :: 3] = 0.3 * said[0, seed % 3 :: 3]
    said[2, seed % 3 :: 3] = np.minimum(said[2, seed % 3 :: 3], 0.4)
    return ContextCase(said.astype(np.float16), bones, (4.0, 0.7, 0.7))


def test_what_voters_miss_in_single_slices_is_filled() -> None:
    learned = [shafts(seed) for seed in range(6)]
    weights = fit_context(learned, CONFIG, ContextTraining(250), np.random.default_rng(0))
    unseen = shafts(100)
    voters = [voter.astype(np.float32) for voter in unseen.probabilities]
    missed = unseen.bones[0] & (voters[0] < 0.5)
    assert missed.sum() > 200
    correct_by_context(load_context(CONFIG, weights), voters, unseen.spacing_mm)
    assert (voters[0] > 0.5)[missed].mean() > 0.9
    assert (voters[0] > 0.5)[~unseen.bones[0]].mean() < 0.02


def test_the_same_seed_gives_the_same_weights() -> None:
    one, same, other = (
        fit_context([shafts(0)], CONFIG, QUICK, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert all((one[name] == same[name]).all() for name in one)
    assert any((one[name] != other[name]).any() for name in one)


def test_steps_are_told() -> None:
    told: list[int] = []
    fit_context([shafts(0)], CONFIG, QUICK, np.random.default_rng(0), on_step=told.append)
    assert told == [1, 2]


def test_no_case_no_step_and_other_voters_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="found 0 and 3"):
        fit_context([], CONFIG, QUICK, rng)
    with pytest.raises(ValueError, match="found 1 and 2"):
        fit_context([shafts(0)], ContextConfig(2, 4, 1), QUICK, rng)
    with pytest.raises(ValueError, match="steps is 0"):
        ContextTraining(0)


def test_values_that_are_not_finite_are_refused() -> None:
    case = shafts(0)
    case.probabilities[:] = np.nan
    with pytest.raises(ValueError, match="is not finite"):
        fit_context([case], CONFIG, QUICK, np.random.default_rng(0))
