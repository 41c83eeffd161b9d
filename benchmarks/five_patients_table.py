"""The table of `five_patients`: ways over draws, and the one of them that counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from shoulderseg.evaluation.paired import Paired, compare_paired
from shoulderseg.workflows.experiment.protocol import Protocol
from shoulderseg.workflows.experiment.results import stock_sentences
from shoulderseg.workflows.experiment.rows import REFINED, row_title
from shoulderseg.workflows.experiment.table import OVERALL

SEED = 2021
STOCK = "stock_2d"
# The row that answers the question: of each draw the one that its results call usual.
COUNTS = "predict"


class Effort(NamedTuple):
    """How much is drawn and learned."""

    draws: int
    epochs: int
    iterations: int
    refiner_epochs: int
    refiner_steps: int
    tested: int


def notes_of(effort: Effort, protocol: Protocol, results: Sequence[dict[str, Any]]) -> list[str]:
    """Sentences that stand above the table.

    Args:
        effort: How much was drawn and learned.
        protocol: Of any draw.
        results: Of all draws.
    """
    refined = sum(str(one["usual"]).endswith(REFINED) for one in results)
    return [
        f"{effort.draws} draws of 5 patients, {effort.tested} tested; {effort.epochs} x "
        f"{effort.iterations} steps a network",
        *stock_sentences(protocol),
        "** The row that answers the question, named before any draw was run: what predict does "
        f"without options, with refined edges in {refined} of {len(results)} draws, as the "
        "held-out training patients chose. The other rows are shown beside it; the best of them, "
        "picked after the fact, answers nothing.",
    ]


def summarise_draws(results: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mean Dice of each row over draws, and its difference to stock nnU-Net's.

    Args:
        results: Of all draws.

    Returns:
        Row to structure to figures; the row that counts comes first.
    """
    rows: dict[str, dict[str, Any]] = {}
    for row in (COUNTS, *results[0]["rows"]):
        rows[row] = {}
        for structure in results[0]["rows"][STOCK]:
            ours, theirs = (
                [_row_of(one, name)[structure]["dice"]["mean"] for one in results]
                for name in (row, STOCK)
            )
            paired = compare_paired(theirs, ours, np.random.default_rng(SEED))
            rows[row][structure] = {
                "dice": ours,
                "mean": float(np.mean(ours)),
                "difference": paired.mean_difference,
                "interval": interval_of(paired),
                "p": paired.p_value,
            }
    return rows


def _row_of(result: dict[str, Any], row: str) -> dict[str, Any]:
    """A row of a draw's table; which of them counts, the draw itself has chosen."""
    found: dict[str, Any] = result["rows"][result["usual"] if row == COUNTS else row]
    return found


def as_markdown(rows: dict[str, dict[str, Any]]) -> str:
    """The table: a row a way, a column a structure."""
    structures = [name for name in next(iter(rows.values())) if name != OVERALL]
    structures.insert(0, OVERALL)
    lines = ["| way | " + " | ".join(f"{name} | against stock" for name in structures) + " |"]
    lines.append("|---" * (1 + 2 * len(structures)) + "|")
    for row, found in rows.items():
        cells = ["** what predict does" if row == COUNTS else row_title(row)]
        for structure in structures:
            one = found[structure]
            cells.append(f"{one['mean']:.3f}")
            cells.append("" if row == STOCK else told_difference(one))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def interval_of(paired: Paired) -> list[float] | None:
    """The interval of a difference; None where one pair alone tells of no spread."""
    return list(paired.interval) if np.isfinite(paired.interval).all() else None


def told_difference(found: Mapping[str, Any]) -> str:
    """A `difference`, with its `interval` where there is one."""
    told = f"{found['difference']:+.3f}"
    if found["interval"] is None:
        return told
    low, high = found["interval"]
    return f"{told} [{low:+.3f}, {high:+.3f}]"
