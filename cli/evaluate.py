"""`shoulderseg evaluate`: scores of predicted label maps against reference ones."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoulderseg.cli.failure import SOME_CASES_FAILED, WRONG_USE, complain, reported
from shoulderseg.cli.label_map import parse_label_map

if TYPE_CHECKING:
    from shoulderseg.evaluation.scores import MetricSummary, StructureScore


def evaluate(
    predictions: Annotated[Path, typer.Argument(metavar="PRED", help="Predicted label maps.")],
    references: Annotated[Path, typer.Argument(metavar="REF", help="Reference label maps.")],
    label_map: Annotated[
        list[str] | None,
        typer.Option("--map", help="VALUE=NAME of a structure; default: 1=humerus 2=glenoid."),
    ] = None,
    tolerance_mm: Annotated[
        float, typer.Option(min=0.0, help="Tolerance of the normalised surface Dice, in mm.")
    ] = 1.0,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write the scores of each case here.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write scores and means here.")
    ] = None,
) -> None:
    """Compare label maps of the same name, in 3D and in mm.

    Every reference counts: one without a prediction is named and ends the command with 1.
    Where both masks are empty nothing is counted; where one is, Dice, IoU, PPV, sensitivity and
    NSD are 0 and the distances are the image's diagonal.
    """
    from shoulderseg.evaluation.scores import summarise

    with reported():
        mapping = parse_label_map(label_map or ["1=humerus", "2=glenoid"])
        labels = {name: value for value, name in mapping.items()}
        found = _by_case(predictions)
        wanted = _by_case(references)
        if not wanted or not found:
            msg = f"no label maps in {references if not wanted else predictions}"
            raise ValueError(msg)
    scores: list[StructureScore] = []
    failed = 0
    for case, reference in wanted.items():
        try:
            if case not in found:
                msg = f"{case}: no prediction of this name in {predictions}"
                raise ValueError(msg)
            scores += score_files(found[case], reference, labels, tolerance_mm)
        except (ValueError, OSError) as error:
            complain(str(error))
            failed += 1
    means = summarise(scores)
    print_table(means, tolerance_mm)
    with reported():
        if csv_file is not None:
            _write_csv(csv_file, scores)
        if json_file is not None:
            _write_json(json_file, scores, means)
    if not scores:
        raise typer.Exit(WRONG_USE)
    if failed:
        raise typer.Exit(SOME_CASES_FAILED)


def score_files(
    prediction: Path, reference: Path, labels: Mapping[str, int], tolerance_mm: float
) -> list[StructureScore]:
    """Scores of one pair of files, which must lie on the same grid.

    Raises:
        ValueError: if a file cannot be read, or the grids differ; names the file.
    """
    from shoulderseg.datasets.files import case_name
    from shoulderseg.datasets.reader import read_label_map
    from shoulderseg.datasets.volume import describe_grid_difference
    from shoulderseg.evaluation.scores import score_case

    predicted, true = read_label_map(prediction), read_label_map(reference)
    difference = describe_grid_difference(predicted, true)
    if difference:
        msg = f"{prediction.name}: not on the grid of its reference: {difference}"
        raise ValueError(msg)
    return score_case(
        predicted.array, true.array, labels, true.spacing_mm, tolerance_mm, case_name(reference)
    )


def print_table(means: Mapping[str, Mapping[str, MetricSummary]], tolerance_mm: float) -> None:
    """Prints mean and SD of each metric, a row a structure."""
    from rich.console import Console
    from rich.table import Table

    titles = {
        "dice": "Dice",
        "iou": "IoU",
        "ppv": "PPV",
        "sensitivity": "sensitivity",
        "hd95_mm": "HD95 mm",
        "assd_mm": "ASSD mm",
        "nsd": f"NSD {tolerance_mm:g} mm",
    }
    # Narrow enough for a terminal of 120 columns.
    table = Table("structure", "n", *titles.values(), box=None, pad_edge=False)
    for structure, metrics in means.items():
        cells = [f"{metrics[name].mean:.3f}±{metrics[name].sd:.3f}" for name in titles]
        table.add_row(structure, str(metrics["dice"].n), *cells)
    Console(width=120).print(table)


def _by_case(path: Path) -> dict[str, Path]:
    from shoulderseg.datasets.files import case_name, find_volumes

    files: dict[str, Path] = {}
    for file in find_volumes(path):
        if case_name(file) in files:
            msg = f"{file.name} and {files[case_name(file)].name} have the same case name"
            raise ValueError(msg)
        files[case_name(file)] = file
    return files


def _write_csv(path: Path, scores: list[StructureScore]) -> None:
    records = [score.as_record() for score in scores]
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(records[0]) if records else [])
        writer.writeheader()
        writer.writerows(records)


def _write_json(
    path: Path, scores: list[StructureScore], means: Mapping[str, Mapping[str, MetricSummary]]
) -> None:
    content = {
        "cases": [_without_nan(score.as_record()) for score in scores],
        "summary": {
            structure: {name: _without_nan(metric._asdict()) for name, metric in metrics.items()}
            for structure, metrics in means.items()
        },
    }
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def _without_nan(record: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN; a metric without a value becomes null."""
    return {
        key: None if isinstance(value, float) and math.isnan(value) else value
        for key, value in record.items()
    }
