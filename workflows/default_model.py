"""The default bundle: phantoms, three small U-Nets, an AlexNet and a calibration, from a seed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shoulderseg.workflows.bundles.quality_file import QUALITY_FILE
from shoulderseg.workflows.lock import alone_in
from shoulderseg.workflows.processes.scripts import process_limit
from shoulderseg.workflows.processes.steps import run_together

DATASET_ID = 901
VARIANTS = ("humerus", "glenoid", "whole")
# Few slices of many people teach more than many slices of few. They lie as far apart as those of a
# scanner, or the edge refiner would learn nothing from neighbours; twelve reach around the joint.
SLICES = "12,256,256"
SHARES = "--random-contrast-share 0.25 --raised-share 0.2 --coarse-share 0.2"
# One fold: a fifth of the people is kept from the U-Nets, for the edge rule and for the quality.
FOLD = "0"
# The calibration needs people that no network saw.
HELD_OUT_ID, HELD_OUT_NAME = 902, "CalibrationPhantom"
HELD_OUT = "--cases 24 --shape 12,192,192 --random-contrast-share 0.2"


@dataclass(frozen=True)
class DefaultModel:
    """How the default bundle is made.

    Attributes:
        cases: phantoms to train on.
        seed: of the phantoms and of the AlexNet.
        epochs: of each U-Net.
        iterations: training steps an epoch.
        refiner_epochs: of the AlexNet.
        batch_size: slices a step.
        jobs: processes that make phantoms.
        trainings: U-Nets trained at the same time.
        start_from: a bundle whose weights the U-Nets begin with; None for random ones.
        learning_rate: at the beginning; None for nnU-Net's own.
        device: auto, cpu, cuda or mps.
        synthetic: whether the U-Nets learn from images synthesised at every step; takes 80 MB of
            disk a phantom. The AlexNet then sees the U-Nets' votes too: where every contrast
            occurs, an image patch does not tell on which side of an edge the bone is.
    """

    cases: int = 300
    seed: int = 2021
    epochs: int = 40
    iterations: int = 250
    refiner_epochs: int = 20
    batch_size: int = 16
    jobs: int = 2
    trainings: int = 1
    start_from: str | None = None
    learning_rate: float | None = None
    device: str = "auto"
    synthetic: bool = False


def build_default_model(root: Path, model: DefaultModel, on_command: Callable[[str], None]) -> Path:
    """Makes what is not there yet; an interrupted build goes on.

    Args:
        root: folder for the data, the training and the bundle.
        model: how to make it.
        on_command: is called with each command before it runs.

    Returns:
        The folder of the bundle; one with a calibration keeps it.

    Raises:
        TimeoutError: if another build is at work in the folder.
        StepFailedError: if a command fails.
    """
    bundle = root / "bundle"
    trained = f"--size small --device {model.device}"
    with alone_in(root, "another build-default"):
        environment = _environment(root)

        def run(*commands: str, **paths: object) -> None:
            run_together(commands, environment, on_command, **paths)

        made = f"--dataset-id {DATASET_ID} --name DefaultPhantom --cases {model.cases}"
        made += f" --seed {model.seed} --shape {SLICES} {SHARES}"
        made += " --partial-volumes" if model.synthetic else ""
        raw = Path(environment["nnUNet_raw"])
        run_together(*_phantoms(made, model.jobs, environment), on_command, out=raw)
        run(f"plan {DATASET_ID} --size small --batch-size {model.batch_size}")
        trainings = _trainings(model, trained)
        for first in range(0, len(trainings), model.trainings):
            run(*trainings[first : first + model.trainings], start=model.start_from)
        for command in _refiner_and_export(model, trained):
            # Keeps a bundle of the same models, with the calibration it may have.
            run(command, bundle=bundle, unets=root / "unets")
        if not (bundle / QUALITY_FILE).is_file():
            _calibrate(root, model, environment, on_command)
    return bundle


def _calibrate(
    root: Path,
    model: DefaultModel,
    environment: dict[str, str],
    on_command: Callable[[str], None],
) -> None:
    """Calibrates the bundle on phantoms of people that no network saw."""
    held_out = root / "calibration"
    made = f"--dataset-id {HELD_OUT_ID} --name {HELD_OUT_NAME} {HELD_OUT}"
    made += f" --seed {model.seed + 1}"
    run_together(*_phantoms(made, model.jobs, environment), on_command, out=held_out)
    dataset = held_out / f"Dataset{HELD_OUT_ID}_{HELD_OUT_NAME}"
    run_together(
        [f"calibrate {{bundle}} {{images}} {{labels}} --copies 1 --device {model.device}"],
        environment,
        on_command,
        bundle=root / "bundle",
        images=dataset / "imagesTr",
        labels=dataset / "labelsTr",
    )


def _trainings(model: DefaultModel, trained: str) -> list[str]:
    """The commands that train the U-Nets."""
    length = f"--epochs {model.epochs} --iterations {model.iterations}"
    if model.learning_rate is not None:
        length += f" --learning-rate {model.learning_rate:g}"
    start = " --synthetic" if model.synthetic else ""
    start += "" if model.start_from is None else " --start-from {start}"
    return [
        f"train {DATASET_ID} --variants {variant} --folds {FOLD} {length} {trained}{start}"
        for variant in VARIANTS
    ]


def _refiner_and_export(model: DefaultModel, trained: str) -> list[str]:
    """The commands that train the AlexNet and fill the bundle."""
    learned = f"--epochs {model.refiner_epochs} --seed {model.seed}"
    used = f"--size small --folds {FOLD} --overwrite --upright --one-piece humerus,glenoid"
    if not model.synthetic:
        return [
            f"train-refiner {DATASET_ID} {learned} {trained}",
            f"export {DATASET_ID} {{bundle}} {used}",
        ]
    # The AlexNet learns on what a bundle of the synthetically trained U-Nets says.
    return [
        f"export {DATASET_ID} {{unets}} {used} --synthetic --crop --three-planes",
        f"train-refiner {DATASET_ID} --unets {{unets}} --folds {FOLD} --inputs votes {learned} "
        f"--device {model.device}",
        f"export {DATASET_ID} {{bundle}} --unets {{unets}} --overwrite",
    ]


def _phantoms(
    what: str, jobs: int, environment: dict[str, str]
) -> tuple[list[str], dict[str, str]]:
    """The command that makes phantoms in `{out}`, and its environment."""
    # Each process has one thread; more of them than cores only wait for each other.
    command = f"phantom {{out}} {what} --workers 1 --jobs {jobs}"
    return [command], environment | {"OMP_NUM_THREADS": "1"}


def _environment(root: Path) -> dict[str, str]:
    folders = ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")
    named = {name: str(root.resolve() / name) for name in folders}
    return {**os.environ, **named, **process_limit()}
