"""Class probabilities of voxels by their patches, for training and prediction alike.

Three ways lead to the same numbers; docs/edge-refiner.md says why, and each has a module in
`shoulderseg.refine.engines`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from shoulderseg.refine.engines.choice import Method
from shoulderseg.refine.engines.folding import Layer, convert, fold
from shoulderseg.refine.engines.on_accelerator import logits_on_accelerator
from shoulderseg.refine.engines.on_cpu import logits_on_cpu
from shoulderseg.refine.inputs import PatchInputs, check_centres
from shoulderseg.refine.network import PatchAlexNet
from shoulderseg.refine.precision import has_fast_half
from shoulderseg.refine.true_float32 import true_float32

__all__ = ["Method", "Precision", "classify_voxels", "voxel_logits"]

Precision: TypeAlias = Literal["auto", "float32", "half"]

# Voxels whose two likeliest classes are closer than this in half precision are decided again. With
# bfloat16's 8 bits, logits moved by up to 0.1 and probabilities by up to 0.022; with float16's 11
# bits an eighth of that is expected.
_DOUBT = {torch.float16: 0.1, torch.bfloat16: 0.75}

_logger = logging.getLogger(__name__)


def classify_voxels(
    model: PatchAlexNet,
    inputs: PatchInputs,
    centres: NDArray[np.int64] | torch.Tensor,
    *,
    device: torch.device | str,
    method: Method = "auto",
    batch_size: int = 1024,
    precision: Precision = "auto",
) -> NDArray[np.float32]:
    """Computes class probabilities of voxels, from the patches around them.

    The model moves to the device; its mode is neither used nor changed, as it is always evaluated
    as in eval mode. When an accelerator's memory ends, smaller batches go on. On a CPU as many
    threads work as torch is set to.

    In half precision, voxels whose two likeliest classes lie so close together that rounding could
    swap them are computed again in float32; the margin is measured, not proven.

    Args:
        model: The classifier.
        inputs: The case; it is uploaded once.
        centres: int64 (N, 3) voxel indices (z, y, x), in any order, duplicates allowed.
        device: Where to compute.
        method: "gather", "dense", "needed", or "auto" for whichever is fastest for each slice.
        batch_size: Patches per pass at most where patches are gathered, at least 1.
        precision: "auto" is half precision on GPUs that have it and float32 elsewhere; "half" falls
            back to float32 on chips where it is slower.

    Returns:
        float32 (N, classes), in the order of the centres, rows sum to 1; N = 0 gives (0, classes).

    Raises:
        IndexError: A centre lies outside the image.
        ValueError: Batch size below 1, wrong shapes, or inputs with other channels than the
            model's.
        torch.OutOfMemoryError: Even one patch does not fit.
    """
    device = torch.device(device)
    model.to(device=device)
    inputs = PatchInputs(inputs.image.to(device), inputs.votes.to(device), inputs.neighbours)
    voxels = _as_voxels(centres, device)
    _check(model, inputs, voxels, batch_size)
    size, half = model.config.patch_size, _half_type(device, precision)

    def logits(layers: Sequence[Layer], chosen: torch.Tensor) -> torch.Tensor:
        return _logits(layers, inputs, chosen, size, method, batch_size)

    with torch.inference_mode(), true_float32(device):
        return _probabilities(logits, fold(model, device, torch.float32), voxels, half)


def _probabilities(
    logits: Callable[[Sequence[Layer], torch.Tensor], torch.Tensor],
    layers: Sequence[Layer],
    voxels: torch.Tensor,
    half: torch.dtype | None,
) -> NDArray[np.float32]:
    """Class probabilities; those that half precision leaves in doubt are computed in float32."""
    result = logits(layers if half is None else convert(layers, half), voxels)
    result = result.float().softmax(dim=1)
    if half is not None:
        top = result.topk(2, dim=1).values
        # Also true where half precision overflowed.
        doubtful = (~(top[:, 0] - top[:, 1] >= _DOUBT[half])).nonzero()[:, 0]
        result[doubtful] = logits(layers, voxels[doubtful]).float().softmax(dim=1)
    array: NDArray[np.float32] = result.cpu().numpy()
    return array


def voxel_logits(
    model: PatchAlexNet,
    inputs: PatchInputs,
    centres: NDArray[np.int64] | torch.Tensor,
    method: Method,
    batch_size: int = 1024,
) -> torch.Tensor:
    """Computes logits of voxels on the device and in the type of the inputs' image.

    Args:
        model: The classifier; it stays where and as it is.
        inputs: The case, float32 or float64.
        centres: int64 (N, 3) voxel indices (z, y, x).
        method: See `classify_voxels`.
        batch_size: See `classify_voxels`.

    Returns:
        (N, classes).

    Raises:
        IndexError: A centre lies outside the image.
        ValueError: See `classify_voxels`.
    """
    device = inputs.image.device
    voxels = _as_voxels(centres, device)
    _check(model, inputs, voxels, batch_size)
    layers = fold(model, device, inputs.image.dtype)
    with torch.inference_mode(), true_float32(device):
        return _logits(layers, inputs, voxels, model.config.patch_size, method, batch_size)


def _logits(
    layers: Sequence[Layer],
    inputs: PatchInputs,
    voxels: torch.Tensor,
    size: int,
    method: Method,
    batch_size: int,
) -> torch.Tensor:
    run = logits_on_cpu if voxels.device.type == "cpu" else logits_on_accelerator
    return run(layers, inputs, voxels, size=size, method=method, batch_size=batch_size)


def _as_voxels(
    centres: NDArray[np.int64] | torch.Tensor, device: torch.device | str
) -> torch.Tensor:
    if isinstance(centres, torch.Tensor):
        return centres.to(device)
    # torch takes neither negative strides nor read-only memory.
    array: NDArray[Any] = np.require(centres, requirements=["C", "W"])
    return torch.from_numpy(array).to(device)


def _check(model: PatchAlexNet, inputs: PatchInputs, voxels: torch.Tensor, batch_size: int) -> None:
    if batch_size < 1:
        msg = f"batch_size is {batch_size}, expected at least 1"
        raise ValueError(msg)
    if inputs.channels != model.config.in_channels:
        msg = (
            f"inputs have {inputs.channels} channels ({inputs.neighbours} neighbours, "
            f"{len(inputs.votes)} votes), the classifier expects {model.config.in_channels} "
            f"({model.config.neighbours} neighbours, {model.config.votes} votes); make the inputs "
            "with the classifier's configuration"
        )
        raise ValueError(msg)
    check_centres(voxels, inputs.image)


def _half_type(device: torch.device, precision: Precision) -> torch.dtype | None:
    """The type of half precision, None for float32."""
    if precision == "float32" or (precision == "auto" and device.type != "cuda"):
        return None
    if not has_fast_half(device):
        if precision == "half":
            _logger.info("%s has no fast half precision; computing in float32", device)
        return None
    # float16 holds three more bits than bfloat16, whose range normalised activations do not need.
    return torch.float16 if device.type == "cuda" else torch.bfloat16
