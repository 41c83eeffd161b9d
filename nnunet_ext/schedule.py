"""How long a training runs, read from the environment and kept beside its checkpoints.

nnU-Net's command line has no options for this and its answer is one class for each number.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

EPOCHS_VARIABLE = "SHOULDERSEG_EPOCHS"
ITERATIONS_VARIABLE = "SHOULDERSEG_ITERATIONS"
DEFAULT_EPOCHS = 1000
DEFAULT_ITERATIONS = 250
SCHEDULE_FILE = "schedule.json"


class Schedule(NamedTuple):
    """Length of a training, and how often it can be resumed."""

    epochs: int
    iterations: int
    validation_iterations: int
    save_every: int


def read_schedule(begun: Path | None = None) -> Schedule:
    """Reads the schedule from `SHOULDERSEG_EPOCHS` and `SHOULDERSEG_ITERATIONS`.

    Args:
        begun: folder of a training that is to go on. It keeps the length it began with: the
            learning rate falls over the whole of it.

    Returns:
        nnU-Net's own numbers (1000 epochs of 250 iterations) where a variable is not set. The
        share of validation iterations is nnU-Net's, one to five. A checkpoint is kept at least
        twenty times a training, so an interrupted one loses little.

    Raises:
        ValueError: if a variable is not a whole number above zero, or differs from what the
            training began with.
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
    return Schedule(
        epochs=epochs,
        iterations=iterations,
        validation_iterations=max(1, iterations // 5),
        save_every=min(50, max(1, epochs // 20)),
    )


def keep_schedule(folder: Path, schedule: Schedule) -> None:
    """Notes the length of a training in its folder."""
    lengths = {"epochs": schedule.epochs, "iterations": schedule.iterations}
    (folder / SCHEDULE_FILE).write_text(json.dumps(lengths) + "\n")


def kept_lengths(folder: Path) -> tuple[int, int] | None:
    """Epochs and iterations an epoch that a training began with; None if not noted."""
    path = folder / SCHEDULE_FILE
    if not path.is_file():
        return None
    lengths = json.loads(path.read_text())
    return int(lengths["epochs"]), int(lengths["iterations"])


def _positive_int(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        msg = f"{variable} is {text!r}; expected a whole number above zero"
        raise ValueError(msg)
    return int(text)
