"""`shoulderseg train`: all U-Nets and folds of a dataset, by nnU-Net's own command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.cluster_options import SchedulerOption, WorkersOption
from shoulderseg.cli.failure import SOME_CASES_FAILED, complain, reported
from shoulderseg.cli.options import (
    FOLDS_ADOPTED,
    Augmentation,
    DatasetArgument,
    Device,
    DeviceOption,
    NetworkSize,
    SizeOption,
    split_list,
)
from shoulderseg.cli.terminal import echo

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.trainings import Training
    from shoulderseg.workflows.cohort.cluster import Where
    from shoulderseg.workflows.training.train import Schedule, TrainingRun


@dataclass(frozen=True)
class TrainingOptions:
    """What is trained, and how long, one option a field; see `as_command`."""

    variants: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Which U-Nets; with --synthetic also `shared`, one network that learns what "
            "all three do, for `export --shared`.",
        ),
    ] = "humerus,glenoid,whole"
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
    augmentation: Annotated[
        Augmentation | None,
        typer.Option(
            help="How much intensities vary: strong, for scanners and sequences that the training "
            "images do not show.",
            show_default="usual",
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

    def schedule(self) -> Schedule:
        """How long and how fast, as the workflow takes it."""
        from shoulderseg.workflows.training.train import Schedule

        augmentation = self.augmentation and self.augmentation.value
        return Schedule(self.epochs, self.iterations, self.learning_rate, augmentation)


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
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
) -> None:
    """Train what is not finished yet; call it again after an interruption.

    Run `shoulderseg plan` first.
    """
    from shoulderseg.workflows.cohort.cluster import parse_where
    from shoulderseg.workflows.training.train import TrainingOrder, adopt_folds, prepare_trainings

    with reported():
        where = parse_where(scheduler, workers)
        order = TrainingOrder(
            dataset,
            device.resolve() if where is None else device.value,
            size.value,
            variants=split_list(options.variants),
            folds=split_list(options.folds),
            schedule=options.schedule(),
            start_from=options.start_from,
            synthetic=options.synthetic,
        )
        run = prepare_trainings(order)
        if not dry_run and adopt_folds(run):
            echo(FOLDS_ADOPTED)
    _tell_trainings(run, dry_run=dry_run, commands=dry_run or where is not None)
    if dry_run:
        return
    with reported():
        failed = _train_here(run) if where is None else _train_there(run, where)
    if failed:
        complain(f"not trained to the end: {', '.join(failed)}; see nnU-Net's messages above")
        raise typer.Exit(SOME_CASES_FAILED)


def _tell_trainings(run: TrainingRun, *, dry_run: bool, commands: bool) -> None:
    """Says what is finished, and how the others are run."""
    from shoulderseg.workflows.training.train import command_line, describe_finished

    for training in run.trainings:
        if training.state == "finished":
            echo(f"# {describe_finished(run, training)}", err=dry_run)
        elif commands:
            echo(command_line(run, training))


def _train_here(run: TrainingRun) -> list[str]:
    """Runs one training after the other, and names those that did not come to their end."""
    from shoulderseg.workflows.cohort.presence import BusyError
    from shoulderseg.workflows.training.fold_lock import fold_held
    from shoulderseg.workflows.training.train import command_line, run_training

    failed = []
    for training in run.trainings:
        if training.state == "finished":
            continue
        try:
            with fold_held(training) as (now, kept_open):
                if now.state == "finished":
                    continue
                echo(command_line(run, now))
                if not run_training(run, now, kept_open=kept_open):
                    failed.append(f"{training.variant} fold {training.fold}")
        except BusyError as error:
            failed.append(f"{training.variant} fold {training.fold} ({error})")
    return failed


def _train_there(run: TrainingRun, where: Where) -> list[str]:
    """Has the workers of a cluster train, and names what did not come to its end."""
    from shoulderseg.workflows.cohort.cluster import joined
    from shoulderseg.workflows.training.spread import train_on_cluster

    failed = []

    def tell(training: Training, problem: str) -> None:
        name = f"{training.variant} fold {training.fold}"
        echo(f"failed: {name}: {problem}" if problem else f"{name} is trained")
        if problem:
            failed.append(name)

    with joined(where) as crew:
        train_on_cluster(run, crew, tell)
    return failed
