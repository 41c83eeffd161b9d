"""The training of the slice context: cases, how they vary, loss, steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from shoulderseg.refine.slice_context import (
    MOST_LOGIT,
    VOTERS,
    ContextConfig,
    SliceContext,
    lengths_of,
    logits_of,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]

# Slices and pixels on a side of a training patch.
_SLICES, _SIDE = (4, 16), 128
_WARM_UP = 100
# Share of patches, at random, that are stretched.
_STRETCHED = 0.6
# Of the averaged weights, whose mean is over fewer steps at the beginning.
_DECAY = 0.995
# A bone of fewer voxels in a patch has no Dice loss.
_LEAST_VOXELS = 50
# Weight of the cross-entropy beside Dice: most voxels of a patch are easy.
_ENTROPY = 10.0


@dataclass(frozen=True)
class ContextCase:
    """What the voters said of a case that they never saw, and the truth.

    Attributes:
        probabilities: Of the first bone, the second, and both as one, floating point
            (3, Z, Y, X), slices first.
        bones: Where the two bones are, bool (2, Z, Y, X).
        spacing_mm: Of the voxels, (Z, Y, X).
    """

    probabilities: npt.NDArray[np.floating]
    bones: Mask
    spacing_mm: tuple[float, float, float]


@dataclass(frozen=True)
class ContextTraining:
    """How to train.

    Attributes:
        steps: Optimiser steps of one patch each, at least 1.
        learning_rate: AdamW's highest; it rises over the first 100 steps and falls to 0.
    """

    steps: int = 4000
    learning_rate: float = 3e-3

    def __post_init__(self) -> None:
        if self.steps < 1:
            msg = f"steps is {self.steps}, expected at least 1"
            raise ValueError(msg)


def fit_context(
    cases: Sequence[ContextCase],
    config: ContextConfig,
    training: ContextTraining,
    rng: np.random.Generator,
    *,
    device: torch.device | str = "cpu",
    on_step: Callable[[int], None] = lambda step: None,
) -> Mapping[str, torch.Tensor]:
    """Trains a slice context.

    Args:
        cases: At least one.
        config: Shape of the network, of three voters.
        training: How.
        rng: Source of all randomness.
        device: Where to compute.
        on_step: Is told how many steps are done.

    Returns:
        Averaged weights, on the CPU.

    Raises:
        ValueError: If there is no case, a case is not finite, or the network has not three voters.
        RuntimeError: If the loss is no longer finite.
    """
    _check(cases, config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**62)))
        network = SliceContext(config).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-4)
    mean = {name: values.clone() for name, values in network.state_dict().items()}
    for step in range(training.steps):
        logits, bones, lengths = (part.to(device) for part in _draw(cases, training, rng))
        rate = min(1, (step + 1) / _WARM_UP) * (1 - step / training.steps) ** 0.9
        optimizer.param_groups[0]["lr"] = training.learning_rate * rate
        loss = _loss(logits + network(logits, lengths), bones)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0, error_if_nonfinite=True)
        optimizer.step()
        share = max(1 - _DECAY, 9 / (step + 10))
        for name, values in network.state_dict().items():
            mean[name].lerp_(values, share)
        on_step(step + 1)
    return {name: values.cpu() for name, values in mean.items()}


def _check(cases: Sequence[ContextCase], config: ContextConfig) -> None:
    if not cases or config.voters != VOTERS:
        msg = f"expected a case and {VOTERS} voters, found {len(cases)} and {config.voters}"
        raise ValueError(msg)
    if not all(np.isfinite(case.probabilities).all() for case in cases):
        msg = "what voters said of a case is not finite"
        raise ValueError(msg)


def _draw(
    cases: Sequence[ContextCase], training: ContextTraining, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits (Z, 3, Y, X) and bones (Z, 2, Y, X) of a patch, and its lengths."""
    case = cases[int(rng.integers(len(cases)))]
    shape = case.bones.shape[1:]
    counts = (int(rng.integers(_SLICES[0], _SLICES[1] + 1)), _SIDE, _SIDE)
    starts = [int(rng.integers(max(s - c, 0) + 1)) for s, c in zip(shape, counts, strict=True)]
    patch = (
        slice(None),
        *(slice(start, start + count) for start, count in zip(starts, counts, strict=True)),
    )
    logits, bones = logits_of(case.probabilities[patch].astype(np.float32)), case.bones[patch]
    for axis in (1, 2, 3):
        if rng.random() < 0.5:
            logits, bones = np.flip(logits, axis), np.flip(bones, axis)
    if rng.random() < 0.5:
        logits, bones = logits.swapaxes(2, 3), bones.swapaxes(2, 3)
    told = torch.from_numpy(_perturbed(logits, rng).swapaxes(0, 1).copy())
    truth = torch.from_numpy(bones.swapaxes(0, 1).astype(np.float32))
    if rng.random() < _STRETCHED:
        told, truth = _stretched(told, truth, rng)
    return told, truth, lengths_of(case.spacing_mm)


def _perturbed(logits: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Makes voters surer or less sure, and lets them miss slices or a bone, as on other images."""
    changed = logits.copy()
    for voter in changed:
        voter *= np.exp(rng.normal(0, 0.1))
        voter += rng.normal(0, 0.25)
        kinds = rng.random(len(voter))
        for plane, kind in zip(voter, kinds, strict=True):
            if kind < 0.02:
                plane *= 0.3
                plane -= 2 * rng.random()
            elif kind < 0.03:
                plane[:] = -MOST_LOGIT
            elif kind < 0.06:
                plane += rng.normal(0, 1)
        if rng.random() < 0.02:
            np.minimum(voter, rng.normal(-1, 1), out=voter)
    return np.clip(changed, -MOST_LOGIT, MOST_LOGIT)


def _stretched(
    logits: torch.Tensor, bones: torch.Tensor, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Larger or smaller bones, wider or higher ones, in pixels of the same size."""
    size, aspect = np.exp(rng.uniform(-0.3, 0.3)), np.exp(rng.normal(0, 0.12))
    rows, columns = logits.shape[2:]
    sides = (max(round(rows * size * aspect), 8), max(round(columns * size / aspect), 8))
    larger, mask = (
        F.interpolate(part, sides, mode="bilinear", align_corners=False) for part in (logits, bones)
    )
    return larger, (mask > 0.5).float()


def _loss(logits: torch.Tensor, bones: torch.Tensor) -> torch.Tensor:
    """Cross-entropy and soft Dice of each voter, and of the vote on each bone."""
    own = torch.sigmoid(logits)
    vote = ((own[:, :2] + own[:, 2:]) / 2).clamp(1e-5, 1 - 1e-5)
    truth = torch.cat([bones, bones.amax(1, keepdim=True)], 1)
    entropy = F.binary_cross_entropy_with_logits(logits, truth) + F.binary_cross_entropy(
        vote, bones
    )
    said, wanted = torch.cat([own, vote], 1), torch.cat([truth, bones], 1)
    shared, both = (said * wanted).sum((0, 2, 3)), (said + wanted).sum((0, 2, 3))
    there = wanted.sum((0, 2, 3)) > _LEAST_VOXELS
    missing = (1 - (2 * shared + 1) / (both + 1)) * there
    return _ENTROPY * entropy + missing.sum() / there.sum().clamp(min=1)
