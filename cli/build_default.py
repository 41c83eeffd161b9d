"""`shoulderseg build-default`: the bundle that comes with the package, from nothing but a seed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.options import Device, DeviceOption
from shoulderseg.cli.scripts import process_limit
from shoulderseg.cli.steps import run_together

DATASET_ID = 901
VARIANTS = ("humerus", "glenoid", "whole")
# Few slices of many people teach more than many slices of few.
SLICES = "8,256,256"
SHARES = "--wild-share 0.25 --raised-share 0.2 --coarse-share 0.2"
# One fold: a fifth of the people is kept from the U-Nets, for the edge rule and for the quality.
FOLD = "0"


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
    device: DeviceOption = Device.auto,
) -> None:
    """Make phantoms, train three small U-Nets and an AlexNet on them, and export the bundle.

    An interrupted run goes on with the same command. Long on a CPU.
    """
    started = time.monotonic()
    root.mkdir(parents=True, exist_ok=True)
    folders = ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")
    environment = {
        **os.environ,
        **{name: str(root.resolve() / name) for name in folders},
        **process_limit(),
    }
    trained = f"--size small --device {device.value}"
    run_together(
        [
            f"phantom {{raw}} --dataset-id {DATASET_ID} --name DefaultPhantom "
            f"--cases {cases} --seed {seed} --shape {SLICES} {SHARES} "
            f"--workers 1 --jobs {jobs}"
        ],
        environment | {"OMP_NUM_THREADS": "1"},
        raw=environment["nnUNet_raw"],
    )
    run_together([f"plan {DATASET_ID} --size small --batch-size {batch_size}"], environment)
    length = f"--epochs {epochs} --iterations {iterations}"
    start = "" if start_from is None else " --start-from {start}"
    commands = [
        f"train {DATASET_ID} --variants {variant} --folds {FOLD} {length} {trained}{start}"
        for variant in VARIANTS
    ]
    for first in range(0, len(commands), trainings):
        run_together(commands[first : first + trainings], environment, start=start_from)
    run_together(
        [f"train-refiner {DATASET_ID} --epochs {refiner_epochs} --seed {seed} {trained}"],
        environment,
    )
    bundle = root / "bundle"
    run_together(
        [
            f"export {DATASET_ID} {{bundle}} --size small --folds {FOLD} --overwrite --upright "
            f"--one-piece glenoid"
        ],
        environment,
        bundle=bundle,
    )
    typer.echo(f"{bundle}, after {time.monotonic() - started:.0f} s")
