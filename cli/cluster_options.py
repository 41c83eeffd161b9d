"""Options of the commands that can work on several machines."""

from __future__ import annotations

from typing import Annotated

import typer

SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS|FILE",
        help="Let the workers of a Dask cluster do it: address of its scheduler, such as "
        "tcp://host:8786, or the file that its --scheduler-file wrote.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        help="Let so many processes on this machine do it; they share its cores and GPUs.",
        show_default="this process alone",
    ),
]
