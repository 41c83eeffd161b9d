"""Scores of the label maps of one folder against those of the same names in another."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.scoring.label_files import (
    check_comparable,
    describe_values,
    foreign_values,
    read_compared,
)
from shoulderseg.workflows.scoring.match import Comparison, match_files

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.evaluation.scores import MetricSummary, StructureScore


@dataclass(frozen=True)
class Evaluation:
    """Scores of a folder.

    Attributes:
        scores: of each case and structure.
        means: of each structure, by metric.
        failed: why a reference has no scores; one sentence each.
        warnings: labels that were compared with nothing; one sentence each.
    """

    scores: tuple[StructureScore, ...]
    means: Mapping[str, Mapping[str, MetricSummary]]
    failed: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def evaluate_folders(
    predictions: Path,
    references: Path,
    labels: Mapping[str, int],
    tolerance_mm: float,
    names: Path | None = None,
) -> Evaluation:
    """Scores every reference; one without a usable prediction is named and goes without scores.

    Args:
        predictions: a label map, or a folder of them.
        references: as the predictions, with the same case names; two files may be called anything.
        labels: value of each structure.
        tolerance_mm: of the normalised surface Dice.
        names: as for `match_files`.

    Raises:
        ValueError: if one of the folders holds no label map, or the file of names is wrong.
        FileNotFoundError: if one of them does not exist.
    """
    from shoulderseg.evaluation.scores import METRICS, MetricSummary, summarise

    scores: list[StructureScore] = []
    failed: list[str] = []
    foreign: dict[str, list[frozenset[int]]] = {"prediction": [], "reference": []}
    for comparison in match_files(predictions, references, names):
        try:
            if not comparison.predictions:
                msg = f"{comparison.case}: no prediction of this name in {predictions}"
                raise ValueError(msg)
            predicted, true = read_pair(comparison, labels)
            scores += score_pair(comparison.case, predicted, true, labels, tolerance_mm)
        except (ValueError, OSError) as error:
            failed.append(str(error))
            continue
        foreign["prediction"].append(foreign_values(predicted, labels))
        foreign["reference"].append(foreign_values(true, labels))
    warnings = tuple(
        _warning(kind, [values for values in found if values])
        for kind, found in foreign.items()
        if any(found)
    )
    if not scores or all(_is_empty(score) for score in scores):
        failed.append("nothing was compared: no voxel of what is compared is in any of the files")
        empty = MetricSummary(math.nan, math.nan, 0, len(scores))
        means = {name: dict.fromkeys(METRICS, empty) for name in labels}
        return Evaluation((), means, tuple(failed), warnings)
    return Evaluation(tuple(scores), summarise(scores), tuple(failed), warnings)


def _is_empty(score: StructureScore) -> bool:
    return score.reference_voxels == score.predicted_voxels == 0


def read_pair(comparison: Comparison, labels: Mapping[str, int]) -> tuple[Volume, Volume]:
    """Reads a prediction and its reference, which must lie on the same grid.

    Raises:
        ValueError: if a file cannot be read or is an image, the grids differ, or a file holds
            labels and none that is compared; names the file.
    """
    from shoulderseg.datasets.volume import describe_grid_difference

    predicted = read_compared(comparison.predictions, labels)
    true = read_compared(comparison.references, labels)
    difference = describe_grid_difference(predicted, true)
    if difference:
        prediction = comparison.predictions[0].name
        msg = f"{prediction}: not on the grid of its reference: {difference}"
        raise ValueError(msg)
    check_comparable(comparison.predictions[0], predicted, labels)
    check_comparable(comparison.references[0], true, labels)
    return predicted, true


def score_pair(
    case: str,
    predicted: Volume,
    true: Volume,
    labels: Mapping[str, int],
    tolerance_mm: float,
) -> list[StructureScore]:
    """Scores one case, a score a structure."""
    from shoulderseg.evaluation.scores import score_case

    return score_case(predicted.array, true.array, labels, true.spacing_mm, tolerance_mm, case)


def _warning(kind: str, found: list[frozenset[int]]) -> str:
    values = describe_values(frozenset.union(*found))
    where = f"{len(found)} {kind}{'s' if len(found) > 1 else ''}"
    return f"{values} in {where} is compared with nothing; --map says which values are compared"


def write_csv(path: Path, scores: Sequence[StructureScore]) -> None:
    """Writes one row for each case and structure; an empty file without scores.

    Raises:
        OSError: if the file cannot be written.
    """
    from shoulderseg.datasets import csv_file

    records = [score.as_record() for score in scores]
    csv_file.write_csv(path, [*records[:1], *(record.values() for record in records)])


def write_json(path: Path, evaluation: Evaluation) -> None:
    """Writes the scores of the cases and the means of the structures.

    Raises:
        OSError: if the file cannot be written.
    """
    from shoulderseg.datasets.output_file import write_text

    content = {
        "cases": [_without_nan(score.as_record()) for score in evaluation.scores],
        "summary": {
            structure: {name: _without_nan(metric._asdict()) for name, metric in metrics.items()}
            for structure, metrics in evaluation.means.items()
        },
        "without_scores": list(evaluation.failed),
    }
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def _without_nan(record: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN; a metric without a value becomes null."""
    return {
        key: None if isinstance(value, float) and math.isnan(value) else value
        for key, value in record.items()
    }
