"""Training of all U-Nets and folds of a dataset, by nnU-Net's own command."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from shoulderseg.workflows.processes.scripts import installed_script, process_limit
from shoulderseg.workflows.processes.subprocesses import run_subprocesses
from shoulderseg.workflows.training import checks
from shoulderseg.workflows.training.size import plans_name
from shoulderseg.workflows.training.start import start_environment

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.trainings import Training

VARIANTS = ("humerus", "glenoid", "whole")


@dataclass(frozen=True)
class Schedule:
    """How long and how fast the U-Nets learn; None leaves a number to nnU-Net.

    Attributes:
        epochs: of each training.
        iterations: training steps an epoch.
        learning_rate: at the beginning.
        augmentation: how much training images vary, `usual` or `strong`.

    Raises:
        ValueError: if the learning rate is not a number above zero, or the augmentation unknown.
    """

    epochs: int | None = None
    iterations: int | None = None
    learning_rate: float | None = None
    augmentation: str | None = None

    def __post_init__(self) -> None:
        from shoulderseg.nnunet_ext.schedule import AUGMENTATIONS

        if self.augmentation not in (None, *AUGMENTATIONS):
            msg = f"--augmentation is {self.augmentation!r}; expected one of {AUGMENTATIONS}"
            raise ValueError(msg)
        rate = self.learning_rate
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            msg = f"--learning-rate is {rate:g}; expected a number above zero"
            raise ValueError(msg)


@dataclass(frozen=True)
class TrainingOrder:
    """What is to be trained.

    Attributes:
        dataset: a number or DatasetNNN_Name.
        device: cpu, cuda or mps; on a cluster also auto, which each worker resolves.
        size: `auto` or `small`.
        variants: which U-Nets.
        folds: which folds; empty for each one there is.
        schedule: how long and how fast.
        start_from: a bundle whose weights the U-Nets begin with; None for random ones.
        synthetic: whether images are synthesised at every step, from partial volume maps.
    """

    dataset: str
    device: str
    size: str = "auto"
    variants: Sequence[str] = VARIANTS
    folds: Sequence[str] = ()
    schedule: Schedule = Schedule()
    start_from: str | None = None
    synthetic: bool = False


@dataclass(frozen=True)
class TrainingRun:
    """Trainings that are ready to start.

    Attributes:
        name: full name of the dataset.
        trainings: in the order in which they run.
        environment: what their processes need beside the caller's own.
        schedule: what was asked for.
        device: where they run; on a cluster also auto, which each worker resolves.
        plans_name: nnU-Net's identifier of the plans.
    """

    name: str
    trainings: tuple[Training, ...]
    environment: Mapping[str, str]
    schedule: Schedule
    device: str
    plans_name: str


def prepare_trainings(order: TrainingOrder) -> TrainingRun:
    """Finds out what there is to train; nothing is written.

    Raises:
        ValueError: if there is no such dataset or variant, the U-Nets cannot learn from the
            dataset, a training began with other plans, or the bundle to start from is damaged or
            of another network.
        FileNotFoundError: if the dataset is not planned, there is no such bundle, or it has no
            weights for a U-Net or fold.
    """
    from shoulderseg.nnunet_ext.dataset_checks import check_copy, check_trainable
    from shoulderseg.nnunet_ext.folders import (
        PREPROCESSED,
        RESULTS,
        data_folder,
        dataset_name,
        fold_names,
    )
    from shoulderseg.nnunet_ext.trainings import list_trainings

    name, identifier = dataset_name(order.dataset), plans_name(order.size)
    plans = data_folder(PREPROCESSED) / name / f"{identifier}.json"
    if not plans.is_file():
        msg = (
            f"{plans} is missing; run `shoulderseg plan {order.dataset} --size {order.size}` "
            "first (a dry run needs it too)"
        )
        raise FileNotFoundError(msg)
    check_trainable(name)
    check_copy(name)
    checks.warn_of_changes(name)
    checks.check_folds(name, order.folds)
    trainings = list_trainings(
        data_folder(RESULTS) / name,
        name,
        variants=order.variants,
        folds=order.folds or fold_names(name),
        plans_name=identifier,
        device=order.device,
        synthetic=order.synthetic,
    )
    checks.check_begun(trainings, plans)
    environment = training_environment(order.schedule, order.device)
    environment |= start_environment(order.start_from, trainings, plans)
    return TrainingRun(
        *(name, tuple(trainings), environment, order.schedule), order.device, identifier
    )


def training_environment(schedule: Schedule, device: str) -> dict[str, str]:
    """Gives what nnU-Net's processes need beside the caller's own environment.

    Args:
        schedule: how long and how fast they learn.
        device: cpu, cuda or mps.
    """
    return process_environment(device) | _schedule_environment(schedule)


def adopt_folds(run: TrainingRun) -> bool:
    """Gives nnU-Net the folds of the raw dataset; tells whether it had none before.

    Raises:
        ValueError: if it has others.
    """
    from shoulderseg.nnunet_ext.folders import adopt_splits

    return adopt_splits(run.name)


def run_training(
    run: TrainingRun,
    training: Training,
    *,
    stopped: Callable[[], bool] | None = None,
    kept_open: Sequence[int] = (),
) -> bool:
    """Runs nnU-Net's command, and tells whether it came to its end.

    Args:
        run: to which the training belongs.
        training: which.
        stopped: is asked every second whether it is to be ended.
        kept_open: files of this process that stay open in that of the training.
    """
    environment = {**os.environ, **run.environment}
    command = [installed_script(training.command[0]), *training.command[1:]]
    codes = run_subprocesses([command], environment, stopped=stopped, kept_open=kept_open)
    return codes == [0]


def command_line(run: TrainingRun, training: Training) -> str:
    """Gives the command of a training as one would type it into a shell."""
    words = [f"{variable}={shlex.quote(value)}" for variable, value in run.environment.items()]
    return " ".join([*words, shlex.join(training.command)])


def describe_finished(run: TrainingRun, training: Training) -> str:
    """Says that a training is finished, and with what schedule if another was asked for."""
    from shoulderseg.nnunet_ext.schedule import kept_augmentation, kept_lengths, kept_rate

    line = f"{training.variant} fold {training.fold} is finished"
    lengths, rate = kept_lengths(training.folder), kept_rate(training.folder)
    if lengths is None or rate is None:
        return line
    asked = astuple(run.schedule)
    kept = (*lengths, rate, kept_augmentation(training.folder))
    if any(want not in (None, own) for want, own in zip(asked, kept, strict=True)):
        line += (
            f", with {kept[0]} epochs of {kept[1]} iterations from a learning rate of {rate:g}, "
            f"{kept[3]} augmentation; remove {training.folder} to train anew"
        )
    return line


def process_environment(device: str) -> dict[str, str]:
    """What the processes of trainings need on this machine.

    Args:
        device: where they run.
    """
    from shoulderseg.nnunet_ext.variants import PLUGIN_VARIABLE, trainer_search_path

    added = {PLUGIN_VARIABLE: trainer_search_path(), **process_limit()}
    if device == "cpu" and "OMP_WAIT_POLICY" not in os.environ:
        # Threads that spin while they wait take the cores from nnU-Net's data workers.
        added["OMP_WAIT_POLICY"] = "passive"
    return added


def _schedule_environment(schedule: Schedule) -> dict[str, str]:
    """What tells the trainers how long to train, and how fast to begin."""
    from shoulderseg.nnunet_ext.schedule import (
        AUGMENTATION_VARIABLE,
        EPOCHS_VARIABLE,
        ITERATIONS_VARIABLE,
        LEARNING_RATE_VARIABLE,
    )

    chosen = {
        EPOCHS_VARIABLE: schedule.epochs,
        ITERATIONS_VARIABLE: schedule.iterations,
        LEARNING_RATE_VARIABLE: schedule.learning_rate,
        AUGMENTATION_VARIABLE: schedule.augmentation,
    }
    return {variable: str(value) for variable, value in chosen.items() if value is not None}
