"""Trainings that the workers of a cluster run, one each at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.cohort.duty import Duty
from shoulderseg.workflows.cohort.pool import Pool
from shoulderseg.workflows.cohort.presence import BusyError
from shoulderseg.workflows.device import resolve_device
from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.processes.scripts import installed_script
from shoulderseg.workflows.training.fold_lock import fold_held
from shoulderseg.workflows.training.train import (
    TrainingRun,
    process_environment,
    run_training,
)

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.trainings import Training
    from shoulderseg.workflows.cohort.cluster import Crew
    from shoulderseg.workflows.cohort.members import Member


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Attributes:
        problem: why it did not come to its end; empty if it did.
        busy: whether another process works on it.
        unfit: why the worker cannot do it; empty if it can.
    """

    problem: str = ""
    busy: bool = False
    unfit: str = ""


@dataclass(frozen=True)
class TrainingPlace:
    """Where a worker finds what it trains on.

    Attributes:
        folders: nnU-Net's variables, whole paths.
        plans: file of the plans.
        start: sha256 of the manifest of the bundle that trainings begin with; empty without one.
    """

    folders: Mapping[str, str]
    plans: Path
    start: str = ""


@dataclass
class TrainingPool(Pool["Training", Trained]):
    """Gives each worker a training; a worker that ends after a checkpoint was kept does no harm.

    On machines that are taken back now and then, a training of days outlives many workers.
    """

    _saved: dict[int, int] = field(default_factory=dict)

    def _hand_out(self) -> None:
        from shoulderseg.nnunet_ext.trainings import last_saved_ns

        for training in self._waiting:
            self._saved.setdefault(id(training), last_saved_ns(training.folder))
        super()._hand_out()

    def _buried(self, member: Member[Training]) -> Iterator[tuple[Training, Exception]]:
        from shoulderseg.nnunet_ext.trainings import last_saved_ns

        if member.item is not None:
            key, saved = id(member.item), last_saved_ns(member.item.folder)
            if saved > self._saved.get(key, saved):
                # The death that follows is not counted either.
                self._deaths[key] = -1
            self._saved[key] = saved
        yield from super()._buried(member)


def train_on_cluster(
    run: TrainingRun, crew: Crew, on_trained: Callable[[Training, str], None]
) -> None:
    """Has all trainings run that are not finished; one that fails keeps no other from its turn.

    Workers go by the options and by the environment of this process, not by their own.

    Args:
        run: of `prepare_trainings`.
        crew: the cluster.
        on_trained: is told of each training, and why it did not come to its end, if so.

    Raises:
        BrokenEnvironmentError: if no worker can be used, or the scheduler is lost.
        OSError: if the folder of the results cannot be made.
    """
    from shoulderseg.nnunet_ext.folders import RESULTS

    run = replace(run, environment=_told(run))
    place = _place_of(run)
    # A fresh project has none yet, and workers look whether they can write to it.
    Path(place.folders[RESULTS]).mkdir(parents=True, exist_ok=True)
    duty: Duty[Training, Trained] = Duty(
        "training", partial(examine_for, place, run), partial(train_one, place, run)
    )
    left = [training for training in run.trainings if training.state != "finished"]
    with closing(TrainingPool(crew.client, duty).run(left)) as answers:
        for answered in answers:
            if answered is not None:
                training, came = answered
                problem = reason_of(came) if isinstance(came, Exception) else came.problem
                on_trained(training, problem)


def examine_for(place: TrainingPlace, run: TrainingRun) -> str:
    """Says why this worker cannot train; nothing if it can.

    Args:
        place: where it finds what it trains on.
        run: the trainings.
    """
    from shoulderseg.nnunet_ext.folders import RESULTS
    from shoulderseg.nnunet_ext.variants import START_VARIABLE
    from shoulderseg.workflows.bundles.manifest import MANIFEST, sha256_of

    results = Path(place.folders[RESULTS])
    if not place.plans.is_file():
        return f"it does not see {place.plans}; nnU-Net's folders have to be on a shared disk"
    if not os.access(results, os.W_OK):
        return f"it cannot write to {results}; nnU-Net's folders have to be on a shared disk"
    if not shutil.which(installed_script("nnUNetv2_train")):
        return "it has no nnUNetv2_train"
    try:
        resolve_device(run.device)
        if place.start:
            manifest = Path(run.environment[START_VARIABLE]) / MANIFEST
            if (here := sha256_of(manifest)) != place.start:
                return f"its bundle is {here[:12]}, the run's is {place.start[:12]}"
    except (ValueError, OSError) as error:
        return reason_of(error)
    return ""


def train_one(place: TrainingPlace, run: TrainingRun, training: Training) -> Trained:
    """Runs one training at a worker, and goes on with it where another was stopped.

    Args:
        place: where it finds what it trains on.
        run: to which it belongs.
        training: which.
    """
    from shoulderseg.nnunet_ext.variants import trainer_variables

    try:
        with fold_held(training) as (now, kept_open):
            if now.state == "finished":
                return Trained()
            device = resolve_device(run.device)
            # The trainers take an empty variable for none.
            unsaid = dict.fromkeys(trainer_variables(os.environ), "")
            own = {**unsaid, **run.environment, **process_environment(device), **place.folders}
            here = replace(run, environment=own, device=device)
            place_of_device = now.command.index("-device") + 1
            command = [*now.command]
            command[place_of_device] = device
            ended = run_training(
                here,
                now._replace(command=command),
                stopped=_is_cancelled(),
                kept_open=kept_open,
            )
    except BusyError:
        return Trained(busy=True)
    except Exception as error:
        return Trained(reason_of(error))
    return Trained("" if ended else "nnU-Net stopped early; the worker's log has its messages")


def _is_cancelled() -> Callable[[], bool]:
    """Tells whether the task that calls this is not wanted any more, or its worker ends."""
    from distributed import Status, get_worker
    from distributed.worker import thread_state  # type: ignore[attr-defined]

    worker, key = get_worker(), thread_state.key

    def ask() -> bool:
        task = worker.state.tasks.get(key)
        ending = worker.status not in (Status.running, Status.paused)
        return ending or task is None or task.state == "cancelled"

    return ask


def _told(run: TrainingRun) -> dict[str, str]:
    """What tells the trainers how to learn: variables of this process, and options before them."""
    from shoulderseg.nnunet_ext.variants import START_VARIABLE, trainer_variables

    told = {**trainer_variables(os.environ), **run.environment}
    start = told.get(START_VARIABLE, "").strip()
    # Workers run in other folders.
    return told | {START_VARIABLE: str(Path(start).resolve())} if start else told


def _place_of(run: TrainingRun) -> TrainingPlace:
    from shoulderseg.nnunet_ext.folders import PREPROCESSED, RAW, RESULTS, data_folder
    from shoulderseg.nnunet_ext.variants import START_VARIABLE
    from shoulderseg.workflows.bundles.manifest import MANIFEST, sha256_of

    folders = {
        variable: str(data_folder(variable).absolute()) for variable in (RAW, PREPROCESSED, RESULTS)
    }
    start = run.environment.get(START_VARIABLE)
    return TrainingPlace(
        folders,
        Path(folders[PREPROCESSED]) / run.name / f"{run.plans_name}.json",
        sha256_of(Path(start) / MANIFEST) if start else "",
    )
