"""`shoulderseg experiment`: the paper's experiment on anyone's data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.cluster_options import SchedulerOption, WorkersOption
from shoulderseg.cli.failure import SOME_CASES_FAILED, complain, reported, show_command, warn
from shoulderseg.cli.options import (
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
    from shoulderseg.workflows.experiment.protocol import Protocol
    from shoulderseg.workflows.experiment.run import Experiment


@dataclass(frozen=True)
class PatientOptions:
    """Who is trained on and tested, one option a field; see `as_command`."""

    train_patients: Annotated[
        int, typer.Option(min=2, help="Patients to train on, in as many folds, five at most.")
    ] = 5
    test_patients: Annotated[int, typer.Option(min=1, help="Patients to test.")] = 3
    test_on: Annotated[
        str, typer.Option(metavar="P,P,...", help="These patients instead.", show_default="drawn")
    ] = ""
    patient_pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="What of a case's name is the patient: an expression with one group.",
            show_default="case_patients.json of the dataset, or each case is a patient",
        ),
    ] = None
    seed: Annotated[int, typer.Option(help="Draws patients and folds; of the AlexNet, too.")] = 1


@dataclass(frozen=True)
class LengthOptions:
    """How long everything learns, one option a field; see `as_command`."""

    epochs: Annotated[
        int | None, typer.Option(min=1, help="Of each U-Net.", show_default="1000")
    ] = None
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Training steps an epoch.", show_default="250")
    ] = None
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="At the beginning; with --start-from of our U-Nets alone.", show_default="0.01"
        ),
    ] = None
    start_from: Annotated[
        str | None,
        typer.Option(
            metavar="BUNDLE",
            help="Our three U-Nets begin with the weights of a bundle, as in `train`.",
            show_default="random weights",
        ),
    ] = None
    augmentation: Annotated[
        Augmentation | None,
        typer.Option(help="Of our U-Nets' training images, as in `train`.", show_default="usual"),
    ] = None
    refiner_epochs: Annotated[int, typer.Option(min=1, help="Of each AlexNet.")] = 40
    refiner_steps: Annotated[int, typer.Option(min=1, help="Steps of its epochs.")] = 250


def experiment(
    dataset: DatasetArgument,
    out: Annotated[Path, typer.Argument(help="Folder for data, models and results.")],
    *,
    patients: PatientOptions,
    length: LengthOptions,
    size: SizeOption = NetworkSize.auto,
    stock: Annotated[
        str,
        typer.Option(
            metavar="CONFIGURATION,...",
            help="Stock nnU-Net to train beside ours, at as many steps: 2d, 3d_fullres or "
            "2d,3d_fullres; or none.",
        ),
    ] = "2d",
    tolerance_mm: Annotated[
        float, typer.Option(min=0.0, help="Of the normalised surface Dice.")
    ] = 1.0,
    device: DeviceOption = Device.auto,
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
) -> None:
    """Run the paper's experiment: train on some patients, test on others, print the table.

    U-Nets and AlexNets of each fold, each way to vote with and without refined edges, and stock
    nnU-Net, all on the same patients. OUT gets table, page, bundle and label maps. An interrupted
    run goes on with the same command. Without a GPU give --size small and a few --epochs. With
    --scheduler or --workers our U-Nets are trained side by side, as by `train`.
    """
    from shoulderseg.workflows.cohort.cluster import parse_where
    from shoulderseg.workflows.experiment.run import run_experiment
    from shoulderseg.workflows.training.plan import raw_dataset

    others = () if stock == "none" else tuple(split_list(stock))
    with reported():
        protocol = _protocol(dataset, patients, length, size, (others, tolerance_mm))
        found = raw_dataset(dataset)
        where = parse_where(scheduler, workers)
        done = run_experiment(found, out, protocol, device.resolve(), show_command, where)
    _tell(done)


def _protocol(
    dataset: str,
    patients: PatientOptions,
    length: LengthOptions,
    size: NetworkSize,
    compared: tuple[tuple[str, ...], float],
) -> Protocol:
    """What is done, of the options; with stock configurations and the tolerance in mm."""
    from shoulderseg.workflows.experiment.protocol import Protocol

    stock, tolerance_mm = compared
    return Protocol(
        dataset,
        patients.train_patients,
        patients.test_patients,
        patients.seed,
        patients.patient_pattern,
        size.value,
        length.epochs,
        length.iterations,
        length.learning_rate,
        length.start_from,
        length.refiner_epochs,
        length.refiner_steps,
        stock,
        tolerance_mm,
        tuple(split_list(patients.test_on)),
        length.augmentation and length.augmentation.value,
    )


def _tell(done: Experiment) -> None:
    echo("")
    for line in done.table.splitlines():
        echo(line)
    echo(f"{done.page}")
    for note in done.notes:
        warn(note)
    for reason in done.failed:
        complain(reason)
    if done.failed:
        raise typer.Exit(SOME_CASES_FAILED)
