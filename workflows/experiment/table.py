"""The table: each way's scores over patients, and paired comparisons of the ways."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from shoulderseg.workflows.experiment.rows import PAPER, UNETS, VOTE
from shoulderseg.workflows.experiment.score import WHOLE, Scores

OVERALL = "mean of both"
# What is published, for whoever reads the table: mean and standard deviation.
PUBLISHED: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "Mu et al. 2021": {"dice": (0.91, 0.02), "ppv": (0.95, 0.03), "sensitivity": (0.95, 0.02)},
    "Wang and Han 2021": {"dice": (0.96, 0.02), "ppv": (0.97, 0.02), "sensitivity": (0.94, 0.03)},
}
PUBLISHED_NOTE = (
    "The published figures are of other patients, eight in each paper, and say nothing of these. "
    "Dice 0.91 does not follow from PPV 0.95 and sensitivity 0.95, which would give 0.95."
)


class Summary(NamedTuple):
    """A metric over patients: mean, standard deviation of the sample, and how many counted."""

    mean: float
    sd: float
    n: int


class Comparison(NamedTuple):
    """Dice of two rows over the same patients; see `compare_paired`.

    Attributes:
        row: the row.
        against: what it is compared with.
        structure: a bone, both as one, or the mean of both.
        n: patients.
        difference: mean of row - against.
        low: of its 95 % interval.
        high: of its 95 % interval.
        p_value: of the Wilcoxon signed-rank test.
        effect_size: matched-pairs rank-biserial correlation.
    """

    row: str
    against: str
    structure: str
    n: int
    difference: float
    low: float
    high: float
    p_value: float
    effect_size: float


# Row, structure, metric to patient to score; NaN where there is none.
PatientScores = dict[str, dict[str, dict[str, dict[str, float]]]]


class Outcome(NamedTuple):
    """What an experiment found.

    Attributes:
        scores: of the patients.
        comparisons: of the rows.
        tolerance_mm: of the normalised surface Dice.
        usual: the row that `predict` takes without options.
        notes: sentences that stand before the tables.
    """

    scores: PatientScores
    comparisons: Sequence[Comparison]
    tolerance_mm: float
    usual: str
    notes: Sequence[str]


def patient_scores(cases: Mapping[str, Scores]) -> PatientScores:
    """Averages the cases of each patient, and both bones.

    A case whose reference lacks a structure counts for it in no row, whatever a row found there,
    so that all rows are averaged over the same cases; the mean of both is of cases with both.

    Args:
        cases: what `score_case_rows` gave for each case.
    """
    from shoulderseg.evaluation.scores import METRICS

    rows: PatientScores = {}
    first: Scores = next(iter(cases.values()), {})
    for row, structures in first.get("rows", {}).items():
        rows[row] = {}
        for structure in structures:
            rows[row][structure] = {
                metric: _by_patient(cases, (row, structure, metric), [structure])
                for metric in METRICS
            }
        bones = [name for name in structures if name != WHOLE]
        rows[row][OVERALL] = {
            metric: _mean_of([_by_patient(cases, (row, bone, metric), bones) for bone in bones])
            for metric in METRICS
        }
    return rows


def false_positives(cases: Mapping[str, Scores]) -> dict[str, dict[str, int]]:
    """Counts the cases in which a row found a structure that the reference lacks.

    Args:
        cases: as for `patient_scores`.

    Returns:
        Row to structure to number of cases.
    """
    first: Scores = next(iter(cases.values()), {})
    return {
        row: {
            structure: sum(
                structure in scores["absent"]
                # Nothing found where nothing is has no Dice.
                and scores["rows"][row][structure]["dice"] is not None
                for scores in cases.values()
            )
            for structure in structures
        }
        for row, structures in first.get("rows", {}).items()
    }


def _by_patient(
    cases: Mapping[str, Scores], place: tuple[str, str, str], needed: Sequence[str]
) -> dict[str, float]:
    """Mean of one row, structure and metric over each patient's cases that have what is needed."""
    row, structure, metric = place
    values: dict[str, list[float]] = {}
    for scores in cases.values():
        found = values.setdefault(scores["patient"], [])
        if not set(needed) & set(scores["absent"]):
            found.append(float(scores["rows"][row][structure][metric]))
    return {name: float(np.mean(some)) if some else math.nan for name, some in values.items()}


def _mean_of(bones: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean of both bones; NaN for a patient without an image of both."""
    return {patient: float(np.mean([bone[patient] for bone in bones])) for patient in bones[0]}


def summarise_patients(values: Mapping[str, float]) -> Summary:
    """Mean and standard deviation over patients; NaN where none, or one, counted."""
    counted = np.array([value for value in values.values() if not math.isnan(value)])
    return Summary(
        float(counted.mean()) if counted.size else math.nan,
        float(counted.std(ddof=1)) if counted.size > 1 else math.nan,
        int(counted.size),
    )


def compare_rows(scores: PatientScores, rng: np.random.Generator) -> list[Comparison]:
    """Compares each row's Dice with stock nnU-Net's where it was trained, else the U-Nets'.

    The paper's own way is compared with the vote of the U-Nets too. A structure that no patient
    has in both is left out.

    Args:
        scores: of the patients.
        rng: draws the resamples.
    """
    from shoulderseg.evaluation.paired import compare_paired

    base = next((row for row in scores if row.startswith("stock_")), UNETS)
    pairs = [(row, base) for row in scores if row != base]
    pairs += [(PAPER, VOTE)] if {PAPER, VOTE} <= set(scores) else []
    found = []
    for row, against in pairs:
        for structure, metrics in scores[row].items():
            ours, theirs = metrics["dice"], scores[against][structure]["dice"]
            patients = sorted(ours)
            paired = compare_paired(
                [theirs[name] for name in patients], [ours[name] for name in patients], rng
            )
            # Where no reference has the structure there is nothing to compare.
            if not paired.n:
                continue
            found.append(
                Comparison(
                    row,
                    against,
                    structure,
                    paired.n,
                    paired.mean_difference,
                    *paired.interval,
                    paired.p_value,
                    paired.effect_size,
                )
            )
    return found


def as_records(scores: PatientScores) -> dict[str, Any]:
    """Summaries of all rows, as JSON has them."""
    return {
        row: {
            structure: {
                metric: summarise_patients(values)._asdict() for metric, values in metrics.items()
            }
            for structure, metrics in structures.items()
        }
        for row, structures in scores.items()
    }
