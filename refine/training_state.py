"""What a training run is set to do, and where it stands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch

from shoulderseg.refine.resampling import check_pixel_mm


@dataclass(frozen=True)
class TrainingConfig:
    """How to train.

    Attributes:
        epochs: Passes between validations, at least 1.
        steps_per_epoch: Optimiser steps in each, at least 1.
        batch_size: Patches per step, at least 2 (batch normalisation needs two).
        learning_rate: AdamW's, at the start; it falls to 0 along a cosine.
        weight_decay: AdamW's, at least 0.
        label_smoothing: 0 to below 1.
        band_mm: How far from the reference's boundary counts as edge, for cases without a region
            of their own. Wider than the refinement's band, since the vote's boundary may itself
            lie off the reference's.
        rest_share: Share of patches far from every edge; the edges get what remains, 0 to 1.
        augment: Change training patches at random.
        validation_voxels: How many held-out edge voxels give the score, at least 1.
        pixel_mm: In-plane pixel size to resample images to; None is the native grid.
        half: Multiply in bfloat16, which is only faster where the hardware has it.

    Raises:
        ValueError: A value out of range.
    """

    epochs: int = 40
    steps_per_epoch: int = 250
    batch_size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    label_smoothing: float = 0.0
    band_mm: float = 3.0
    rest_share: float = 0.2
    augment: bool = True
    validation_voxels: int = 8192
    pixel_mm: float | None = None
    half: bool = False

    def __post_init__(self) -> None:
        least = {"epochs": 1, "steps_per_epoch": 1, "batch_size": 2, "validation_voxels": 1}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                msg = f"{name} is {getattr(self, name)}, expected at least {bound}"
                raise ValueError(msg)
        for name in ("learning_rate", "weight_decay", "band_mm"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                msg = f"{name} is {value}, expected a finite number of at least 0"
                raise ValueError(msg)
        if not 0.0 <= self.label_smoothing < 1.0:
            msg = f"label_smoothing is {self.label_smoothing}, expected 0 to below 1"
            raise ValueError(msg)
        if not 0.0 <= self.rest_share <= 1.0:
            msg = f"rest_share is {self.rest_share}, expected 0 to 1"
            raise ValueError(msg)
        check_pixel_mm(self.pixel_mm)


@dataclass(frozen=True)
class TrainingState:
    """Where a training run stands after an epoch; holds copies on the CPU.

    Every random draw follows from `seed` and the epoch's number, so no generator's inner state
    needs keeping.

    Attributes:
        epoch: Epochs done.
        seed: Source of all randomness of the run.
        weights: The network's state.
        optimizer: The optimiser's state; empty before the first epoch.
        best_weights: The network's state at the best score so far.
        best_score: That score, minus infinity before the first epoch.
        loss: Mean training loss of each epoch done.
        score: Validation score of each epoch done.
    """

    epoch: int
    seed: int
    weights: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    best_weights: dict[str, torch.Tensor]
    best_score: float
    loss: tuple[float, ...]
    score: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Tensors, numbers, strings, lists and dicts, which `torch.load` reads weights-only."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingState:
        """Reads back what `to_dict` gave.

        Args:
            values: Exactly its keys.

        Returns:
            The state.

        Raises:
            ValueError: Keys missing or unknown.
        """
        expected = {field.name for field in fields(cls)}
        if set(values) != expected:
            msg = f"training state has keys {sorted(values)}, expected {sorted(expected)}"
            raise ValueError(msg)
        known: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**known)
