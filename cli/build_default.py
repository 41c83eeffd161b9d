"""`shoulderseg build-default`: the bundle that comes with the package, from nothing but a seed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.failure import reported, show_command
from shoulderseg.cli.options import Device, DeviceOption
from shoulderseg.cli.terminal import echo


def build_default(
    root: Annotated[Path, typer.Argument(help="Folder for the data, the training, the bundle.")],
    cases: Annotated[int, typer.Option(min=5, help="Phantoms.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the phantoms and of the AlexNet.")] = 2021,
    epochs: Annotated[int, typer.Option(min=1, help="Of each U-Net.")] = 40,
    iterations: Annotated[int, typer.Option(min=1, help="Training steps an epoch.")] = 250,
    refiner_epochs: Annotated[int, typer.Option(min=1, help="Of the AlexNet.")] = 20,
    batch_size: Annotated[int, typer.Option(min=2, help="Slices a step.")] = 16,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that make phantoms.")] = 2,
    trainings: Annotated[int, typer.Option(min=1, help="U-Nets trained at the same time.")] = 1,
    start_from: Annotated[
        str | None,
        typer.Option(
            metavar="BUNDLE", help="Begin with its weights instead of random ones, as `train`."
        ),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="As of `train`, for the U-Nets.")
    ] = None,
    synthetic: Annotated[
        bool,
        typer.Option(
            "--synthetic",
            help="Train on images made anew at every step, as `train`; 80 MB of disk a phantom.",
        ),
    ] = False,
    device: DeviceOption = Device.auto,
) -> None:
    """Make phantoms, train three small U-Nets and an AlexNet on them, export and calibrate.

    An interrupted run goes on with the same command; a finished one keeps its bundle and the
    calibration in it. Long on a CPU.
    """
    from shoulderseg.workflows.default_model import DefaultModel, build_default_model

    started = time.monotonic()
    model = DefaultModel(
        cases=cases,
        seed=seed,
        epochs=epochs,
        iterations=iterations,
        refiner_epochs=refiner_epochs,
        batch_size=batch_size,
        jobs=jobs,
        trainings=trainings,
        start_from=start_from,
        learning_rate=learning_rate,
        device=device.value,
        synthetic=synthetic,
    )
    with reported():
        bundle = build_default_model(root, model, show_command)
    echo(f"{bundle}, after {time.monotonic() - started:.0f} s")
