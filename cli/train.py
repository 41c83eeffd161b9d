"""`shoulderseg train`: all U-Nets and folds of a dataset, by nnU-Net's own command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from shoulderseg.cli.failure import SOME_CASES_FAILED, complain, reported
from shoulderseg.cli.options import (
    FOLDS_ADOPTED,
    DatasetArgument,
    Device,
    DeviceOption,
    NetworkSize,
    SizeOption,
    split_list,
)
from shoulderseg.cli.terminal import echo


@dataclass(frozen=True)
class TrainingOptions:
    """What is trained, and how long, one option a field; see `as_command`."""

    variants: Annotated[str, typer.Option(metavar="NAMES", help="Which U-Nets.")] = (
        "humerus,glenoid,whole"
    )
    folds: Annotated[
        str,
        typer.Option(
            metavar="N,N,...",
            help="Which folds: numbers, or all.",
            show_default="each one there is",
        ),
    ] = ""
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs.", show_default="1000")] = None
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Training steps an epoch.", show_default="250")
    ] = None
    start_from: Annotated[
        str | None,
        typer.Option(
            metavar="BUNDLE",
            help="Begin with the weights of a bundle (default, an imported one, or a folder); its "
            "network must be of the same size and patch.",
            show_default="random weights",
        ),
    ] = None
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="At the beginning. Less keeps a short training near a bundle.",
            show_default="0.01",
        ),
    ] = None
    synthetic: Annotated[
        bool,
        typer.Option(
            "--synthetic",
            help="Synthesise training images at every step, from the maps that `phantom "
            "--partial-volumes` writes; give it to `export` too.",
        ),
    ] = False


def train(
    dataset: DatasetArgument,
    *,
    size: SizeOption = NetworkSize.auto,
    options: TrainingOptions,
    device: DeviceOption = Device.auto,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the commands only; needs a dataset that is planned."),
    ] = False,
) -> None:
    """Train what is not finished yet; call it again after an interruption.

    Run `shoulderseg plan` first.
    """
    from shoulderseg.workflows.training.train import (
        Schedule,
        TrainingOrder,
        adopt_folds,
        command_line,
        describe_finished,
        prepare_trainings,
        run_training,
    )

    with reported():
        order = TrainingOrder(
            dataset,
            device.resolve(),
            size.value,
            variants=split_list(options.variants),
            folds=split_list(options.folds),
            schedule=Schedule(options.epochs, options.iterations, options.learning_rate),
            start_from=options.start_from,
            synthetic=options.synthetic,
        )
        run = prepare_trainings(order)
        if not dry_run and adopt_folds(run):
            echo(FOLDS_ADOPTED)
    failed = []
    for training in run.trainings:
        if training.state == "finished":
            echo(f"# {describe_finished(run, training)}", err=dry_run)
            continue
        echo(command_line(run, training))
        if not dry_run and not run_training(run, training):
            failed.append(f"{training.variant} fold {training.fold}")
    if failed:
        complain(f"nnU-Net stopped early in: {', '.join(failed)}; see its messages above")
        raise typer.Exit(SOME_CASES_FAILED)
