"""The table of an experiment as Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from shoulderseg.workflows.experiment.rows import USUAL, row_title
from shoulderseg.workflows.experiment.table import (
    OVERALL,
    PUBLISHED,
    PUBLISHED_NOTE,
    Comparison,
    PatientScores,
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


def summary_text(summary: Summary, metric: str) -> str:
    """Mean and standard deviation, with as many digits as the metric bears."""
    if math.isnan(summary.mean):
        return "-"
    digits = 2 if metric.endswith("_mm") else 3
    deviation = "" if math.isnan(summary.sd) else f" ± {summary.sd:.{digits}f}"
    return f"{summary.mean:.{digits}f}{deviation}"


def table_lines(scores: PatientScores, tolerance_mm: float) -> list[tuple[str, list[list[str]]]]:
    """The table as cells: for each structure its name and its rows, headings first."""
    headings = [*HEADINGS.values()]
    headings[-1] = f"NSD at {tolerance_mm:g} mm"
    structures = list(next(iter(scores.values()), {}))
    tables = []
    for structure in [OVERALL, *(name for name in structures if name != OVERALL)]:
        rows = [["", "n", *headings]]
        for row, metrics in scores.items():
            found = {name: summarise_patients(metrics[structure][name]) for name in HEADINGS}
            cells = [summary_text(summary, name) for name, summary in found.items()]
            star = " *" if row == USUAL else ""
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
        figures = [f"{one.difference:+.4f}", interval, f"{one.p_value:.3f}"]
        names = [row_title(one.row), row_title(one.against), one.structure, str(one.n)]
        rows.append([*names, *figures, f"{one.effect_size:+.2f}"])
    return rows


def markdown(
    scores: PatientScores, comparisons: Sequence[Comparison], tolerance_mm: float, notes: list[str]
) -> str:
    """Puts the tables together.

    Args:
        scores: of the patients.
        comparisons: of the rows.
        tolerance_mm: of the normalised surface Dice.
        notes: sentences that stand before the tables.
    """
    parts = ["# Results of the experiment", *notes]
    for structure, rows in table_lines(scores, tolerance_mm):
        parts += [f"## {structure}", _as_table(rows)]
    parts.append(
        "Mean ± standard deviation over patients; a patient's images are averaged first. * what "
        f"`predict` does without options. {PUBLISHED_NOTE}"
    )
    parts += ["## Paired comparisons", _as_table(comparison_lines(comparisons))]
    parts.append(
        "p: Wilcoxon's signed-rank test, not corrected for the number of comparisons; r: "
        "matched-pairs rank-biserial correlation. With three patients p cannot be below 0.25."
    )
    return "\n\n".join(parts) + "\n"


def _as_table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)
