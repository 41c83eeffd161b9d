"""`shoulderseg status`: how far the runs in a folder are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.failure import SOME_CASES_FAILED, reported
from shoulderseg.cli.terminal import echo

_SHOWN = 20


def status(
    out: Annotated[Path, typer.Argument(help="Folder that `shoulderseg predict` writes to.")],
) -> None:
    """Tell how far the runs in a folder are; they may be at work.

    Exit code 0: all cases that a run was asked for are done; 1: some failed or are missing.
    """
    from shoulderseg.datasets.printable import one_line
    from shoulderseg.workflows.cohort.status import read_status

    with reported():
        found = read_status(out)
    echo(f"{found.done} cases done, {found.flagged} of them flagged")
    for name, error in found.failed.items():
        echo(one_line(f"failed: {error if name in error else f'{name}: {error}'}"))
    if found.missing:
        more = len(found.missing) - _SHOWN
        names = ", ".join(found.missing[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        echo(one_line(f"{len(found.missing)} not reached: {names}"))
    at_work = f"{found.at_work} run{'s' * (found.at_work != 1)} at work"
    echo(at_work if found.at_work else "no run is at work")
    if found.failed or found.missing:
        raise typer.Exit(SOME_CASES_FAILED)
