"""Reads a 2d model of stock nnU-Net with the labels humerus and glenoid.

Its network of three classes becomes two U-Nets: each bone against the background. Where both claim
a voxel, the surer one is the bone that the network itself finds likeliest, so that they find what
the network finds, but for rounding.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from shoulderseg.nnunet_ext.checkpoints import finished_folds, load_checkpoint, preferred_folds
from shoulderseg.nnunet_ext.dataset_bounds import find_dataset_fault, kept_description
from shoulderseg.nnunet_ext.exchange.heads import against_background
from shoulderseg.nnunet_ext.exchange.old_plans import translated_plans
from shoulderseg.nnunet_ext.exchange.stock_labels import bone_labels, check_one_channel
from shoulderseg.nnunet_ext.plan_bounds import find_length, shown
from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.regions import BACKGROUND
from shoulderseg.nnunet_ext.unet_set import OF_ONE_NETWORK, UNetSet, UntrustedModelError, Weights
from shoulderseg.nnunet_ext.unets import complete_weights, outline_unet
from shoulderseg.nnunet_ext.variants import CHECKPOINT

_CLASSES = 3


def read_stock_model(folder: Path) -> UNetSet:
    """Reads a model folder. Of its pickles nothing is run.

    Args:
        folder: One that `find_model_folder` finds.

    Raises:
        FileNotFoundError: If a file is missing.
        UntrustedModelError: If a file is not what nnU-Net writes, or the weights are not those of
            the plans' network.
        ValueError: If it is another model than one of 2d slices, one channel and the plain labels
            humerus and glenoid; says what was found.
    """
    plans, described = _read_json(folder / "plans.json"), _read_json(folder / "dataset.json")
    check_one_channel(described)
    values = bone_labels(described)
    plans = _plans_of_slices(plans)
    folds = preferred_folds(finished_folds(folder))
    if not folds:
        msg = f"{folder.name} has no fold with {CHECKPOINT}; a training writes it when it ends"
        raise FileNotFoundError(msg)
    outline = outline_unet(plans, outputs=_CLASSES)
    weights: dict[str, dict[str, Weights]] = {variant: {} for variant in OF_ONE_NETWORK}
    axes = set()
    for fold in folds:
        checkpoint = _checked(folder / f"fold_{fold}" / CHECKPOINT)
        axes.add(_mirroring_axes(checkpoint))
        trained = complete_weights(outline, checkpoint["network_weights"])
        for variant, value in zip(OF_ONE_NETWORK, values.values(), strict=True):
            weights[variant][fold] = against_background(trained, value)
    if len(axes) > 1:
        msg = f"the folds of {folder.name} allow different mirroring axes: {sorted(axes)}"
        raise UntrustedModelError(msg)
    dataset_json = {
        **kept_description(described),
        "channel_names": {"0": "MRI"},
        "labels": {BACKGROUND: 0, **values},
    }
    fault = find_dataset_fault(dataset_json)
    if fault is not None:
        msg = f"dataset.json of {folder.name} cannot be used: {fault}"
        raise UntrustedModelError(msg)
    return UNetSet(plans, dataset_json, axes.pop() or None, weights)


def _plans_of_slices(plans: dict[str, Any]) -> dict[str, Any]:
    """Keeps the configuration that is read of those that a planning makes, as written today."""
    excess = find_length(plans)
    configurations = plans.get("configurations")
    if excess is not None or not isinstance(configurations, dict):
        msg = f"plans.json is not a complete nnU-Net plans file: {excess or 'no configurations'}"
        raise UntrustedModelError(msg)
    if CONFIGURATION not in configurations:
        msg = (
            f"plans.json has the configurations {shown(list(configurations))}, expected "
            f"{CONFIGURATION!r}; 3D models cannot be used, nor cascades"
        )
        raise ValueError(msg)
    kept = {**plans, "configurations": {CONFIGURATION: configurations[CONFIGURATION]}}
    return translated_plans(kept, CONFIGURATION)


def _checked(path: Path) -> dict[str, Any]:
    """Loads a checkpoint by the restricted unpickler and sees that it is one of slices."""
    _check_container(path)
    # It may be anything that the restricted unpickler knows.
    loaded: object = load_checkpoint(path)
    checkpoint = loaded if isinstance(loaded, dict) else {}
    where = f"{path.name} in {path.parent.name}"
    arguments, weights = checkpoint.get("init_args"), checkpoint.get("network_weights")
    if not isinstance(arguments, dict) or not isinstance(weights, dict):
        msg = f"{where} lacks what nnU-Net v2 writes: init_args and network_weights"
        raise UntrustedModelError(msg)
    if arguments.get("configuration") != CONFIGURATION:
        found = shown(arguments.get("configuration"))
        msg = f"{where} is of the configuration {found}, expected {CONFIGURATION!r}"
        raise ValueError(msg)
    if not all(_is_parameter(name, values) for name, values in weights.items()):
        msg = f"{where} holds weights that are no plain tensors of floating-point numbers"
        raise UntrustedModelError(msg)
    return checkpoint


def _is_parameter(name: object, values: object) -> bool:
    return (
        isinstance(name, str)
        and isinstance(values, torch.Tensor)
        and values.layout == torch.strided
        and values.device.type == "cpu"
        and (values.is_floating_point() or name.endswith("num_batches_tracked"))
    )


def _check_container(path: Path) -> None:
    """Refuses a checkpoint that could grow while it is read."""
    try:
        with zipfile.ZipFile(path) as content:
            sound = all(entry.compress_type == zipfile.ZIP_STORED for entry in content.infolist())
            size = sum(entry.file_size for entry in content.infolist())
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        msg = f"{path.name} in {path.parent.name} is not a file that torch writes today: {error}"
        raise UntrustedModelError(msg) from error
    if not sound or size > path.stat().st_size:
        msg = f"{path.name} in {path.parent.name} is packed; torch packs no checkpoint"
        raise UntrustedModelError(msg)


def _mirroring_axes(checkpoint: Mapping[str, Any]) -> tuple[int, ...]:
    axes = tuple(checkpoint.get("inference_allowed_mirroring_axes") or ())
    if not all(type(axis) is int and axis in (0, 1) for axis in axes):
        msg = f"its mirroring axes are {shown(axes)}, expected some of the in-plane axes 0 and 1"
        raise UntrustedModelError(msg)
    return axes


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        msg = f"{path.name} is missing beside the folds of {path.parent.name}"
        raise FileNotFoundError(msg)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        msg = f"{path.name} of {path.parent.name} cannot be read: {error}"
        raise UntrustedModelError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path.name} of {path.parent.name} holds no JSON object"
        raise UntrustedModelError(msg)
    return content
