"""`shoulderseg evaluate`: scores of predicted label maps against reference ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.encoding import encodable
from shoulderseg.cli.failure import SOME_CASES_FAILED, WRONG_USE, complain, reported, warn
from shoulderseg.cli.label_map import parse_label_map

if TYPE_CHECKING:
    from shoulderseg.evaluation.scores import MetricSummary
    from shoulderseg.workflows.scoring.evaluate import Evaluation


def evaluate(
    predictions: Annotated[Path, typer.Argument(metavar="PRED", help="Predicted label maps.")],
    references: Annotated[Path, typer.Argument(metavar="REF", help="Reference label maps.")],
    label_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="VALUE=NAME",
            help="What each value is: --map 3=humerus,5=glenoid, or --map 3=humerus --map "
            "5=glenoid.",
            show_default="1=humerus,2=glenoid",
        ),
    ] = None,
    names_file: Annotated[
        Path | None,
        typer.Option(
            "--pairs",
            metavar="CSV",
            help="Rows of PREDICTION,REFERENCE for cases that are called differently.",
        ),
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
    """Compare label maps of the same name, in 3D and in mm. Two files are compared as they are.

    A reference without a prediction is named, exit code 1; it is in no mean.
    Where both masks are empty nothing is counted; where one is, Dice, IoU, PPV, sensitivity and
    NSD are 0 and the distances are the image's diagonal.
    """
    from shoulderseg.workflows.scoring.evaluate import evaluate_folders

    with reported():
        labels = _labels(label_map)
        evaluation = evaluate_folders(predictions, references, labels, tolerance_mm, names_file)
    # Files first: whatever a terminal cannot show, they are there.
    try:
        _write(evaluation, csv_file, json_file)
    finally:
        # Nor is what was compared lost where they cannot be written.
        print_evaluation(evaluation, tolerance_mm)
    if evaluation.failed or not evaluation.scores:
        raise typer.Exit(SOME_CASES_FAILED if evaluation.scores else WRONG_USE)


def _write(evaluation: Evaluation, csv_file: Path | None, json_file: Path | None) -> None:
    from shoulderseg.workflows.scoring.evaluate import write_csv, write_json

    with reported():
        if csv_file is not None:
            write_csv(csv_file, evaluation.scores)
        if json_file is not None:
            write_json(json_file, evaluation)


def _labels(entries: list[str] | None) -> dict[str, int]:
    mapping = parse_label_map(entries or ["1=humerus,2=glenoid"])
    return {name: value for value, name in mapping.items()}


def print_evaluation(evaluation: Evaluation, tolerance_mm: float) -> None:
    """Prints what went wrong and the table."""
    for warning in evaluation.warnings:
        warn(warning)
    for reason in evaluation.failed:
        complain(reason)
    print_table(evaluation.means, tolerance_mm)


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
    sign = encodable("±", "+-")
    for structure, metrics in means.items():
        cells = [_cell(metrics[name], sign) for name in titles]
        table.add_row(structure, str(metrics["dice"].n), *cells)
    Console(width=120).print(table)


def _cell(metric: MetricSummary, sign: str) -> str:
    """Mean ± SD; a single case has no SD, and without a case there is no mean."""
    if metric.n == 0:
        return "-"
    return f"{metric.mean:.3f}" if metric.n == 1 else f"{metric.mean:.3f}{sign}{metric.sd:.3f}"
