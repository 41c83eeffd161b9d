"""Reads what `nnUNetv2_train` wrote, without running code that a checkpoint might carry."""

from __future__ import annotations

import codecs
import json
import pickle
import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import torch

from shoulderseg.nnunet_ext.exchange.heads import one_output
from shoulderseg.nnunet_ext.learned_with import changed_since, described_with, planned_with
from shoulderseg.nnunet_ext.plan_bounds import shown
from shoulderseg.nnunet_ext.plan_checks import check_plans
from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.regions import BACKGROUND
from shoulderseg.nnunet_ext.unet_set import UNetSet, UntrustedModelError
from shoulderseg.nnunet_ext.variants import (
    CHECKPOINT,
    SHARED,
    SHARED_OUTPUTS,
    TRAINERS,
    model_folder,
)

# numpy scalars in nnU-Net's log are all that its checkpoints hold beside tensors.
_SCALAR = np._core.multiarray.scalar  # type: ignore[attr-defined]
NUMPY_SCALARS = [
    _SCALAR,
    # The same function, as numpy before version 2 calls it in what it writes.
    (_SCALAR, "numpy.core.multiarray.scalar"),
    np.dtype,
    np.dtypes.Float32DType,
    np.dtypes.Float64DType,
    codecs.encode,
]


_MOST_LETTERS = 200


def finished_folds(folder: Path) -> list[str]:
    """Returns the folds of a model folder whose training has ended, in order; `all` last."""
    folds = [path.parent.name.removeprefix("fold_") for path in folder.glob(f"fold_*/{CHECKPOINT}")]
    return sorted(folds, key=lambda fold: (not fold.isdecimal(), len(fold), fold))


