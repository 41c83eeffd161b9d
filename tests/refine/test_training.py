"""Training of the classifier, alone and together with the refinement."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from shoulderseg.refine.edges import EdgeRule, Voted, refine_edges
from shoulderseg.refine.ensemble import ClassifyConfig
from shoulderseg.refine.network import AlexNetConfig, load_alexnet
from shoulderseg.refine.normalise import normalise_volume
from shoulderseg.refine.training import (
    TrainingCase,
    TrainingConfig,
    TrainingState,
    fit_classifier,
)

SPACING_MM = (3.0, 0.6, 0.5)
NETWORK = AlexNetConfig(widths=(8, 8, 12, 12, 12), dense=(16, 16), dropout=0.1)
TINY = AlexNetConfig(widths=(2, 2, 3, 3, 3), dense=(4, 4))
SHORT = TrainingConfig(epochs=3, steps_per_epoch=2, batch_size=8, validation_voxels=60)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def ellipses(seed: int, depth: int = 2) -> TrainingCase:
    """A large and a small ellipse of different brightness, off centre, in noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :80]
    label_map = np.zeros((depth, 64, 80), np.uint8)
    for z in range(depth):
        top, left = rng.integers(-3, 4, 2)
        label_map[z][((y - 28 - top) / 18) ** 2 + ((x - 26 - left) / 14) ** 2 <= 1] = 1
        label_map[z][((y - 38 - top) / 13) ** 2 + ((x - 58 - left) / 7) ** 2 <= 1] = 2
    image = np.array([100.0, 220.0, 300.0])[label_map] + rng.normal(0.0, 35.0, label_map.shape)
    return TrainingCase(normalise_volume(image), label_map, SPACING_MM)


def fit(
    config: TrainingConfig, state: TrainingState | None = None, seed: int = 3
) -> tuple[TrainingState, list[TrainingState]]:
    seen: list[TrainingState] = []
    final = fit_classifier(
        [ellipses(1), replace(ellipses(2), region=ellipses(2).label_map == 2)],
        [ellipses(5, depth=1)],
        TINY,
        config,
        np.random.default_rng(seed),
        device="cpu",
        state=state,
        on_epoch=seen.append,
    )
    return final, seen


def stored(state: TrainingState) -> TrainingState:
    """Through a file's bytes and torch's safe loader."""
    file = io.BytesIO()
    torch.save(state.to_dict(), file)
    file.seek(0)
    return TrainingState.from_dict(torch.load(file, weights_only=True))


def same_weights(first: TrainingState, second: TrainingState) -> bool:
    return all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)


def test_resumed_run_ends_with_the_same_bits() -> None:
    whole, seen = fit(SHORT)
    assert [state.epoch for state in seen] == [1, 2, 3]
    resumed, rest = fit(SHORT, state=stored(seen[0]), seed=99)
    assert [state.epoch for state in rest] == [2, 3]
    assert same_weights(whole, resumed)
    assert (whole.loss, whole.score) == (resumed.loss, resumed.score)
    assert whole.best_score == resumed.best_score == max(whole.score)
    assert not same_weights(seen[0], whole)


def test_a_state_in_memory_stays_as_it_was() -> None:
    _, [first, *_] = fit(SHORT)
    before = stored(first)
    once, _ = fit(SHORT, state=first)
    again, _ = fit(SHORT, state=first)
    assert same_weights(once, again)
    assert once.loss == again.loss
    assert same_weights(first, before)
    moments = [[one["exp_avg"] for one in s.optimizer["state"].values()] for s in (first, before)]
    assert all(torch.equal(*pair) for pair in zip(*moments, strict=True))


def test_seed_decides_and_global_generators_stay() -> None:
    first, _ = fit(SHORT)
    torch.rand(7)
    before = torch.get_rng_state()
    second, _ = fit(SHORT)
    assert torch.equal(torch.get_rng_state(), before)
    other, _ = fit(SHORT, seed=4)
    assert same_weights(first, second)
    assert not same_weights(first, other)


