"""Planning: nnU-Net's own, and the small network beside the automatic one."""

from __future__ import annotations

import json
import logging
import os
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shoulderseg.workflows.errors import StepFailedError
from shoulderseg.workflows.processes.scripts import installed_script
from shoulderseg.workflows.training.size import AUTO, SMALL

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class SmallPlans:
    """The plans of the small network.

    Attributes:
        path: their file.
        batch_size: slices a training step.
        written: whether they are new; false if they were there already.
    """

    path: Path
    batch_size: int
    written: bool


@dataclass(frozen=True)
class Planning:
    """What was planned.

    Attributes:
        name: full name of the dataset.
        was_planned: whether nnU-Net's planning was there already.
        adopted_folds: whether nnU-Net was given the folds of the raw dataset.
        small: plans of the small network, None where they were not asked for.
    """

    name: str
    was_planned: bool
    adopted_folds: bool
    small: SmallPlans | None


def plan_dataset(
    dataset: str, size: str, batch_size: int | None, on_command: Callable[[str], None]
) -> Planning:
    """Plans and preprocesses a dataset with nnU-Net, where that has not been done yet.

    Args:
        dataset: a number or DatasetNNN_Name.
        size: `auto` or `small`.
        batch_size: slices a training step of the small network; None for its own.
        on_command: is called with nnU-Net's command before it runs.

    Raises:
        ValueError: if a batch size is given for the automatic network, there is no such dataset,
            the U-Nets cannot learn from it, or models were trained with another batch size.
        StepFailedError: if nnU-Net fails.
    """
    from shoulderseg.nnunet_ext.dataset_checks import check_copy, check_trainable
    from shoulderseg.nnunet_ext.folders import (
        PREPROCESSED,
        adopt_splits,
        data_folder,
        dataset_name,
        is_preprocessed,
    )
    from shoulderseg.nnunet_ext.plans import CONFIGURATION, DEFAULT_PLANS

    if batch_size is not None and size == AUTO:
        msg = "--batch-size belongs to --size small; the automatic plans set their own"
        raise ValueError(msg)
    name = dataset_name(dataset)
    check_trainable(name)
    planned = is_preprocessed(name, f"{DEFAULT_PLANS}.json", f"{DEFAULT_PLANS}_{CONFIGURATION}")
    if planned:
        check_copy(name)
    else:
        _plan_and_preprocess(name, on_command)
    adopted = adopt_splits(name)
    small = _plan_small(data_folder(PREPROCESSED) / name, batch_size) if size == SMALL else None
    return Planning(name, planned, adopted, small)


def raw_dataset(dataset: str) -> Path:
    """Gives the folder of a raw dataset.

    Args:
        dataset: a number or DatasetNNN_Name.

    Raises:
        ValueError: if there is no such dataset, or nnU-Net's folders are not set.
    """
    from shoulderseg.nnunet_ext.folders import RAW, data_folder, dataset_name

    return data_folder(RAW) / dataset_name(dataset)


def _plan_small(preprocessed: Path, batch_size: int | None) -> SmallPlans:
    """Writes the small plans, but leaves alone what models may have been trained with."""
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder
    from shoulderseg.nnunet_ext.plans import DEFAULT_PLANS, SMALL_PLANS, write_small_plans

    path = preprocessed / f"{SMALL_PLANS}.json"
    automatic = preprocessed / f"{DEFAULT_PLANS}.json"
    if path.is_file() and path.stat().st_mtime >= automatic.stat().st_mtime:
        planned = _batch_size(path)
        if batch_size in (None, planned):
            return SmallPlans(path, planned, written=False)
        models = data_folder(RESULTS) / preprocessed.name
        if list(models.glob(f"*__{SMALL_PLANS}__2d")):
            msg = f"{models} holds models of batch size {planned}; remove them to plan anew"
            raise ValueError(msg)
    path = write_small_plans(preprocessed, batch_size)
    return SmallPlans(path, _batch_size(path), written=True)


def _batch_size(plans: Path) -> int:
    return int(json.loads(plans.read_text(encoding="utf-8"))["configurations"]["2d"]["batch_size"])


def _only_number(name: str) -> str:
    """The number of a dataset, by which alone nnU-Net's planning finds it.

    Raises:
        ValueError: if another dataset, or what is left of one, has it too.
    """
    from shoulderseg.nnunet_ext.folders import PREPROCESSED, RAW, RESULTS

    number = int(name.removeprefix("Dataset").split("_")[0])
    found = {
        path
        for variable in (RAW, PREPROCESSED, RESULTS)
        if os.environ.get(variable)
        for path in Path(os.environ[variable]).glob(f"Dataset{number:03d}*")
        if path.is_dir() and path.name != name
    }
    if found:
        msg = (
            f"nnU-Net plans a dataset by its number alone, and {min(found)} has that of {name} "
            "too; rename or remove one"
        )
        raise ValueError(msg)
    return str(number)


def _plan_and_preprocess(name: str, on_command: Callable[[str], None]) -> None:
    number = _only_number(name)
    # --clean: a fingerprint of earlier images would be taken for that of the present ones.
    command = ["nnUNetv2_plan_and_preprocess", "-d", number, "-c", "2d", "--clean"]
    command.append("--verify_dataset_integrity")
    # Each of nnU-Net's processes imports torch; more of them than cores only wait.
    processes = str(min(8, os.cpu_count() or 1))
    command += ["-npfp", processes, "-np", processes]
    on_command(shlex.join(command))
    if subprocess.run([installed_script(command[0]), *command[1:]], check=False).returncode != 0:
        msg = "nnU-Net could not plan this dataset; see its messages above"
        raise StepFailedError(msg)
