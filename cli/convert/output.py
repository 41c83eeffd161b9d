"""What a conversion prints, and how it ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from shoulderseg.cli.failure import SOME_CASES_FAILED

if TYPE_CHECKING:
    from shoulderseg.datasets.converters.convert import Order
    from shoulderseg.datasets.converters.examined import Examined
    from shoulderseg.datasets.converters.source import Rejected, SourceCase
    from shoulderseg.datasets.converters.target import ConversionReport

_HEADINGS = ("case", "patient", "size (Z, Y, X)", "spacing in mm", "voxels", "source")


def run_conversion(
    candidates: Iterable[SourceCase | Rejected], order: Order, *, dry_run: bool
) -> None:
    """Converts, or shows what would be converted.

    Raises:
        typer.Exit: with 1 if a candidate is faulty; the others are converted all the same.
        ValueError: if no dataset can be written.
        OSError: if a file cannot be read or written.
    """
    from shoulderseg.datasets.converters.convert import convert_cases, survey

    if dry_run:
        found = survey(candidates, order.spec.labels, allow_missing=order.allow_missing)
        show_survey(found, order)
        return
    report = convert_cases(candidates, order)
    tell_report(report)
    end(report.rejected)


def show_survey(outcomes: Iterable[Examined | Rejected], order: Order) -> None:
    """Prints a table of what would be taken, why not the rest, and what stands in the way.

    Raises:
        typer.Exit: with 1 if a candidate is faulty.
        ValueError: if no dataset could be written.
    """
    from shoulderseg.datasets.converters.convert import foresee_problems
    from shoulderseg.datasets.converters.source import Rejected
    from shoulderseg.datasets.converters.target import ConversionError

    taken: list[Examined] = []
    rejected: list[Rejected] = []
    for outcome in outcomes:
        if isinstance(outcome, Rejected):
            rejected.append(outcome)
        else:
            taken.append(outcome)
    rows = [_row(case) for case in taken]
    rows += [
        (entry.name, "-", "not taken", "-", "not read", entry.source)
        for entry in rejected
        if entry.name != "-"
    ]
    for line in _aligned([_HEADINGS, *rows]):
        typer.echo(line)
    typer.echo(f"{len(taken)} would be taken, {len(rejected)} not; dry run, nothing is written")
    problems = foresee_problems(order, taken)
    if problems:
        tell_rejected(rejected)
        raise ConversionError(problems)
    end(rejected)


def tell_report(report: ConversionReport) -> None:
    """Prints what was written."""
    typer.echo(
        f"{report.folder}: {len(report.training_cases)} training cases of "
        f"{report.training_patients} patients in {report.folds} folds, "
        f"{len(report.test_cases)} test cases"
    )


def tell_rejected(rejected: Sequence[Rejected]) -> None:
    """Prints what was not taken; faults after what only shows nothing of use, and on stderr."""
    for entry in rejected:
        if not entry.fault:
            typer.echo(f"skipped {entry.name} ({entry.source}): {entry.reason}")
    for entry in rejected:
        if entry.fault:
            told = "rejected" if entry.name == "-" else f"rejected {entry.name} ({entry.source})"
            typer.secho(f"{told}: {entry.reason}", fg=typer.colors.RED, err=True)


def end(rejected: Sequence[Rejected]) -> None:
    """Lists what was not taken.

    Raises:
        typer.Exit: with 1 if any of it is faulty.
    """
    tell_rejected(rejected)
    if any(entry.fault for entry in rejected):
        raise typer.Exit(SOME_CASES_FAILED)


def tell_case(outcome: Examined | Rejected) -> None:
    """Prints a line for a case as it is finished; rejections are listed at the end."""
    from shoulderseg.datasets.converters.source import Rejected

    if not isinstance(outcome, Rejected):
        typer.echo("  ".join(_row(outcome)))


def _row(case: Examined) -> tuple[str, ...]:
    return (
        case.name,
        case.patient,
        " x ".join(str(size) for size in case.shape),
        " x ".join(f"{step:.4g}" for step in case.spacing_mm),
        ", ".join(f"{name} {count}" for name, count in case.voxels.items()),
        case.source,
    )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
