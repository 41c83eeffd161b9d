"""`shoulderseg plan`: nnU-Net's planning, and the small network beside the automatic one."""

from __future__ import annotations

from typing import Annotated

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.options import FOLDS_ADOPTED, DatasetArgument, NetworkSize
from shoulderseg.cli.terminal import echo


def plan(
    dataset: DatasetArgument,
    size: Annotated[NetworkSize, typer.Option(help="Network to plan.")] = NetworkSize.auto,
    batch_size: Annotated[
        int | None,
        typer.Option(
            help="Slices a training step, small network only.",
            min=2,
            show_default="as many as hold half a million pixels",
        ),
    ] = None,
) -> None:
    """Plan and preprocess a dataset with nnU-Net, where that has not been done yet."""
    from shoulderseg.workflows.training.plan import plan_dataset

    with reported():
        planning = plan_dataset(dataset, size.value, batch_size, echo)
    if planning.was_planned:
        echo(f"{planning.name} is planned already")
    if planning.adopted_folds:
        echo(FOLDS_ADOPTED)
    small = planning.small
    if small is not None and small.written:
        echo(f"wrote {small.path}")
    elif small is not None:
        echo(f"{small.path.name} is there already, batch size {small.batch_size}")
