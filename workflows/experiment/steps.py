"""The commands of an experiment: plan, train, refine, export, and stock nnU-Net beside them."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.bundles.manifest import sha256_of
from shoulderseg.workflows.errors import StepFailedError
from shoulderseg.workflows.experiment.data import ExperimentData
from shoulderseg.workflows.experiment.protocol import Protocol
from shoulderseg.workflows.experiment.start import count_waiting
from shoulderseg.workflows.experiment.upright import (
    lies_otherwise,
    restore_label_maps,
    write_upright,
)
from shoulderseg.workflows.processes.scripts import installed_script, process_limit
from shoulderseg.workflows.processes.steps import run_together
from shoulderseg.workflows.processes.subprocesses import run_subprocesses
from shoulderseg.workflows.training.size import AUTO, plans_name

if TYPE_CHECKING:
    from shoulderseg.workflows.cohort.cluster import Where

OnCommand = Callable[[str], None]


@dataclass(frozen=True)
class Work:
    """What the steps of an experiment share.

    Attributes:
        data: of the experiment.
        protocol: what is done.
        device: cpu, cuda or mps.
        on_command: is called with each command before it runs.
        where: the cluster whose workers train our U-Nets; None for this machine alone.
    """

    data: ExperimentData
    protocol: Protocol
    device: str
    on_command: OnCommand
    where: Where | None = None


def own_environment(out: Path) -> dict[str, str]:
    """Environment in which nnU-Net sees the experiment's folders and no others.

    What else tells the trainers how to learn is left out: the protocol says that.
    """
    from shoulderseg.nnunet_ext.variants import trainer_variables

    folders = ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")
    named = {name: str(out.resolve() / name) for name in folders}
    told = trainer_variables(os.environ)
    kept = {name: value for name, value in os.environ.items() if name not in told}
    return {**kept, **named, **process_limit()}


def train_ours(work: Work) -> Path:
    """Plans, trains the U-Nets and the AlexNets, and exports them; goes on where it was stopped.

    Returns:
        The bundle.

    Raises:
        StepFailedError: if a command fails.
    """
    data, protocol = work.data, work.protocol
    environment, bundle = own_environment(data.out), data.out / "bundle"
    sized = f"{{name}} --size {protocol.size}"
    trained, spread = f"{sized} --device {work.device}", _spread(work)
    results = Path(environment["nnUNet_results"]) / data.name
    # The bundle may be gone once all trainings have begun with it.
    begins = count_waiting(results, protocol, len(data.assignment.folds)) > 0
    start = " --start-from {start}" if protocol.start_from is not None and begins else ""
    refined = f"--epochs {protocol.refiner_epochs} --steps {protocol.refiner_steps}"
    for command in (
        f"plan {sized}",
        f"train {sized}{spread}{_schedule(protocol)}{start}",
        f"train-refiner {trained} --inputs votes {refined} --seed {protocol.seed}",
        f"export {{name}} {{bundle}} --size {protocol.size} --overwrite{_lying(bundle)}",
    ):
        paths = {"name": data.name, "bundle": bundle, "start": protocol.start_from}
        paths["scheduler"] = work.where.scheduler if work.where else None
        run_together([command], environment, work.on_command, **paths)
    return bundle


def _lying(bundle: Path) -> str:
    """How the training images lie, as an earlier export found; their times may change by a copy."""
    from shoulderseg.workflows.bundles.manifest import verified_manifest

    try:
        return " --upright" if verified_manifest(bundle).get("upright") else " --no-upright"
    except (OSError, ValueError):
        # None yet, or a damaged one, which is made anew.
        return ""


def _spread(work: Work) -> str:
    """Where our U-Nets are trained; the workers of a cluster know best what devices they have."""
    if work.where is None:
        return f" --device {work.device}"
    if work.where.scheduler:
        return " --scheduler {scheduler}"
    return f" --workers {work.where.workers}"


def _schedule(protocol: Protocol) -> str:
    options = {
        "--epochs": protocol.epochs,
        "--iterations": protocol.iterations,
        "--learning-rate": protocol.learning_rate,
        "--augmentation": protocol.augmentation,
    }
    return "".join(f" {name} {value}" for name, value in options.items() if value is not None)


def run_stock(work: Work, configuration: str, *, upright: bool = False) -> Path | None:
    """Trains stock nnU-Net on the same folds, and lets it predict the test images.

    Args:
        work: its length is that of each of our U-Nets.
        configuration: `2d` or `3d_fullres`.
        upright: whether all training images stand as scanners store slices, so that our networks
            are given all others turned; stock nnU-Net is then, too.

    Returns:
        The folder of label maps; None where nnU-Net plans no such configuration.

    Raises:
        StepFailedError: if a command fails.
    """
    from shoulderseg.datasets.output_file import write_text
    from shoulderseg.nnunet_ext.stock_trainings import is_planned, stock_commands

    data, protocol = work.data, work.protocol
    predicted = data.out / "stock" / configuration
    environment = own_environment(data.out) | _stock_environment(protocol, work.device)
    preprocessed = Path(environment["nnUNet_preprocessed"]) / data.name
    # Nobody plans a small 3D network.
    plans = plans_name(protocol.size if configuration == "2d" else AUTO)
    if not is_planned(preprocessed, plans, configuration):
        return None
    commands = stock_commands(
        preprocessed,
        Path(environment["nnUNet_results"]) / data.name,
        configuration,
        plans_name=plans,
        folds=[str(fold) for fold in range(len(data.assignment.folds))],
        device=work.device,
    )
    for command in commands.trainings:
        _run(command, environment, work.on_command)
    turned = upright and lies_otherwise(_test_images(data))
    note, key = predicted.with_suffix(".txt"), _digest([*commands.checkpoints, *data.test_files()])
    key += " turned" if turned else ""
    if not (predicted.is_dir() and note.is_file() and note.read_text(encoding="utf-8") == key):
        _predict_stock(work, commands.model, predicted, environment, turned=turned)
        write_text(note, key)
    return predicted


def _test_images(data: ExperimentData) -> dict[str, Path]:
    return {case: data.image(case) for case in data.assignment.test}


def _predict_stock(
    work: Work,
    model: Sequence[str],
    predicted: Path,
    environment: Mapping[str, str],
    *,
    turned: bool,
) -> None:
    """Runs nnU-Net's own command on the test images, as they are or turned."""
    data = work.data
    part, upright = predicted.with_name(f"{predicted.name}.part"), predicted.with_name("upright")
    # Of a prediction that was stopped, or of other weights or images.
    for folder in (part, predicted, upright):
        shutil.rmtree(folder, ignore_errors=True)
    seen = upright if turned else data.test_images
    turns = write_upright(_test_images(data), upright, data.ending) if turned else {}
    predict = ["nnUNetv2_predict", "-i", str(seen), "-o", str(part), *model]
    predict += ["-npp", "1", "-nps", "1", "--disable_progress_bar"]
    _run(predict, environment, work.on_command)
    if turned:
        restore_label_maps(part, _test_images(data), turns, data.ending)
        shutil.rmtree(upright, ignore_errors=True)
    part.rename(predicted)


def _digest(paths: Sequence[Path]) -> str:
    """A hash of the content of files; those that are not there count as such."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode())
        digest.update(sha256_of(path).encode() if path.is_file() else b"")
    return digest.hexdigest()


def _stock_environment(protocol: Protocol, device: str) -> dict[str, str]:
    from shoulderseg.workflows.training.train import Schedule, training_environment

    # A rate that keeps ours near the weights they begin with is none for random ones.
    rate = protocol.learning_rate if protocol.start_from is None else None
    schedule = Schedule(protocol.epochs, protocol.iterations, rate)
    return training_environment(schedule, device)


def _run(command: Sequence[str], environment: Mapping[str, str], on_command: OnCommand) -> None:
    line = shlex.join(command)
    on_command(line)
    (code,) = run_subprocesses([[installed_script(command[0]), *command[1:]]], environment)
    if code != 0:
        msg = f"this step failed with exit code {code}: {line}"
        raise StepFailedError(msg)