def test_every_epoch_draws_other_patches() -> None:
    # Without learning, equal patches would give equal losses.
    state, _ = fit(replace(SHORT, learning_rate=0.0))
    assert len(set(state.loss)) == 3


def test_best_weights_are_those_of_the_best_epoch() -> None:
    _, seen = fit(replace(SHORT, epochs=4, learning_rate=0.05))
    scores = seen[-1].score
    best = int(np.argmax(scores))
    assert seen[-1].best_score == scores[best]
    expected = seen[best].weights
    assert all(torch.equal(expected[k], v) for k, v in seen[-1].best_weights.items())


def test_finished_run_comes_back_at_once() -> None:
    whole, _ = fit(SHORT)
    again, seen = fit(SHORT, state=whole)
    assert again is whole
    assert seen == []


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    total = np.count_nonzero(first) + np.count_nonzero(second)
    return 2 * np.count_nonzero(first & second) / total


def test_learns_edges_and_refinement_with_it_mends_a_shifted_vote() -> None:
    config = TrainingConfig(
        epochs=3, steps_per_epoch=35, batch_size=64, learning_rate=4e-3, validation_voxels=600
    )
    final = fit_classifier(
        [ellipses(seed) for seed in range(4)],
        [ellipses(10)],
        NETWORK,
        config,
        np.random.default_rng(0),
        device="cpu",
    )
    assert final.best_score > 0.9
    assert final.loss[-1] < final.loss[0]
    model = load_alexnet(NETWORK, final.best_weights)
    case = ellipses(20)
    voted = np.roll(case.label_map, (2, -2), (1, 2))
    votes = np.stack([voted == 1, voted == 2, voted > 0]).astype(np.float32)
    vote = Voted(voted, np.zeros(voted.shape, np.bool_), votes)
    result = refine_edges(
        case.image, vote, [model], SPACING_MM, EdgeRule(band_mm=2.0), ClassifyConfig(), "cpu"
    )
    for bone in (1, 2):
        before = dice(voted == bone, case.label_map == bone)
        after = dice(result.label_map == bone, case.label_map == bone)
        assert after > before + 0.03
        assert after > 0.93


def test_images_of_other_pixels_are_resampled_for_training() -> None:
    coarse = replace(SHORT, pixel_mm=1.0)
    final, _ = fit(coarse)
    native, _ = fit(SHORT)
    assert not same_weights(final, native)
    assert math.isfinite(final.best_score)


def test_bad_cases_are_refused() -> None:
    case, other = ellipses(1), ellipses(2)
    two_classes = replace(TINY, classes=2)
    for train, held_out, network, message in (
        ([], [case], TINY, "found 0 training"),
        ([case], [], TINY, "0 held-out"),
        ([case, other], [other], TINY, "both trained on and held out"),
        ([case], [other], two_classes, "holds label 2"),
    ):
        with pytest.raises(ValueError, match=message):
            fit_classifier(train, held_out, network, SHORT, np.random.default_rng(0), device="cpu")


def test_diverged_training_stops() -> None:
    bad = ellipses(1)
    bad.image[:] = np.nan
    with pytest.raises(RuntimeError, match="loss became nan"):
        fit_classifier([bad], [ellipses(2)], TINY, SHORT, np.random.default_rng(0), device="cpu")


def test_state_with_wrong_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="training state has keys"):
        TrainingState.from_dict({"epoch": 1})


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0},
        {"batch_size": 1},
        {"learning_rate": math.nan},
        {"weight_decay": -1.0},
        {"label_smoothing": 1.0},
        {"rest_share": 1.1},
        {"rest_share": -0.1},
        {"pixel_mm": 0.0},
    ],
)
def test_bad_config_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        TrainingConfig(**change)  # type: ignore[arg-type]
