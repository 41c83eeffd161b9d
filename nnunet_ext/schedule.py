"""How long, how fast and from what a training learns, kept beside its checkpoints.

It is read from the environment: nnU-Net's command line has no options for this and its answer is
one class for each number.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import NamedTuple

EPOCHS_VARIABLE = "SHOULDERSEG_EPOCHS"
ITERATIONS_VARIABLE = "SHOULDERSEG_ITERATIONS"
LEARNING_RATE_VARIABLE = "SHOULDERSEG_LEARNING_RATE"
AUGMENTATION_VARIABLE = "SHOULDERSEG_AUGMENTATION"
# How much training images vary; see augmentation.py.
USUAL, STRONG = "usual", "strong"
AUGMENTATIONS = (USUAL, STRONG)
DEFAULT_EPOCHS = 1000
DEFAULT_ITERATIONS = 250
DEFAULT_LEARNING_RATE = 0.01
SCHEDULE_FILE = "schedule.json"


class Schedule(NamedTuple):
    """Length of a training, how often it can be resumed, how fast it begins, and its variation."""

    epochs: int
    iterations: int
    validation_iterations: int
    save_every: int
    learning_rate: float = DEFAULT_LEARNING_RATE
    augmentation: str = USUAL


def read_schedule(begun: Path | None = None) -> Schedule:
    """Reads the variables above.

    Args:
        begun: Folder of a training that is to go on. It keeps the length, the learning rate and the
            augmentation it began with: the rate falls over the whole length.

    Returns:
        nnU-Net's own numbers (1000 epochs of 250 iterations, 0.01) where a variable is not set. The
        share of validation iterations is nnU-Net's, one to five. A checkpoint is kept at least
        twenty times a training, so an interrupted one loses little.

    Raises:
        ValueError: If a length is not a whole number above zero, the learning rate not a number
            above zero, the augmentation unknown, or one of them differs from what the training
            began with.
    """
    kept = None if begun is None else kept_lengths(begun)
    epochs, iterations = kept or (DEFAULT_EPOCHS, DEFAULT_ITERATIONS)
    asked = _positive_int(EPOCHS_VARIABLE, epochs), _positive_int(ITERATIONS_VARIABLE, iterations)
    if kept is not None and asked != kept:
        msg = (
            f"this training began with {epochs} epochs of {iterations} iterations and cannot go "
            f"on with {asked[0]} of {asked[1]}; leave the length out, or remove {begun}"
        )
        raise ValueError(msg)
    epochs, iterations = asked
    begun_rate = None if begun is None else kept_rate(begun)
    rate = _positive_float(LEARNING_RATE_VARIABLE, begun_rate or DEFAULT_LEARNING_RATE)
    if begun_rate is not None and rate != begun_rate:
        msg = (
            f"this training began with a learning rate of {begun_rate:g} and cannot go on with "
            f"{rate:g}; leave it out, or remove {begun}"
        )
        raise ValueError(msg)
    return Schedule(
        epochs=epochs,
        iterations=iterations,
        validation_iterations=max(1, iterations // 5),
        save_every=min(50, max(1, epochs // 20)),
        learning_rate=rate,
        augmentation=_augmentation(begun),
    )


def _augmentation(begun: Path | None) -> str:
    kept = None if begun is None else kept_augmentation(begun)
    asked = os.environ.get(AUGMENTATION_VARIABLE, "").strip() or kept or USUAL
    if asked not in AUGMENTATIONS:
        msg = f"{AUGMENTATION_VARIABLE} is {asked!r}; expected one of {', '.join(AUGMENTATIONS)}"
        raise ValueError(msg)
    if kept is not None and asked != kept:
        msg = (
            f"this training began with {kept} augmentation and cannot go on with {asked}; leave it "
            f"out, or remove {begun}"
        )
        raise ValueError(msg)
    return asked


def keep_schedule(folder: Path, schedule: Schedule) -> None:
    """Notes length, learning rate and augmentation of a training in its folder."""
    noted = {
        "epochs": schedule.epochs,
        "iterations": schedule.iterations,
        "learning_rate": schedule.learning_rate,
        "augmentation": schedule.augmentation,
    }
    write_note(folder / SCHEDULE_FILE, json.dumps(noted) + "\n")


def write_note(path: Path, text: str) -> None:
    """Writes a note by an atomic replace: other processes read it while a training runs."""
    made = path.with_name(f".{path.name}.part")
    made.write_text(text)
    made.replace(path)


def kept_lengths(folder: Path) -> tuple[int, int] | None:
    """Returns the epochs and iterations an epoch that a training began with; None if not noted."""
    path = folder / SCHEDULE_FILE
    if not path.is_file():
        return None
    lengths = json.loads(path.read_text())
    return int(lengths["epochs"]), int(lengths["iterations"])


def kept_rate(folder: Path) -> float | None:
    """Returns the learning rate that a training began with; None if the training is not noted."""
    path = folder / SCHEDULE_FILE
    if not path.is_file():
        return None
    # A training that began before this could be chosen has nnU-Net's.
    return float(json.loads(path.read_text()).get("learning_rate", DEFAULT_LEARNING_RATE))


def kept_augmentation(folder: Path) -> str | None:
    """Returns the augmentation that a training began with; None if the training is not noted."""
    path = folder / SCHEDULE_FILE
    if not path.is_file():
        return None
    # A training that began before this could be chosen has the usual one.
    return str(json.loads(path.read_text()).get("augmentation", USUAL))


def _positive_float(variable: str, default: float) -> float:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        msg = f"{variable} is {text!r}; expected a number above zero"
        raise ValueError(msg)
    return value


def _positive_int(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        msg = f"{variable} is {text!r}; expected a whole number above zero"
        raise ValueError(msg)
    return int(text)