def preferred_folds(folds: list[str]) -> list[str]:
    """Returns the folds of the cross-validation, or else `all`, which has learned from every case.

    They are not mixed: what is held out from a fold has been seen by `all`.

    Args:
        folds: As `finished_folds` gives them.
    """
    return [fold for fold in folds if fold.isdecimal()] or folds


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Loads a checkpoint with torch's restricted unpickler.

    Args:
        path: A `.pth` file written by nnU-Net's trainer.

    Returns:
        The checkpoint's dictionary, tensors on the CPU.

    Raises:
        UntrustedModelError: If the file holds anything but tensors, numbers and text. None of
            it has been run then.
    """
    try:
        with torch.serialization.safe_globals(NUMPY_SCALARS):
            checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        msg = (
            f"{path.name} in {path.parent.name} is not a plain nnU-Net checkpoint: "
            f"{_reason(str(error))}"
        )
        raise UntrustedModelError(msg) from error
    return checkpoint


def _reason(told: str) -> str:
    """What torch found, without its advice to trust the file, and printable."""
    refused = re.search(r"GLOBAL (\S+) (?:was not an allowed|whose module)", told)
    if refused:
        return f"it names {shown(refused[1])}, expected tensors, numbers and text alone"
    lines = told.rpartition("WeightsUnpickler error:")[2].strip().splitlines()
    first = "".join(letter if letter.isprintable() else " " for letter in (lines or [""])[0])
    return shorten(first, _MOST_LETTERS, placeholder=" ...") or "it ends too early"


def load_unets(
    results_dataset: Path,
    plans_name: str,
    folds: list[str] | None = None,
    *,
    synthetic: bool = False,
    shared: bool = False,
) -> UNetSet:
    """Loads the three U-Nets of a dataset from nnU-Net's results folder.

    Args:
        results_dataset: The dataset's folder under `nnUNet_results`.
        plans_name: The plans identifier of all three trainings.
        folds: Folds to take; by default the finished ones of the cross-validation that all
            three have, or else `all`.
        synthetic: Take those trained on images synthesised at every step.
        shared: Take all three from the one network that learned together what they learn.

    Raises:
        FileNotFoundError: If a model or fold is missing; says which and how to train it.
        UntrustedModelError: If a file is not what nnU-Net writes, or the three do not belong
            together.
    """
    names = (SHARED,) if shared else tuple(TRAINERS)
    own = synthetic or shared
    folders = {n: model_folder(results_dataset, n, plans_name, synthetic=own) for n in names}
    command = "train --synthetic" if own else "train"
    command += f" --variants {SHARED}" if shared else ""
    chosen = _common_folds(folders, folds, command)
    plans = [_read_json(folder / "plans.json") for folder in folders.values()]
    if any(other != plans[0] for other in plans):
        msg = f"the three models in {results_dataset.name} were trained with different plans.json"
        raise UntrustedModelError(msg)
    described = [_read_json(folder / "dataset.json") for folder in folders.values()]
    check_plans(plans[0])
    _check_learned_alike(folders, chosen, plans[0], described)
    weights, axes = _read_checkpoints(folders, chosen)
    if shared:
        weights = {
            variant: {
                fold: one_output(trained, SHARED_OUTPUTS.index(variant))
                for fold, trained in weights[SHARED].items()
            }
            for variant in TRAINERS
        }
    return UNetSet(plans[0], _two_part_dataset(described), axes, weights)


def _check_learned_alike(
    folders: dict[str, Path],
    folds: list[str],
    plans: dict[str, Any],
    described: list[dict[str, Any]],
) -> None:
    """Refuses folds that began before the dataset was planned as plans.json says now."""
    planned = planned_with(plans, CONFIGURATION)
    others = []
    for (name, folder), dataset_json in zip(folders.items(), described, strict=True):
        present = planned | described_with(dataset_json)
        for fold in folds:
            changed = changed_since(folder / f"fold_{fold}", present)
            if changed:
                others.append(f"{name} fold {fold} ({', '.join(changed)})")
    if others:
        msg = (
            f"{'; '.join(others)} of {next(iter(folders.values())).parent} learned with other "
            "plans or labels than plans.json and dataset.json of the model say, which nnU-Net "
            "replaces with each fold that starts; remove their folders and train them anew, or "
            "leave these folds out with --folds"
        )
        raise UntrustedModelError(msg)


def _read_checkpoints(
    folders: dict[str, Path], folds: list[str]
) -> tuple[dict[str, dict[str, Mapping[str, torch.Tensor]]], tuple[int, ...] | None]:
    """The weights of each network and fold, and the axes that all of them were mirrored along."""
    weights: dict[str, dict[str, Mapping[str, torch.Tensor]]] = {}
    axes = set()
    for name, folder in folders.items():
        weights[name] = {}
        for fold in folds:
            checkpoint = load_checkpoint(folder / f"fold_{fold}" / CHECKPOINT)
            weights[name][fold] = checkpoint["network_weights"]
            axes.add(tuple(checkpoint["inference_allowed_mirroring_axes"] or ()))
    if len(axes) > 1:
        msg = f"the three models allow different mirroring axes: {sorted(axes)}"
        raise UntrustedModelError(msg)
    return weights, axes.pop() or None


def _common_folds(folders: dict[str, Path], wanted: list[str] | None, command: str) -> list[str]:
    finished = {variant: finished_folds(folder) for variant, folder in folders.items()}
    first, *others = finished.values()
    common = [fold for fold in first if all(fold in other for other in others)]
    chosen = preferred_folds(common) if wanted is None else wanted
    missing = [
        f"{variant} fold {fold}"
        for variant, folds in finished.items()
        for fold in chosen
        if fold not in folds
    ]
    if missing or not chosen:
        listed = ", ".join(missing) or f"no finished fold of {', '.join(folders)}"
        msg = (
            f"missing in {next(iter(folders.values())).parent}: {listed} (finished: {finished}); "
            f"run `shoulderseg {command}` for them first"
        )
        raise FileNotFoundError(msg)
    return chosen


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        msg = f"{path} is missing; it is written when a training starts"
        raise FileNotFoundError(msg)
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _two_part_dataset(described: list[dict[str, Any]]) -> dict[str, Any]:
    """Puts the plain labels back that the trainers had replaced by regions."""
    labels = {BACKGROUND: 0}
    for names in (one["labels"] for one in described):
        # Those of one bone: the two values of a region that is both differ.
        labels |= {
            name: region[0]
            for name, region in names.items()
            if name != BACKGROUND and len(set(region)) == 1
        }
    dataset_json = deepcopy(described[0])
    dataset_json["labels"] = labels
    del dataset_json["regions_class_order"]
    return dataset_json
