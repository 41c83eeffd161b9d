"""Which `nnUNetv2_train` commands a dataset still needs."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.variants import CHECKPOINT, SHARED, model_folder, trainers

State = Literal["finished", "half-finished", "new"]
# In the order in which nnU-Net goes on from them.
CHECKPOINTS = (CHECKPOINT, "checkpoint_latest.pth", "checkpoint_best.pth")


class Training(NamedTuple):
    """One U-Net of one fold, where it is kept, how far it is, and what finishes it."""

    variant: str
    fold: str
    folder: Path
    state: State
    command: list[str]


def list_trainings(
    results_dataset: Path,
    dataset_id: str,
    *,
    variants: Sequence[str],
    folds: Sequence[str],
    plans_name: str,
    device: str,
    synthetic: bool = False,
) -> list[Training]:
    """Lists the trainings of all variants and folds in the order they are to run.

    A training is finished when nnU-Net has written its validation summary, half-finished when
    there is a whole checkpoint to go on from.

    Args:
        results_dataset: The dataset's folder under `nnUNet_results`; it need not exist yet.
        dataset_id: What nnU-Net is to be given: a number or `DatasetNNN_Name`.
        variants: Some of humerus, glenoid, whole; shared too where images are synthesised.
        folds: `0` to `4`, or `all`.
        plans_name: nnU-Net's plans identifier.
        device: Name of the device: cuda, cpu or mps.
        synthetic: With the trainers that synthesise their images.

    Raises:
        ValueError: If a variant is unknown.
    """
    known = trainers(synthetic=synthetic)
    unknown = [variant for variant in variants if variant not in known]
    if unknown:
        msg = f"unknown variant {unknown[0]!r}; expected some of {list(known)}"
        if unknown[0] == SHARED:
            msg += f", or {SHARED} with --synthetic"
        raise ValueError(msg)
    trainings = []
    for variant in variants:
        trainer = known[variant]
        model = model_folder(results_dataset, variant, plans_name, synthetic=synthetic)
        for fold in folds:
            folder = model / f"fold_{fold}"
            state = training_state(folder)
            command = ["nnUNetv2_train", dataset_id, CONFIGURATION, fold]
            command += ["-tr", trainer, "-p", plans_name, "-device", device]
            if state == "half-finished":
                command.append("--c")
            trainings.append(Training(variant, fold, folder, state, command))
    return trainings


def looked_at_again(training: Training) -> Training:
    """Gives a training as it stands now, where another process may have worked on it.

    Args:
        training: Of `list_trainings`.
    """
    state = training_state(training.folder)
    command = [word for word in training.command if word != "--c"]
    command += ["--c"] * (state == "half-finished")
    return training._replace(state=state, command=command)


def training_state(fold_folder: Path) -> State:
    """Tells how far nnU-Net is with a fold."""
    if (fold_folder / "validation" / "summary.json").is_file():
        return "finished"
    return "half-finished" if has_checkpoint(fold_folder) else "new"


def has_checkpoint(fold_folder: Path) -> bool:
    """Tells whether there is anything of a fold to go on from: a checkpoint that is whole."""
    return whole_checkpoint(fold_folder) is not None


def whole_checkpoint(fold_folder: Path) -> Path | None:
    """Gives the checkpoint of a fold to go on from, the first that is whole; None without one."""
    return next((path for path in _checkpoints(fold_folder) if is_whole(path)), None)


def broken_checkpoints(fold_folder: Path) -> list[Path]:
    """Gives the checkpoints of a fold that were not written to their end."""
    return [path for path in _checkpoints(fold_folder) if not is_whole(path)]


def is_whole(checkpoint: Path) -> bool:
    """Tells whether a checkpoint was written to its end, not cut short by a full disk or a stop.

    It is a zip archive, whose list of contents comes last. The weights are not read.

    Args:
        checkpoint: A file that torch wrote.
    """
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            for entry in archive.infolist():
                archive.open(entry).close()
            return bool(archive.infolist())
    except (zipfile.BadZipFile, RuntimeError, ValueError, EOFError):
        return False


def last_saved_ns(fold_folder: Path) -> int:
    """Tells when the last checkpoint of a fold was written, in ns; 0 where there is none."""
    return max((path.stat().st_mtime_ns for path in _checkpoints(fold_folder)), default=0)


def _checkpoints(fold_folder: Path) -> list[Path]:
    return [path for name in CHECKPOINTS if (path := fold_folder / name).is_file()]
