"""`shoulderseg compare-experiments`: which options the training patients choose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.terminal import echo


def compare_experiments(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="OUT OUT ...",
            help="Folders of `experiment` on the same patients; the first is compared with.",
        ),
    ],
    *,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write every figure here.")
    ] = None,
) -> None:
    """Compare experiments that learned otherwise: from a bundle, faster, longer, larger.

    Held-out training patients choose one of them, and the test patients show what that gives.
    """
    import numpy as np

    from shoulderseg.workflows.experiment import ablation
    from shoulderseg.workflows.experiment.ablation_table import ablation_markdown, write_record

    with reported():
        trials = ablation.compare_experiments(folders, np.random.default_rng(1))
        if json_file is not None:
            write_record(json_file, trials)
    for line in ablation_markdown(trials).splitlines():
        echo(line)
