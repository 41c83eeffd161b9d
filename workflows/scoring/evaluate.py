"""Scores of the label maps of one folder against those of the same names in another."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from shoulderseg.evaluation.scores import MetricSummary, StructureScore

# A label map of the whole body has some 120 labels, an image of 8 bits up to 256 values.
MOST_LABELS = 200


@dataclass(frozen=True)
class Evaluation:
    """Scores of a folder.

    Attributes:
        scores: of each case and structure.
        means: of each structure, by metric.
        failed: why a reference has no scores, or why the scores say nothing; one sentence each.
    """

    scores: tuple[StructureScore, ...]
    means: Mapping[str, Mapping[str, MetricSummary]]
    failed: tuple[str, ...]


def evaluate_folders(
    predictions: Path, references: Path, labels: Mapping[str, int], tolerance_mm: float
) -> Evaluation:
    """Scores every reference; one without a usable prediction is named and goes without scores.

    Args:
        predictions: a label map, or a folder of them.
        references: as the predictions, with the same case names.
        labels: value of each structure.
        tolerance_mm: of the normalised surface Dice.

    Raises:
        ValueError: if one of the folders holds no label map, or two of the same case.
        FileNotFoundError: if one of them does not exist.
    """
    from shoulderseg.evaluation.scores import summarise

    found, wanted = _by_case(predictions), _by_case(references)
    if not wanted or not found:
        msg = f"no label maps in {references if not wanted else predictions}"
        raise ValueError(msg)
    scores: list[StructureScore] = []
    failed = []
    for case, reference in wanted.items():
        try:
            if case not in found:
                msg = f"{case}: no prediction of this name in {predictions}"
                raise ValueError(msg)
            scores += score_files(found[case], reference, labels, tolerance_mm)
        except (ValueError, OSError) as error:
            failed.append(str(error))
    if scores and not any(score.reference_voxels for score in scores):
        values = " or ".join(f"{value}={name}" for name, value in labels.items())
        failed.append(f"no reference holds {values}; --map says which values are compared")
    return Evaluation(tuple(scores), summarise(scores), tuple(failed))


def score_files(
    prediction: Path, reference: Path, labels: Mapping[str, int], tolerance_mm: float
) -> list[StructureScore]:
    """Scores one pair of files, which must lie on the same grid.

    Args:
        prediction: the predicted label map.
        reference: the label map that it is compared with.
        labels: value of each structure.
        tolerance_mm: of the normalised surface Dice.

    Raises:
        ValueError: if a file cannot be read or is an image, or the grids differ; names the file.
    """
    from shoulderseg.datasets.files import case_name
    from shoulderseg.datasets.reader import read_label_map
    from shoulderseg.datasets.volume import describe_grid_difference
    from shoulderseg.evaluation.scores import score_case

    predicted, true = read_label_map(prediction), read_label_map(reference)
    for path, volume in ((prediction, predicted), (reference, true)):
        values = np.count_nonzero(np.bincount(volume.array.ravel()))
        if values > MOST_LABELS:
            msg = f"{path.name} has {values} different values; is it an image? Give label maps."
            raise ValueError(msg)
    difference = describe_grid_difference(predicted, true)
    if difference:
        msg = f"{prediction.name}: not on the grid of its reference: {difference}"
        raise ValueError(msg)
    return score_case(
        predicted.array, true.array, labels, true.spacing_mm, tolerance_mm, case_name(reference)
    )


def write_csv(path: Path, scores: Sequence[StructureScore]) -> None:
    """Writes one row for each case and structure; an empty file without scores.

    Raises:
        OSError: if the file cannot be written.
    """
    records = [score.as_record() for score in scores]
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(records[0]) if records else [])
        writer.writeheader()
        writer.writerows(records)


def write_json(path: Path, evaluation: Evaluation) -> None:
    """Writes the scores of the cases and the means of the structures.

    Raises:
        OSError: if the file cannot be written.
    """
    content = {
        "cases": [_without_nan(score.as_record()) for score in evaluation.scores],
        "summary": {
            structure: {name: _without_nan(metric._asdict()) for name, metric in metrics.items()}
            for structure, metrics in evaluation.means.items()
        },
    }
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def _by_case(path: Path) -> dict[str, Path]:
    from shoulderseg.datasets.files import case_name, find_volumes

    files: dict[str, Path] = {}
    for file in find_volumes(path):
        if case_name(file) in files:
            msg = f"{file.name} and {files[case_name(file)].name} have the same case name"
            raise ValueError(msg)
        files[case_name(file)] = file
    return files


def _without_nan(record: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN; a metric without a value becomes null."""
    return {
        key: None if isinstance(value, float) and math.isnan(value) else value
        for key, value in record.items()
    }
