"""`shoulderseg plan`: nnU-Net's planning, and the small network beside the automatic one."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.failure import BROKEN_ENVIRONMENT, complain, reported
from shoulderseg.cli.options import DatasetArgument, NetworkSize
from shoulderseg.workflows.processes.scripts import installed_script


def plan(
    dataset: DatasetArgument,
    size: Annotated[NetworkSize, typer.Option(help="Network to plan.")] = NetworkSize.auto,
    batch_size: Annotated[
        int | None, typer.Option(help="Slices a training step, small network only.", min=2)
    ] = None,
) -> None:
    """Plan and preprocess a dataset with nnU-Net, where that has not been done yet."""
    from shoulderseg.nnunet_ext.folders import (
        PREPROCESSED,
        adopt_splits,
        data_folder,
        dataset_name,
        is_preprocessed,
    )
    from shoulderseg.nnunet_ext.plans import CONFIGURATION, DEFAULT_PLANS

    with reported():
        if batch_size is not None and size is NetworkSize.auto:
            msg = "--batch-size belongs to --size small; the automatic plans set their own"
            raise ValueError(msg)
        name = dataset_name(dataset)
        identifier = f"{DEFAULT_PLANS}_{CONFIGURATION}"
        if is_preprocessed(name, f"{DEFAULT_PLANS}.json", identifier):
            typer.echo(f"{name} is planned already")
        else:
            _plan_and_preprocess(name)
        if adopt_splits(name):
            typer.echo("folds: per patient, from splits_final.json of the raw dataset")
        if size is NetworkSize.small:
            typer.echo(_plan_small(data_folder(PREPROCESSED) / name, batch_size))


def _plan_small(preprocessed: Path, batch_size: int | None) -> str:
    """Writes the small plans, but leaves alone what models may have been trained with."""
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder
    from shoulderseg.nnunet_ext.plans import DEFAULT_PLANS, SMALL_PLANS, write_small_plans

    path = preprocessed / f"{SMALL_PLANS}.json"
    automatic = preprocessed / f"{DEFAULT_PLANS}.json"
    if path.is_file() and path.stat().st_mtime >= automatic.stat().st_mtime:
        planned = json.loads(path.read_text())["configurations"]["2d"]["batch_size"]
        if batch_size in (None, planned):
            return f"{path.name} is there already, batch size {planned}"
        models = data_folder(RESULTS) / preprocessed.name
        if list(models.glob(f"*__{SMALL_PLANS}__2d")):
            msg = f"{models} holds models of batch size {planned}; remove them to plan anew"
            raise ValueError(msg)
    return f"wrote {write_small_plans(preprocessed, batch_size)}"


def _plan_and_preprocess(name: str) -> None:
    number = str(int(name.removeprefix("Dataset").split("_")[0]))
    # --clean: a fingerprint of earlier images would be taken for that of the present ones.
    command = ["nnUNetv2_plan_and_preprocess", "-d", number, "-c", "2d", "--clean"]
    command.append("--verify_dataset_integrity")
    # Each of nnU-Net's processes imports torch; more of them than cores only wait.
    processes = str(min(8, os.cpu_count() or 1))
    command += ["-npfp", processes, "-np", processes]
    typer.echo(shlex.join(command))
    if subprocess.run([installed_script(command[0]), *command[1:]], check=False).returncode != 0:
        complain("nnU-Net could not plan this dataset; see its messages above")
        raise typer.Exit(BROKEN_ENVIRONMENT)
