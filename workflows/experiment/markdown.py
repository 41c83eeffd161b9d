"""The table of an experiment as Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from shoulderseg.workflows.experiment.rows import row_title
from shoulderseg.workflows.experiment.table import (
    OVERALL,
    PUBLISHED,
    PUBLISHED_NOTE,
    Comparison,
    Outcome,
    Summary,
    summarise_patients,
)

HEADINGS = {
    "dice": "Dice",
    "iou": "IoU",
    "ppv": "PPV",
    "sensitivity": "sensitivity",
    "hd95_mm": "HD95 mm",
    "assd_mm": "ASSD mm",
    "nsd": "NSD",
}

# Smaller ones would be 0.000 with three decimals.
_LEAST_P = 0.0005
TABLE_NOTE = (
    "Mean ± standard deviation over patients; a patient's images are averaged first. * what "
    f"predict does without options. {PUBLISHED_NOTE}"
)


def summary_text(summary: Summary, metric: str) -> str:
    """Mean and standard deviation, with as many digits as the metric bears."""
    if math.isnan(summary.mean):
        return "-"
    digits = 2 if metric.endswith("_mm") else 3
    deviation = "" if math.isnan(summary.sd) else f" ± {summary.sd:.{digits}f}"
    return f"{summary.mean:.{digits}f}{deviation}"


def table_lines(outcome: Outcome) -> list[tuple[str, list[list[str]]]]:
    """The table as cells: for each structure its name and its rows, headings first."""
    scores, tolerance_mm = outcome.scores, outcome.tolerance_mm
    headings = [*HEADINGS.values()]
    headings[-1] = f"NSD at {tolerance_mm:g} mm"
    structures = list(next(iter(scores.values()), {}))
    tables = []
    for structure in [OVERALL, *(name for name in structures if name != OVERALL)]:
        rows = [["", "n", *headings]]
        for row, metrics in scores.items():
            found = {name: summarise_patients(metrics[structure][name]) for name in HEADINGS}
            cells = [summary_text(summary, name) for name, summary in found.items()]
            star = " *" if row == outcome.usual else ""
            rows.append([row_title(row) + star, str(found["dice"].n), *cells])
        if structure == OVERALL:
            rows += [_published(name, figures) for name, figures in PUBLISHED.items()]
        tables.append((structure, rows))
    return tables


def _published(name: str, figures: Mapping[str, tuple[float, float]]) -> list[str]:
    cells = [
        summary_text(Summary(*figures[metric], 3), metric) if metric in figures else ""
        for metric in HEADINGS
    ]
    return [f"{name}, published", "3", *cells]


def comparison_lines(comparisons: Sequence[Comparison]) -> list[list[str]]:
    """The comparisons as cells, headings first."""
    headings = ["Dice of", "against", "structure", "n", "difference", "95 % interval", "p", "r"]
    rows = [headings]
    for one in comparisons:
        interval = "-" if math.isnan(one.low) else f"{one.low:+.4f} to {one.high:+.4f}"
        p = f"{one.p_value:.3f}" if one.p_value >= _LEAST_P else f"{one.p_value:.1e}"
        figures = [f"{one.difference:+.4f}", interval, p]
        names = [row_title(one.row), row_title(one.against), one.structure, str(one.n)]
        rows.append([*names, *figures, f"{one.effect_size:+.2f}"])
    return rows


def markdown(outcome: Outcome) -> str:
    """Puts the tables together."""
    parts = ["# Results of the experiment", *outcome.notes]
    for structure, rows in table_lines(outcome):
        parts += [f"## {structure}", as_table(rows)]
    parts.append(TABLE_NOTE)
    parts += ["## Paired comparisons", as_table(comparison_lines(outcome.comparisons))]
    parts.append(comparison_note(outcome.comparisons))
    return "\n\n".join(parts) + "\n"


def comparison_note(comparisons: Sequence[Comparison]) -> str:
    """What the figures of the comparisons are, and what so many patients can show at best."""
    patients = max((one.n for one in comparisons), default=0)
    told = "1 patient" if patients == 1 else f"{patients} patients"
    return (
        "Interval: Student's t, from 20 patients on bootstrap; p: Wilcoxon's signed-rank test, not "
        "corrected for the number of comparisons; r: matched-pairs rank-biserial correlation. "
        f"With {told} p cannot be below {min(1.0, 2.0 ** (1 - patients)):.2g}."
    )


def as_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a table of Markdown, headings first."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)
