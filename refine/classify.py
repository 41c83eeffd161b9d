"""Classify voxels by their patches: the only batch loop, for training and prediction alike."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from shoulderseg.refine.network import PatchAlexNet
from shoulderseg.refine.patches import as_image_tensor, gather_patches

_PERCENTILES = (0.5, 99.5)
# A spread below what float32 resolves at the image's level is rounding, not signal.
_RELATIVE_STD_FLOOR = 1e-7

_logger = logging.getLogger(__name__)


def normalise_volume(image: NDArray[Any]) -> NDArray[np.float32]:
    """Bring a volume to a common intensity scale.

    Values are clipped to the 0.5 and 99.5 percentiles of the volume, then shifted and scaled to
    mean 0 and standard deviation 1. Scaling or shifting the input does not change the result.

    Args:
        image: real (Z, Y, X).

    Returns:
        float32 (Z, Y, X); zeros for a constant volume, empty for an empty one.

    Raises:
        ValueError: a value is not finite.
    """
    values = np.array(image, dtype=np.float64)
    if values.size == 0:
        return values.astype(np.float32)
    if not np.isfinite(values).all():
        msg = "image holds values that are not finite; repair or drop this case"
        raise ValueError(msg)
    low, high = np.percentile(values, _PERCENTILES)
    np.clip(values, low, high, out=values)
    std = float(values.std())
    if std <= _RELATIVE_STD_FLOOR * max(abs(low), abs(high)):
        return np.zeros(values.shape, np.float32)
    values -= values.mean()
    values /= std
    return values.astype(np.float32)


def classify_patches(
    model: PatchAlexNet,
    image: NDArray[np.floating[Any]] | torch.Tensor,
    centres: NDArray[np.int64],
    *,
    batch_size: int,
    device: torch.device | str,
) -> NDArray[np.float32]:
    """Class probabilities of the voxels, from the patches around them.

    The model moves to the device; its training mode is put back afterwards. When the accelerator
    runs out of memory the batch is halved and the work goes on.

    Args:
        model: the classifier.
        image: normalised (Z, Y, X), uploaded once.
        centres: int64 (N, 3) voxel indices.
        batch_size: patches per pass at most, at least 1.
        device: where to compute.

    Returns:
        float32 (N, classes), rows sum to 1; N = 0 gives (0, classes).

    Raises:
        ValueError: batch size below 1 or wrong shapes.
        IndexError: a centre lies outside the image.
        torch.OutOfMemoryError: even one patch does not fit.
    """
    if batch_size < 1:
        msg = f"batch_size is {batch_size}, expected at least 1"
        raise ValueError(msg)
    size, classes = model.config.patch_size, model.config.classes
    volume = as_image_tensor(image, device)
    voxels = torch.tensor(centres, dtype=torch.int64, device=device).reshape(-1, 3)
    probabilities = torch.empty((len(voxels), classes), dtype=torch.float32, device=device)
    was_training = model.training
    model.to(device=device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    start = 0
    try:
        with torch.inference_mode():
            while start < len(voxels):
                stop = min(start + batch_size, len(voxels))
                try:
                    patches = gather_patches(volume, voxels[start:stop], size)
                    probabilities[start:stop] = model(patches).softmax(dim=1)
                except torch.OutOfMemoryError:
                    if stop - start == 1:
                        raise
                    batch_size = (stop - start) // 2
                    _logger.warning("out of accelerator memory; batch size is now %d", batch_size)
                    continue
                start = stop
    finally:
        model.train(was_training)
    result: NDArray[np.float32] = probabilities.cpu().numpy()
    return result
