"""What a conversion prints, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from shoulderseg.cli.failure import SOME_CASES_FAILED, WRONG_USE
from shoulderseg.cli.terminal import RED, echo

if TYPE_CHECKING:
    from shoulderseg.cli.convert.options import ConversionOptions
    from shoulderseg.datasets.converters.examined import Examined
    from shoulderseg.datasets.converters.source import Rejected
    from shoulderseg.datasets.converters.target import ConversionReport
    from shoulderseg.workflows.conversion.conversion import Conversion, Survey

_HEADINGS = ("case", "patient", "size (Z, Y, X)", "spacing in mm", "voxels", "source")


def run_conversion(conversion: Conversion, options: ConversionOptions) -> None:
    """Converts, or shows what would be converted.

    Raises:
        typer.Exit: with 1 if a candidate is faulty; the others are converted all the same. With 2
            if a dry run finds that no dataset could be written.
        ValueError: if no dataset can be written.
        OSError: if a file cannot be read or written.
    """
    if conversion.notice:
        echo(conversion.notice)
    if options.dry_run:
        show_survey(conversion.survey(), all_or_nothing=conversion.all_or_nothing)
        return
    report = conversion.run(tell_case)
    tell_report(report, fewer_folds=options.folds is None and report.folds < _usual_folds())
    tell_rejected(report.rejected)
    _end(report.rejected)


def show_survey(survey: Survey, *, all_or_nothing: bool) -> None:
    """Prints a table of what would be taken, why not the rest, and what stands in the way.

    Raises:
        typer.Exit: with 2 if no dataset could be written, with 1 if a candidate is faulty.
    """
    rows = [_row(case) for case in survey.taken]
    rows += [
        (entry.name, "-", "not taken", "-", "not read", entry.source)
        for entry in survey.rejected
        if entry.name != "-"
    ]
    for line in _aligned([_HEADINGS, *rows]):
        echo(line)
    tell_rejected(survey.rejected)
    sound, faults = len(survey.taken), [entry for entry in survey.rejected if entry.fault]
    left = sum(not entry.is_remark for entry in survey.rejected)
    obstacles = list(survey.problems)
    if all_or_nothing and faults and not obstacles:
        obstacles = [f"{len(faults)} rejected, and all are taken or none. Mend or remove them."]
    if obstacles:
        echo(f"{sound} sound, {left} not; dry run, nothing is written")
        for obstacle in obstacles:
            echo(f"would fail: {obstacle}", colour=RED, err=True)
    else:
        echo(
            f"{sound} would be taken, {left} not, in {survey.folds} folds; "
            "dry run, nothing is written"
        )
    if survey.problems:
        raise typer.Exit(WRONG_USE)
    _end(survey.rejected)


def tell_report(report: ConversionReport, *, fewer_folds: bool = False) -> None:
    """Prints what was written.

    Args:
        report: of the conversion.
        fewer_folds: whether there are fewer folds than usual, for want of patients.
    """
    told = f"{report.folds} folds"
    if fewer_folds:
        told += f" instead of {_usual_folds()}, for so few patients"
    echo(
        f"{report.folder}: {len(report.training_cases)} training cases of "
        f"{report.training_patients} patients in {told}, {len(report.test_cases)} test cases"
    )


def tell_rejected(rejected: Sequence[Rejected]) -> None:
    """Prints what was not taken; faults after what only shows nothing of use, and on stderr."""
    for entry in rejected:
        if entry.is_remark:
            echo(f"note: {entry.reason}")
        elif not entry.fault:
            echo(f"skipped {entry.name} ({entry.source}): {entry.reason}")
    for entry in rejected:
        if entry.fault:
            told = "rejected" if entry.name == "-" else f"rejected {entry.name} ({entry.source})"
            echo(f"{told}: {entry.reason}", colour=RED, err=True)


def tell_case(outcome: Examined | Rejected) -> None:
    """Prints a line for a case as it is finished; rejections are listed at the end."""
    from shoulderseg.datasets.converters.source import Rejected

    if not isinstance(outcome, Rejected):
        echo("  ".join(_row(outcome)))


def _end(rejected: Sequence[Rejected]) -> None:
    if any(entry.fault for entry in rejected):
        raise typer.Exit(SOME_CASES_FAILED)


def _usual_folds() -> int:
    from shoulderseg.datasets.converters.shares import DEFAULT_FOLDS

    return DEFAULT_FOLDS


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
