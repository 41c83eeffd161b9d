"""Training in folds, on cases in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import shoulderseg.refine.training as training
from shoulderseg.refine.boundary import refinement_region
from shoulderseg.refine.ensemble import ClassifyConfig
from shoulderseg.refine.network import AlexNetConfig, build_alexnet
from shoulderseg.refine.training import TrainingCase, TrainingConfig
from shoulderseg.workflows.refiner.cases import RefinerCases, cases_digest, vote_of
from shoulderseg.workflows.refiner.rule import rule_grid
from shoulderseg.workflows.refiner.training import (
    RefinerPlan,
    finished_fold,
    held_out_dice,
    train_fold,
)

SPACING_MM = (3.0, 1.0, 1.0)
TINY = AlexNetConfig(widths=(2, 2, 3, 3, 3), dense=(4, 4), neighbours=1, votes=3)
CONFIG = TrainingConfig(epochs=1, steps_per_epoch=2, batch_size=8, validation_voxels=50)


def case(seed: int, voted: bool = True) -> TrainingCase:
    rng = np.random.default_rng(seed)
    label_map = np.zeros((2, 30, 36), np.uint8)
    label_map[:, 6:20, 4 + seed : 15] = 1
    label_map[:, 10:24, 20:28] = 2
    image = (label_map + rng.normal(0, 0.3, label_map.shape)).astype(np.float32)
    if not voted:
        return TrainingCase(image, label_map, SPACING_MM)
    wrong = np.roll(label_map, 1, axis=2)
    votes = np.stack([wrong == 1, wrong == 2, wrong > 0]).astype(np.float32)
    plain = TrainingCase(image, label_map, SPACING_MM, votes)
    vote = vote_of(plain)
    region = refinement_region(vote.label_map, vote.disagreement, SPACING_MM, 3.0)
    return TrainingCase(image, label_map, SPACING_MM, votes, region)


def three_folds() -> RefinerCases:
    """Folds 0 and 1 have votes, fold 2 has none."""
    names = ["a", "b", "c"]
    return RefinerCases(
        cases={"a": case(0), "b": case(1), "c": case(2, voted=False)},
        learned={str(k): [n for n in names if n != name] for k, name in enumerate(names)},
        held_out={str(k): [name] for k, name in enumerate(names)},
        voted=["0", "1"],
        patients=None,
        pixel_mm=1.0,
        classes=3,
    )


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[TrainingCase], list[TrainingCase]]]:
    """Which cases are learned from and held out."""
    torch.set_num_threads(1)
    calls: list[tuple[list[TrainingCase], list[TrainingCase]]] = []
    fit = training.fit_classifier

    def spy(train: Any, validation: Any, *rest: Any, **options: Any) -> Any:  # noqa: ANN401
        calls.append((train, validation))
        return fit(train, validation, *rest, **options)

    monkeypatch.setattr(training, "fit_classifier", spy)
    return calls


@pytest.mark.parametrize("votes", [0, 3])
def test_a_fold_learns_from_the_other_voted_patients_only(
    seen: list[tuple[list[TrainingCase], list[TrainingCase]]], tmp_path: Path, votes: int
) -> None:
    cases = three_folds()
    network = AlexNetConfig(widths=(2, 2, 3, 3, 3), dense=(4, 4), votes=votes)
    plan = RefinerPlan(network, CONFIG, seed=1)
    train_fold(cases, "0", plan, tmp_path, "cpu")
    ((learned, held_out),) = seen
    assert [one is cases.cases["b"] for one in learned] == [True]
    assert [one is cases.cases["a"] for one in held_out] == [True]


def test_without_any_votes_all_other_patients_are_learned_from(
    seen: list[tuple[list[TrainingCase], list[TrainingCase]]], tmp_path: Path
) -> None:
    plain = {name: case(k, voted=False) for k, name in enumerate("abc")}
    network = AlexNetConfig(widths=(2, 2, 3, 3, 3), dense=(4, 4))
    cases = three_folds()._replace(cases=plain, voted=[])
    train_fold(cases, "1", RefinerPlan(network, CONFIG, seed=1), tmp_path, "cpu")
    assert [len(side) for side in seen[0]] == [2, 1]


def test_a_run_does_not_go_on_with_other_patients_on_the_other_side(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    plan = RefinerPlan(TINY, CONFIG, seed=1)
    first = train_fold(three_folds(), "0", plan, tmp_path, "cpu")
    again = train_fold(three_folds(), "0", plan, tmp_path, "cpu")
    assert all(torch.equal(first.weights[k], again.weights[k]) for k in first.weights)
    swapped = three_folds()._replace(held_out={"0": ["b"], "1": ["a"], "2": ["c"]})
    assert cases_digest(swapped) != cases_digest(three_folds())
    with pytest.raises(ValueError, match="give --restart to forget it"):
        train_fold(swapped, "0", plan, tmp_path, "cpu")


def test_what_is_finished_counts_on_a_computer_that_multiplies_otherwise(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    plan = RefinerPlan(TINY, CONFIG, seed=1)
    other = replace(plan, training=replace(CONFIG, half=not CONFIG.half))
    more = replace(plan, training=replace(CONFIG, epochs=CONFIG.epochs + 1))
    assert finished_fold(three_folds(), "0", plan, tmp_path) is None
    first = train_fold(three_folds(), "0", plan, tmp_path, "cpu")

    again = train_fold(three_folds(), "0", other, tmp_path, "cpu")
    kept = finished_fold(three_folds(), "0", other, tmp_path)

    assert kept is not None
    for found in (again, kept):
        assert all(torch.equal(first.weights[k], found.weights[k]) for k in first.weights)
    assert finished_fold(three_folds(), "0", more, tmp_path) is None
    assert finished_fold(three_folds(), "1", plan, tmp_path) is None


def test_each_held_out_case_is_judged_by_its_own_folds_classifier() -> None:
    torch.set_num_threads(1)
    models = {
        fold: build_alexnet(TINY, torch.Generator().manual_seed(int(fold))).eval()
        for fold in ("0", "1")
    }
    rules = rule_grid(1.0)[:8]
    config = ClassifyConfig(pixel_mm=1.0)
    both = held_out_dice(three_folds(), models, rules, config, "cpu")
    assert both.shape == (2, 1 + len(rules))
    for row, fold in enumerate(models):
        alone = held_out_dice(three_folds(), {fold: models[fold]}, rules, config, "cpu")
        np.testing.assert_array_equal(alone, both[row : row + 1])
    # A vote one column off: 2 * (width - 1) / (2 * width) for each bone.
    expected = [np.mean([(w - 1) / w for w in widths]) for widths in ((11, 8), (10, 8))]
    np.testing.assert_allclose(both[:, 0], expected)
