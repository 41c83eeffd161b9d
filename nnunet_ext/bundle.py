"""The U-Nets' part of a bundle: plans, dataset description and weights, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from shoulderseg.nnunet_ext.dataset_bounds import find_dataset_fault, kept_description
from shoulderseg.nnunet_ext.plain_unet import is_plain_unet, parameter_shapes
from shoulderseg.nnunet_ext.plan_bounds import shown
from shoulderseg.nnunet_ext.plan_checks import check_plans
from shoulderseg.nnunet_ext.ranges_file import RANGES_FILE, read_ranges
from shoulderseg.nnunet_ext.regions import foreground_labels
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet, UntrustedModelError, Weights

if TYPE_CHECKING:
    import torch

FloatArray = npt.NDArray[np.float32]
Stored = Literal["float16", "float32"]
PLANS_FILE = "plans.json"
DATASET_FILE = "dataset.json"
# What a network computes in; whole numbers would pass for huge weights.
_FLOATS = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}
# Of the others, those that torch stores, as it calls them.
_OTHERS = {
    **{"BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "I32": "int32"},
    **{"I64": "int64", "U16": "uint16", "U32": "uint32", "U64": "uint64", "C64": "complex64"},
}


def weights_file(variant: str, fold: str) -> str:
    """Returns the name of the file that holds one U-Net's weights of one fold."""
    return f"{variant}_fold_{fold}.safetensors"


def write_unets(unets: UNetSet, folder: Path, precision: Stored = "float16") -> None:
    """Writes the U-Nets into an existing folder.

    Args:
        unets: The trained U-Nets.
        folder: Where the files go.
        precision: Type of the stored weights; float16 halves the size and moves a probability
            by a few thousandths at most.
    """
    import torch
    from safetensors.torch import save_file

    from shoulderseg.nnunet_ext.unets import unique_weights

    kind = torch.float16 if precision == "float16" else torch.float32
    (folder / PLANS_FILE).write_text(json.dumps(unets.plans, indent=2) + "\n")
    described = kept_description(unets.dataset_json)
    (folder / DATASET_FILE).write_text(json.dumps(described, indent=2) + "\n")
    for variant, folds in unets.weights.items():
        for fold, weights in folds.items():
            tensors = {name: torch.as_tensor(values) for name, values in weights.items()}
            stored = {
                name: tensor.to(kind).contiguous()
                for name, tensor in unique_weights(tensors).items()
            }
            save_file(stored, folder / weights_file(variant, fold))


def read_unets(
    folder: Path,
    folds: list[str],
    mirroring_axes: tuple[int, ...] | None,
    variants: Sequence[str] = tuple(PARTS),
) -> UNetSet:
    """Reads the U-Nets of a bundle.

    Args:
        folder: The bundle.
        folds: Folds that every U-Net has a weights file for.
        mirroring_axes: In-plane axes that test-time mirroring may use, or None.
        variants: Which U-Nets it has.

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
    weights: dict[str, Mapping[str, Weights]] = {
        variant: {
            fold: _read_weights(plans, folder / weights_file(variant, fold)) for fold in folds
        }
        for variant in variants
    }
    ranges = folder / RANGES_FILE
    known = read_ranges(ranges, plans, folds, variants) if ranges.is_file() else {}
    return UNetSet(plans, dataset_json, mirroring_axes, weights, known)


def _read_weights(plans: dict[str, Any], path: Path) -> Weights:
    """A network's parameters, checked; without torch where all is as it should be."""
    arrays = _read_arrays(path) if is_plain_unet(plans) else None
    if arrays is not None and _are_parameters(arrays, plans):
        return arrays
    from shoulderseg.nnunet_ext.unets import complete_weights, outline_unet

    stored = read_tensors(path)
    try:
        return complete_weights(outline_unet(plans), stored)
    except UntrustedModelError as error:
        msg = f"{path.name}: {error}"
        raise UntrustedModelError(msg) from error


def _are_parameters(arrays: Mapping[str, FloatArray], plans: dict[str, Any]) -> bool:
    found = {name: values.shape for name, values in arrays.items()}
    return found == parameter_shapes(plans) and all(
        np.isfinite(values).all() for values in arrays.values()
    )


def _read_arrays(path: Path) -> dict[str, FloatArray] | None:
    """A safetensors file's values as float32; None where numpy does not know their type."""
    kinds = _types(path)
    if not set(kinds.values()) <= {"F16", "F32"}:
        return None
    with safe_open(path, framework="numpy") as stored:
        return {name: stored.get_tensor(name).astype(np.float32) for name in kinds}


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Reads a safetensors file.

    Raises:
        UntrustedModelError: If the file is missing or not in safetensors format, for instance
            a pickle under a borrowed name, or holds a weight that is no floating-point number.
    """
    from safetensors.torch import load_file

    _types(path)
    tensors: dict[str, torch.Tensor] = load_file(path)
    return tensors


def _types(path: Path) -> dict[str, str]:
    """The type of each tensor of a safetensors file, of which only the head is read.

    Raises:
        UntrustedModelError: See `read_tensors`.
    """
    try:
        with safe_open(path, framework="numpy") as stored:
            kinds = {name: str(stored.get_slice(name).get_dtype()) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        msg = f"{path.name}: not a readable safetensors file: {error}"
        raise UntrustedModelError(msg) from error
    for name, kind in kinds.items():
        # Batch normalisation counts its batches in an integer, which no result depends on.
        if kind not in _FLOATS and not name.endswith("num_batches_tracked"):
            found = _OTHERS.get(kind, kind)
            msg = (
                f"{path.name}: {shown(name)} is of type {found}, expected one of "
                f"{', '.join(_FLOATS.values())}; get the bundle from where it was made"
            )
            raise UntrustedModelError(msg)
    return kinds


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
