"""`shoulderseg build-default`: the bundle that comes with the package, from nothing but a seed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.options import Device, DeviceOption
from shoulderseg.cli.quality_file import QUALITY_FILE
from shoulderseg.cli.scripts import process_limit
from shoulderseg.cli.steps import run_together

DATASET_ID = 901
VARIANTS = ("humerus", "glenoid", "whole")
# Few slices of many people teach more than many slices of few. They lie as far apart as those of a
# scanner, or the edge refiner would learn nothing from neighbours; twelve reach around the joint.
SLICES = "12,256,256"
SHARES = "--wild-share 0.25 --raised-share 0.2 --coarse-share 0.2"
# One fold: a fifth of the people is kept from the U-Nets, for the edge rule and for the quality.
FOLD = "0"
# The calibration needs people that no network saw.
HELD_OUT_ID, HELD_OUT_NAME = 902, "CalibrationPhantom"
HELD_OUT = "--cases 24 --shape 12,192,192 --wild-share 0.2"


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
    device: DeviceOption = Device.auto,
) -> None:
    """Make phantoms, train three small U-Nets and an AlexNet on them, export and calibrate.

    An interrupted run goes on with the same command; a finished one keeps its bundle and the
    calibration in it. Long on a CPU.
    """
    started = time.monotonic()
    trained = f"--size small --device {device.value}"
    length = f"--epochs {epochs} --iterations {iterations}"
    if learning_rate is not None:
        length += f" --learning-rate {learning_rate:g}"
    start = "" if start_from is None else " --start-from {start}"
    commands = [
        f"train {DATASET_ID} --variants {variant} --folds {FOLD} {length} {trained}{start}"
        for variant in VARIANTS
    ]
    bundle = root / "bundle"
    with reported(), _alone(root):
        environment = _environment(root)
        made = f"--dataset-id {DATASET_ID} --name DefaultPhantom --cases {cases} --seed {seed}"
        shapes = f"--shape {SLICES} {SHARES}"
        _make_phantoms(Path(environment["nnUNet_raw"]), f"{made} {shapes}", jobs, environment)
        run_together([f"plan {DATASET_ID} --size small --batch-size {batch_size}"], environment)
        for first in range(0, len(commands), trainings):
            run_together(commands[first : first + trainings], environment, start=start_from)
        run_together(
            [f"train-refiner {DATASET_ID} --epochs {refiner_epochs} --seed {seed} {trained}"],
            environment,
        )
        # Keeps a bundle of the same models, with the calibration it may have.
        run_together(
            [
                f"export {DATASET_ID} {{bundle}} --size small --folds {FOLD} --overwrite --upright "
                "--one-piece glenoid"
            ],
            environment,
            bundle=bundle,
        )
        if not (bundle / QUALITY_FILE).is_file():
            made = f"--dataset-id {HELD_OUT_ID} --name {HELD_OUT_NAME} {HELD_OUT} --seed {seed + 1}"
            _make_phantoms(root / "calibration", made, jobs, environment)
            _calibrate(bundle, root / "calibration", device, environment)
    typer.echo(f"{bundle}, after {time.monotonic() - started:.0f} s")


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Makes the folder, and lets nobody else build in it meanwhile.

    Raises:
        TimeoutError: if somebody does.
    """
    from filelock import FileLock, Timeout

    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        msg = f"another build-default is at work in {root}; wait for its end or choose another"
        raise TimeoutError(msg) from error
    try:
        yield
    finally:
        lock.release()


def _environment(root: Path) -> dict[str, str]:
    folders = ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")
    named = {name: str(root.resolve() / name) for name in folders}
    return {**os.environ, **named, **process_limit()}


def _make_phantoms(out: Path, what: str, jobs: int, environment: dict[str, str]) -> None:
    run_together(
        [f"phantom {{out}} {what} --workers 1 --jobs {jobs}"],
        environment | {"OMP_NUM_THREADS": "1"},
        out=out,
    )


def _calibrate(bundle: Path, phantoms: Path, device: Device, environment: dict[str, str]) -> None:
    dataset = phantoms / f"Dataset{HELD_OUT_ID}_{HELD_OUT_NAME}"
    run_together(
        [f"calibrate {{bundle}} {{images}} {{labels}} --copies 1 --device {device.value}"],
        environment,
        bundle=bundle,
        images=dataset / "imagesTr",
        labels=dataset / "labelsTr",
    )
