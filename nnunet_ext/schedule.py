"""How long a training runs, read from the environment.

nnU-Net's command line has no options for this and its answer is one class for each number.
"""

from __future__ import annotations

import os
from typing import NamedTuple

EPOCHS_VARIABLE = "SHOULDERSEG_EPOCHS"
ITERATIONS_VARIABLE = "SHOULDERSEG_ITERATIONS"
DEFAULT_EPOCHS = 1000
DEFAULT_ITERATIONS = 250


class Schedule(NamedTuple):
    """Length of a training, and how often it can be resumed."""

    epochs: int
    iterations: int
    validation_iterations: int
    save_every: int


def read_schedule() -> Schedule:
    """Reads the schedule from `SHOULDERSEG_EPOCHS` and `SHOULDERSEG_ITERATIONS`.

    Returns:
        nnU-Net's own numbers (1000 epochs of 250 iterations) where a variable is not set. The
        share of validation iterations is nnU-Net's, one to five. A checkpoint is kept at least
        twenty times a training, so an interrupted one loses little.

    Raises:
        ValueError: if a variable is not a whole number above zero.
    """
    epochs = _positive_int(EPOCHS_VARIABLE, DEFAULT_EPOCHS)
    iterations = _positive_int(ITERATIONS_VARIABLE, DEFAULT_ITERATIONS)
    return Schedule(
        epochs=epochs,
        iterations=iterations,
        validation_iterations=max(1, iterations // 5),
        save_every=min(50, max(1, epochs // 20)),
    )


def _positive_int(variable: str, default: int) -> int:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        msg = f"{variable} is {text!r}; expected a whole number above zero"
        raise ValueError(msg)
    return int(text)
