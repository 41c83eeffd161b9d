"""`shoulderseg train`: all U-Nets and folds of a dataset, by nnU-Net's own command."""

from __future__ import annotations

import math
import os
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.failure import SOME_CASES_FAILED, complain, reported
from shoulderseg.cli.options import (
    DatasetArgument,
    Device,
    DeviceOption,
    NetworkSize,
    SizeOption,
    split_list,
)
from shoulderseg.workflows.processes.scripts import installed_script, process_limit
from shoulderseg.workflows.processes.subprocesses import run_subprocesses

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.trainings import Training


def train(
    dataset: DatasetArgument,
    size: SizeOption = NetworkSize.auto,
    variants: Annotated[str, typer.Option(help="Which U-Nets.")] = "humerus,glenoid,whole",
    folds: Annotated[
        str, typer.Option(help="Which folds: numbers, or all; default: each one there is.")
    ] = "",
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs; default 1000.")] = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Training steps an epoch; default 250.")
    ] = None,
    start_from: Annotated[
        str | None,
        typer.Option(
            metavar="BUNDLE",
            help="Begin with the weights of a bundle (default, an imported one, or a folder) "
            "instead of random ones; its network must be of the same size and patch.",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="At the beginning; default 0.01. Less keeps a short training near a bundle."
        ),
    ] = None,
    device: DeviceOption = Device.auto,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the commands only.")] = False,
) -> None:
    """Train what is not finished yet; call it again after an interruption."""
    from shoulderseg.nnunet_ext.folders import (
        PREPROCESSED,
        RESULTS,
        adopt_splits,
        data_folder,
        dataset_name,
        fold_names,
    )
    from shoulderseg.nnunet_ext.trainings import list_trainings

    with reported():
        if learning_rate is not None and not (math.isfinite(learning_rate) and learning_rate > 0):
            msg = f"--learning-rate is {learning_rate:g}; expected a number above zero"
            raise ValueError(msg)
        name = dataset_name(dataset)
        plans = data_folder(PREPROCESSED) / name / f"{size.plans_name}.json"
        if not plans.is_file():
            msg = f"{plans} is missing; run `shoulderseg plan {dataset} --size {size.value}` first"
            raise FileNotFoundError(msg)
        trainings = list_trainings(
            data_folder(RESULTS) / name,
            name,
            variants=split_list(variants),
            folds=split_list(folds) or fold_names(name),
            plans_name=size.plans_name,
            device=device.resolve(),
        )
        added = _added_environment(trainings[0].command if trainings else [])
        added |= _schedule(epochs, iterations, learning_rate) | _start(start_from)
        if not dry_run and adopt_splits(name):
            typer.echo("folds: per patient, from splits_final.json of the raw dataset")
    failed = []
    for training in trainings:
        if training.state == "finished":
            asked = (epochs, iterations, learning_rate)
            typer.echo(_finished(training, asked), err=dry_run)
            continue
        typer.echo(_as_shell(added, training.command))
        if not dry_run:
            environment = {**os.environ, **added}
            command = [installed_script(training.command[0]), *training.command[1:]]
            if run_subprocesses([command], environment) != [0]:
                failed.append(f"{training.variant} fold {training.fold}")
    if failed:
        complain(f"nnU-Net stopped early in: {', '.join(failed)}; see its messages above")
        raise typer.Exit(SOME_CASES_FAILED)


def _finished(training: Training, asked: tuple[int | None, int | None, float | None]) -> str:
    from shoulderseg.nnunet_ext.schedule import kept_lengths, kept_rate

    line = f"# {training.variant} fold {training.fold} is finished"
    lengths, rate = kept_lengths(training.folder), kept_rate(training.folder)
    if lengths is None or rate is None:
        return line
    kept = (*lengths, rate)
    if any(want not in (None, own) for want, own in zip(asked, kept, strict=True)):
        line += (
            f", with {kept[0]} epochs of {kept[1]} iterations from a learning rate of {rate:g}; "
            f"remove {training.folder} to train anew"
        )
    return line


def _added_environment(command: list[str]) -> dict[str, str]:
    """What the training processes need beside the caller's own environment."""
    from shoulderseg.nnunet_ext.variants import PLUGIN_VARIABLE, trainer_search_path

    added = {PLUGIN_VARIABLE: trainer_search_path(), **process_limit()}
    if "cpu" in command and "OMP_WAIT_POLICY" not in os.environ:
        # Threads that spin while they wait take the cores from nnU-Net's data workers.
        added["OMP_WAIT_POLICY"] = "passive"
    return added


def _schedule(
    epochs: int | None, iterations: int | None, learning_rate: float | None
) -> dict[str, str]:
    """What tells the trainers how long to train, and how fast to begin."""
    from shoulderseg.nnunet_ext.schedule import (
        EPOCHS_VARIABLE,
        ITERATIONS_VARIABLE,
        LEARNING_RATE_VARIABLE,
    )

    chosen = {
        EPOCHS_VARIABLE: epochs,
        ITERATIONS_VARIABLE: iterations,
        LEARNING_RATE_VARIABLE: learning_rate,
    }
    return {variable: str(value) for variable, value in chosen.items() if value is not None}


def _start(bundle: str | None) -> dict[str, str]:
    """What makes the trainers start from a bundle, once its files have their fingerprints."""
    if bundle is None:
        return {}
    from shoulderseg.nnunet_ext.variants import START_VARIABLE
    from shoulderseg.workflows.bundles.manifest import verified_manifest
    from shoulderseg.workflows.bundles.store import find_bundle

    folder = find_bundle(bundle)
    verified_manifest(folder)
    return {START_VARIABLE: str(folder.resolve())}


def _as_shell(added: dict[str, str], command: list[str]) -> str:
    assignments = [f"{variable}={shlex.quote(value)}" for variable, value in added.items()]
    return " ".join([*assignments, shlex.join(command)])
