"""The U-Nets' part of a bundle: plans, dataset description and weights, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from shoulderseg.nnunet_ext.dataset_bounds import find_dataset_fault
from shoulderseg.nnunet_ext.plan_bounds import shown
from shoulderseg.nnunet_ext.regions import foreground_labels
from shoulderseg.nnunet_ext.unets import (
    PARTS,
    UNetSet,
    UntrustedModelError,
    Weights,
    check_plans,
    complete_weights,
    outline_unet,
    unique_weights,
)

PLANS_FILE = "plans.json"
DATASET_FILE = "dataset.json"
# What a network computes in; whole numbers would pass for huge weights.
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def weights_file(variant: str, fold: str) -> str:
    """Returns the name of the file that holds one U-Net's weights of one fold."""
    return f"{variant}_fold_{fold}.safetensors"


def write_unets(unets: UNetSet, folder: Path, precision: torch.dtype = torch.float16) -> None:
    """Writes the three U-Nets into an existing folder.

    Args:
        unets: The trained U-Nets.
        folder: Where the files go.
        precision: Type of the stored weights; float16 halves the size and moves a probability
            by a few thousandths at most.
    """
    (folder / PLANS_FILE).write_text(json.dumps(unets.plans, indent=2) + "\n")
    (folder / DATASET_FILE).write_text(json.dumps(unets.dataset_json, indent=2) + "\n")
    for variant, folds in unets.weights.items():
        for fold, weights in folds.items():
            stored = {
                name: tensor.to(precision).contiguous()
                for name, tensor in unique_weights(weights).items()
            }
            save_file(stored, folder / weights_file(variant, fold))


def read_unets(folder: Path, folds: list[str], mirroring_axes: tuple[int, ...] | None) -> UNetSet:
    """Reads the three U-Nets of a bundle.

    Args:
        folder: The bundle.
        folds: Folds that every U-Net has a weights file for.
        mirroring_axes: In-plane axes that test-time mirroring may use, or None.

    Raises:
        UntrustedModelError: If a file is missing, is not what its name says, asks for code
            outside nnU-Net's known classes, or does not fit the plans. No pickle is read.
    """
    plans = _read_json(folder / PLANS_FILE)
    check_plans(plans)
    dataset_json = _read_json(folder / DATASET_FILE)
    try:
        foreground_labels(dataset_json)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        msg = f"{DATASET_FILE} does not describe two bones: {error}"
        raise UntrustedModelError(msg) from error
    fault = find_dataset_fault(dataset_json)
    if fault is not None:
        msg = f"{DATASET_FILE} is none of a bundle: {fault}; get it from where it was made"
        raise UntrustedModelError(msg)
    if mirroring_axes is not None and not set(mirroring_axes) <= {0, 1}:
        msg = f"mirroring axes {mirroring_axes} are not among the two in-plane axes 0 and 1"
        raise UntrustedModelError(msg)
    network = outline_unet(plans)
    weights: dict[str, Mapping[str, Weights]] = {
        variant: {
            fold: _read_weights(network, folder / weights_file(variant, fold)) for fold in folds
        }
        for variant in PARTS
    }
    return UNetSet(plans, dataset_json, mirroring_axes, weights)


def _read_weights(network: torch.nn.Module, path: Path) -> Weights:
    stored = read_tensors(path)
    try:
        return complete_weights(network, stored)
    except UntrustedModelError as error:
        msg = f"{path.name}: {error}"
        raise UntrustedModelError(msg) from error


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Reads a safetensors file.

    Raises:
        UntrustedModelError: If the file is missing or not in safetensors format, for instance
            a pickle under a borrowed name, or holds a weight that is no floating-point number.
    """
    try:
        tensors: dict[str, torch.Tensor] = load_file(path)
    except (SafetensorError, OSError) as error:
        msg = f"{path.name}: not a readable safetensors file: {error}"
        raise UntrustedModelError(msg) from error
    for name, tensor in tensors.items():
        # Batch normalisation counts its batches in an integer, which no result depends on.
        if tensor.dtype not in _FLOATS and not name.endswith("num_batches_tracked"):
            found = str(tensor.dtype).removeprefix("torch.")
            expected = ", ".join(str(kind).removeprefix("torch.") for kind in _FLOATS)
            msg = (
                f"{path.name}: {shown(name)} is of type {found}, expected one of {expected}; get "
                "the bundle from where it was made"
            )
            raise UntrustedModelError(msg)
    return tensors


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        msg = f"{path.name} of the bundle cannot be read: {error}"
        raise UntrustedModelError(msg) from error
    if not isinstance(content, dict):
        msg = f"{path.name} of the bundle holds {type(content).__name__}, expected an object"
        raise UntrustedModelError(msg)
    return content
