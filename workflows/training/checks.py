"""What would go wrong hours into a training, said before it begins."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.trainings import Training

_LOGGER = logging.getLogger(__name__)


def warn_of_changes(name: str) -> None:
    """Warns where nnU-Net would learn from other cases than the raw dataset holds now.

    Args:
        name: full name of a dataset that is planned; its raw folder need not be there any more.
    """
    from shoulderseg.nnunet_ext.folders import RAW, data_folder, is_preprocessed
    from shoulderseg.nnunet_ext.plans import CONFIGURATION, DEFAULT_PLANS

    raw = data_folder(RAW) / name
    if not (raw / "labelsTr").is_dir() or not (raw / "imagesTr").is_dir():
        return
    if not is_preprocessed(name, f"{DEFAULT_PLANS}.json", f"{DEFAULT_PLANS}_{CONFIGURATION}"):
        _LOGGER.warning(
            "%s has other cases than were preprocessed, or newer files; if it was changed, run "
            "`shoulderseg plan` again before you train",
            name,
        )


def check_begun(trainings: Sequence[Training], plans: Path) -> None:
    """Looks whether trainings that have begun can go on with what is planned and kept now.

    Args:
        trainings: those that may run.
        plans: file of the present plans.

    Raises:
        ValueError: if one that is to go on began with other plans.
    """
    warn_of_old(trainings, plans)
    warn_of_broken(trainings)
    check_planned_with(trainings, plans)


def warn_of_old(trainings: Iterable[Training], plans: Path) -> None:
    """Warns of trainings that were begun before the dataset was planned as it is now."""
    from shoulderseg.nnunet_ext.trainings import CHECKPOINTS

    planned = plans.stat().st_mtime
    for training in trainings:
        found = [training.folder / name for name in CHECKPOINTS]
        times = [path.stat().st_mtime for path in found if path.is_file()]
        if times and max(times) < planned:
            _LOGGER.warning(
                "%s fold %s was trained before the dataset was planned; remove its folder %s to "
                "train it on what is planned now",
                training.variant,
                training.fold,
                training.folder,
            )


def warn_of_broken(trainings: Iterable[Training]) -> None:
    """Warns of checkpoints that were cut short, and says what is gone on from instead."""
    from shoulderseg.nnunet_ext.trainings import broken_checkpoints, whole_checkpoint

    for training in trainings:
        if training.state == "finished":
            continue
        found = whole_checkpoint(training.folder)
        then = "begins anew" if found is None else f"goes on from {found.name}"
        for broken in broken_checkpoints(training.folder):
            _LOGGER.warning(
                "%s is not whole, as after a full disk or a stop: the training %s", broken, then
            )


def check_planned_with(trainings: Iterable[Training], plans: Path) -> None:
    """Refuses to go on with trainings that began with other plans, and warns of finished ones.

    Args:
        trainings: those that may run.
        plans: file of the present plans.

    Raises:
        ValueError: if one that is to go on began with others.
    """
    from shoulderseg.nnunet_ext.learned_with import changed_since, planned_with
    from shoulderseg.nnunet_ext.plans import CONFIGURATION

    present = planned_with(json.loads(plans.read_text(encoding="utf-8")), CONFIGURATION)
    for training in trainings:
        changed = [] if training.state == "new" else changed_since(training.folder, present)
        if not changed:
            continue
        msg = (
            f"{training.variant} fold {training.fold} learned with other plans than {plans} has "
            f"now ({', '.join(changed)} differ); remove {training.folder} to train it anew"
        )
        if training.state == "half-finished":
            raise ValueError(msg)
        _LOGGER.warning("%s: export refuses to join it with folds of the new plans", msg)


def check_folds(name: str, folds: Sequence[str] = ()) -> None:
    """Looks whether the folds are those of the cases that are there.

    Args:
        name: full name of a dataset.
        folds: those to train; empty for all.

    Raises:
        ValueError: if folds name cases that are gone, or nnU-Net cannot draw folds of so few.
    """
    from shoulderseg.nnunet_ext.fold_checks import cases_in_no_fold
    from shoulderseg.nnunet_ext.variants import EVERY_CASE

    if folds and set(folds) == {EVERY_CASE}:
        return
    left_out, splits = cases_in_no_fold(name)
    if left_out:
        _LOGGER.warning(
            "%s are in no fold (first: %s), so that no network learns them; remove %s to have "
            "folds drawn anew",
            f"{len(left_out)} cases" if len(left_out) > 1 else "a case",
            left_out[0],
            splits,
        )
