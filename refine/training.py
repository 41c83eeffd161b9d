"""The training of the edge refiner's network."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from shoulderseg.refine.augmentation import augment, build_augmentation, source_size
from shoulderseg.refine.case_patches import CaseSet, by_case, case_set, draw_labels, draw_patches
from shoulderseg.refine.classify import classify_voxels
from shoulderseg.refine.network import AlexNetConfig, PatchAlexNet, build_alexnet, load_alexnet
from shoulderseg.refine.sampling import Draw, Pools, TrainingCase, build_pools, draw_centres
from shoulderseg.refine.training_state import TrainingConfig, TrainingState

__all__ = ["TrainingCase", "TrainingConfig", "TrainingState", "fit_classifier"]

# One stream of random numbers per purpose; epochs follow from _EPOCHS on.
_WEIGHTS, _TRAINING_POOLS, _VALIDATION, _EPOCHS = range(4)

_logger = logging.getLogger(__name__)


def fit_classifier(
    train: Sequence[TrainingCase],
    validation: Sequence[TrainingCase],
    network: AlexNetConfig,
    config: TrainingConfig,
    rng: np.random.Generator,
    *,
    device: torch.device | str,
    state: TrainingState | None = None,
    on_epoch: Callable[[TrainingState], None] | None = None,
) -> TrainingState:
    """Trains a classifier, or goes on with a run that was cut off.

    After each epoch the classifier is scored on a fixed set of edge voxels of the held-out cases:
    the mean, over the classes that occur, of the share of voxels recognised (balanced accuracy).
    The weights of the best epoch are kept. On the CPU a resumed run ends with the same bits as one
    that was never cut off, given the same cases and settings.

    Args:
        train: Cases to learn from, at least one.
        validation: Held-out cases, at least one, none of them in `train`.
        network: Shape of the classifier.
        config: How to train.
        rng: Seeds a new run; not used when `state` is given.
        device: Where to compute.
        state: Where to go on; None starts anew.
        on_epoch: Called with the state after each epoch, to save it.

    Returns:
        The state after the last epoch; `state` itself if that was reached already.

    Raises:
        ValueError: No case, a case on both sides, labels beyond the network's classes, votes that
            the network expects and a case lacks, or a state that does not fit the network.
        RuntimeError: The loss is no longer finite.
    """
    _check_cases(train, validation, network)
    state = state or _fresh_state(network, int(rng.integers(2**62)))
    learning, held_out = (case_set(part, network, config.pixel_mm) for part in (train, validation))
    pools = build_pools(train, config.band_mm, _stream(state.seed, _TRAINING_POOLS))
    fixed = _validation_draw(validation, config, state.seed)
    model, optimizer = _restore(network, config, state, device)
    while state.epoch < config.epochs:
        loss = _train_epoch(model, optimizer, learning, pools, config, state)
        score = _score(model, held_out, fixed, config.batch_size, device)
        state = _next_state(state, model, optimizer, loss, score)
        _logger.info("epoch %d: loss %.4f, balanced accuracy %.4f", state.epoch, loss, score)
        if on_epoch is not None:
            on_epoch(state)
    return state


def _restore(
    network: AlexNetConfig,
    config: TrainingConfig,
    state: TrainingState,
    device: torch.device | str,
) -> tuple[PatchAlexNet, torch.optim.Optimizer]:
    """Brings classifier and optimiser to where the state left them."""
    model = load_alexnet(network, state.weights)
    model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=config.weight_decay)
    if state.optimizer:
        # The optimiser would go on in the state's own tensors.
        optimizer.load_state_dict(_copy(state.optimizer))
    return model, optimizer


def _train_epoch(
    model: PatchAlexNet,
    optimizer: torch.optim.Optimizer,
    learning: CaseSet,
    pools: Pools,
    config: TrainingConfig,
    state: TrainingState,
) -> float:
    rng = _stream(state.seed, _EPOCHS + state.epoch)
    size = model.config.patch_size
    transforms = build_augmentation(size) if config.augment else None
    images = model.config.in_channels - model.config.votes
    device = next(model.parameters()).device
    total = torch.zeros((), device=device)
    criterion = nn.CrossEntropyLoss(label_smoothing=config.label_smoothing)
    model.train()
    # Dropout draws from torch's global generators; they are put back afterwards.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(rng.integers(2**62)))
        for step in range(config.steps_per_epoch):
            done = (state.epoch + step / config.steps_per_epoch) / config.epochs
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done))
            draw = draw_centres(pools, config.batch_size, config.rest_share, rng)
            patches = draw_patches(learning, draw, source_size(size) if transforms else size)
            if transforms is not None:
                changed = augment(patches.numpy(), images, transforms, size, rng)
                patches = torch.from_numpy(changed)
            labels = torch.from_numpy(draw_labels(learning, draw))
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=config.half):
                logits = model(patches.to(device, memory_format=torch.channels_last))
            loss = criterion(logits.float(), labels.to(device))
            loss.backward()
            optimizer.step()
            total += loss.detach()
    loss_mean = float(total) / config.steps_per_epoch
    if not math.isfinite(loss_mean):
        msg = f"the loss became {loss_mean} in epoch {state.epoch + 1}; lower the learning rate"
        raise RuntimeError(msg)
    return loss_mean


def _validation_draw(cases: Sequence[TrainingCase], config: TrainingConfig, seed: int) -> Draw:
    rng = _stream(seed, _VALIDATION)
    pools = build_pools(cases, config.band_mm, rng)
    return draw_centres(pools, config.validation_voxels, 0.0, rng)


def _score(
    model: PatchAlexNet,
    held_out: CaseSet,
    draw: Draw,
    batch_size: int,
    device: torch.device | str,
) -> float:
    labels = draw_labels(held_out, draw)
    predicted = np.empty_like(labels)
    for inputs, chosen, centres in by_case(held_out, draw):
        probabilities = classify_voxels(
            model, inputs, centres, batch_size=batch_size, device=device
        )
        predicted[chosen] = probabilities.argmax(axis=1)
    return float(np.mean([(predicted[labels == c] == c).mean() for c in np.unique(labels)]))


def _fresh_state(network: AlexNetConfig, seed: int) -> TrainingState:
    generator = torch.Generator()
    generator.manual_seed(int(_stream(seed, _WEIGHTS).integers(2**62)))
    weights = build_alexnet(network, generator).state_dict()
    return TrainingState(0, seed, weights, {}, weights, -math.inf, (), ())


def _next_state(
    state: TrainingState,
    model: PatchAlexNet,
    optimizer: torch.optim.Optimizer,
    loss: float,
    score: float,
) -> TrainingState:
    weights = _copy(model.state_dict())
    better = score > state.best_score
    return TrainingState(
        epoch=state.epoch + 1,
        seed=state.seed,
        weights=weights,
        optimizer=_copy(optimizer.state_dict()),
        best_weights=weights if better else state.best_weights,
        best_score=score if better else state.best_score,
        loss=(*state.loss, loss),
        score=(*state.score, score),
    )


def _copy(value: Any) -> Any:  # noqa: ANN401  (a state is nested containers of anything)
    """Deep copy with all tensors on the CPU, so that later steps do not change it."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().clone()
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copy(item) for item in value]
    return value


def _stream(seed: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng([seed, purpose])


def _check_cases(
    train: Sequence[TrainingCase], validation: Sequence[TrainingCase], network: AlexNetConfig
) -> None:
    if not train or not validation:
        msg = f"found {len(train)} training and {len(validation)} held-out cases, need one of each"
        raise ValueError(msg)
    if any(case is other for case in train for other in validation):
        msg = "a case is both trained on and held out; its score would mean nothing"
        raise ValueError(msg)
    for case in (*train, *validation):
        if case.label_map.size and int(case.label_map.max()) >= network.classes:
            highest = case.label_map.max()
            msg = f"a case holds label {highest}, the network has {network.classes} classes"
            raise ValueError(msg)
        voters = 0 if case.votes is None else len(case.votes)
        if network.votes not in (0, voters):
            msg = f"a case has {voters} votes, the network expects {network.votes}"
            raise ValueError(msg)
