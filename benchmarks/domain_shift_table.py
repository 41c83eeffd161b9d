"""The table of `domain_shift`, and what has to be said above it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from benchmarks.five_patients_table import interval_of, told_difference
from shoulderseg.evaluation.paired import compare_paired
from shoulderseg.nnunet_ext.schedule import DEFAULT_LEARNING_RATE
from shoulderseg.workflows.experiment.protocol import Protocol
from shoulderseg.workflows.experiment.results import stock_sentences

SEED = 1500
# Groups of phantoms: of the scanner that is trained on, and of the other one.
HOME, AWAY = "home", "away"
LABELS = {"background": 0, "humerus": 1, "glenoid": 2}
BONES = {name: value for name, value in LABELS.items() if value}
# Marks the rows of networks that have learned from images as the second scanner makes them.
SEEN = " *"
# A lower rate than that of random weights, so that what the bundle knows is not lost at once.
LEARNING_RATE_FROM_BUNDLE = 0.002

# Case to bone to Dice.
DiceScores = dict[str, dict[str, float]]
# Way to scanner to bone to `mean`, `difference` and `interval`.
Found = dict[str, dict[str, dict[str, dict[str, Any]]]]


class Effort(NamedTuple):
    """How much is drawn and learned."""

    trained: int
    tested: int
    epochs: int
    iterations: int
    refiner_epochs: int
    refiner_steps: int
    shape: tuple[int, int, int]


def caption(effort: Effort, protocol: Protocol) -> list[str]:
    """Sentences that stand above the table, without which its rows would be misread.

    Args:
        effort: How much was drawn and learned.
        protocol: Of the experiment with stock nnU-Net.
    """
    return [
        f"{effort.trained} phantoms trained on, {effort.tested} of each kind tested; "
        f"{effort.epochs} x {effort.iterations} steps a network",
        *stock_sentences(protocol),
        "* The default bundle learned from phantoms of every sequence and plane, so also of the "
        f"kind that is called {AWAY} here: these rows show no step to an unseen scanner, but what "
        "it helps to have learned from such images before. The other rows have not seen any. The "
        f"learning rate of those that go on from the bundle is {LEARNING_RATE_FROM_BUNDLE:g}, that "
        f"of random weights {DEFAULT_LEARNING_RATE:g}.",
    ]


def compare_ways(ways: dict[str, DiceScores]) -> Found:
    """Compares each way with the first over the same cases.

    Args:
        ways: The Dice of each case; names of cases begin with that of their scanner.

    Returns:
        Way to scanner to bone to `mean`, `difference` to the first way and its `interval`.
    """
    first = next(iter(ways.values()))
    found: Found = {}
    for way, scores in ways.items():
        found[way] = {}
        for scanner in (HOME, AWAY):
            cases = [case for case in first if case.startswith(scanner)]
            found[way][scanner] = {}
            for bone in BONES:
                before, after = ([of[case][bone] for case in cases] for of in (first, scores))
                paired = compare_paired(before, after, np.random.default_rng(SEED))
                found[way][scanner][bone] = {
                    "mean": paired.mean_after,
                    "difference": paired.mean_difference,
                    "interval": interval_of(paired),
                }
    return found


def as_markdown(found: Found) -> str:
    """The table: a row a way, a column a scanner and bone."""
    columns = [(scanner, bone) for scanner in (HOME, AWAY) for bone in BONES]
    lines = ["| way | " + " | ".join(f"{scanner}, {bone}" for scanner, bone in columns) + " |"]
    lines.append("|---" * (1 + len(columns)) + "|")
    for number, (way, scanners) in enumerate(found.items()):
        cells = [way]
        for scanner, bone in columns:
            one = scanners[scanner][bone]
            against = f" ({told_difference(one)})" if number else ""
            cells.append(f"{one['mean']:.3f}{against}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
