"""The experiment's page: one file that loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

from shoulderseg.workflows.experiment.curves import Curves
from shoulderseg.workflows.experiment.markdown import (
    TABLE_NOTE,
    comparison_lines,
    comparison_note,
    table_lines,
)
from shoulderseg.workflows.experiment.pictures import Box, box_of, polyline
from shoulderseg.workflows.experiment.rows import row_title
from shoulderseg.workflows.experiment.table import Outcome, PatientScores

_PACKAGE = "shoulderseg.workflows.experiment"
# Where the field of the box plots begins, and how wide it is.
_LEFT, _WIDE = 266.0, 356.0


class Shown(NamedTuple):
    """What the page shows.

    Attributes:
        dataset: name of the dataset.
        outcome: what was found.
        slices: for each picture its `text` and its `png` in base64.
        curves: of the trainings.
        facts: versions and options by name.
    """

    dataset: str
    outcome: Outcome
    slices: Sequence[Mapping[str, str]]
    curves: Curves
    facts: Sequence[tuple[str, str]]


def render_page(shown: Shown) -> str:
    """Puts the page together; whatever a file brought in stays text.

    Args:
        shown: what is on it.

    Returns:
        HTML.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    style = _asset("page.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    outcome = shown.outcome
    tables = table_lines(outcome)
    return environment.from_string(_asset("page.html.j2")).render(
        policy=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'",
        style=Markup(style),
        dataset=shown.dataset,
        notes=outcome.notes,
        tables=tables,
        boxes={structure: _boxes(outcome.scores, structure) for structure, _ in tables},
        comparisons=comparison_lines(outcome.comparisons),
        usual=row_title(outcome.usual),
        table_note=TABLE_NOTE,
        comparison_note=comparison_note(outcome.comparisons),
        slices=shown.slices,
        curves=[_curve(name, losses) for name, losses in shown.curves.items() if losses],
        facts=shown.facts,
    )


def _asset(name: str) -> str:
    return resources.files(_PACKAGE).joinpath("assets", name).read_text(encoding="utf-8")


def _boxes(scores: PatientScores, structure: str) -> dict[str, Any] | None:
    """Box plots of the Dice as the template draws them; None where nothing was found."""
    found: dict[str, Box] = {}
    for row, structures in scores.items():
        box = box_of(list(structures[structure]["dice"].values()))
        if box is not None:
            found[row] = box
    if not found:
        return None
    # From a tenth below the least.
    least = max(0.0, int(min(box.low for box in found.values()) * 10) / 10)
    wide = max(1.0 - least, 0.1)

    def place(value: float) -> float:
        return round(_LEFT + (value - least) / wide * _WIDE, 1)

    bars = [
        {
            "title": row_title(row),
            **{name: place(getattr(box, name)) for name in Box._fields if name != "values"},
            "points": [place(value) for value in box.values],
        }
        for row, box in found.items()
    ]
    steps = [least + wide * part / 5 for part in range(6)]
    return {"bars": bars, "ticks": [{"x": place(step), "text": f"{step:.2f}"} for step in steps]}


def _curve(name: str, losses: Sequence[tuple[int, float, float]]) -> dict[str, Any]:
    values = [value for _, *both in losses for value in both]
    bounds = (float(losses[0][0]), float(losses[-1][0]), min(values), max(values))
    return {
        "name": name,
        "epochs": len(losses),
        "train": polyline([(epoch, train) for epoch, train, _ in losses], bounds),
        "validation": polyline([(epoch, value) for epoch, _, value in losses], bounds),
        "first": f"{losses[0][1]:.3f}",
        "last": f"{losses[-1][1]:.3f}",
    }
