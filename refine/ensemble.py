"""Class probabilities of voxels, averaged over classifiers and, if wanted, over zooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from shoulderseg.refine.classify import Method, Precision, classify_voxels
from shoulderseg.refine.inputs import PatchInputs, patch_inputs
from shoulderseg.refine.network import PatchAlexNet
from shoulderseg.refine.resampling import (
    Corners,
    check_pixel_mm,
    interpolation_corners,
    resample_inputs,
)

# Augmentation scales training patches by 0.85 to 1.2; a zoom has to stay inside.
ZOOM_RANGE = (0.85, 1.2)
_VOXELS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class ClassifyConfig:
    """How voxels are classified.

    Attributes:
        pixel_mm: In-plane pixel size the classifiers were trained at; None is the native grid.
        zooms: Factors on that pixel size to average over, from 0.85 to 1.2; several are
            test-time augmentation.
        method: See `classify_voxels`.
        precision: See `classify_voxels`.
        batch_size: See `classify_voxels`.

    Raises:
        ValueError: A value out of range.
    """

    pixel_mm: float | None = None
    zooms: tuple[float, ...] = (1.0,)
    method: Method = "auto"
    precision: Precision = "auto"
    batch_size: int = 1024

    def __post_init__(self) -> None:
        check_pixel_mm(self.pixel_mm)
        low, high = ZOOM_RANGE
        if not self.zooms or not all(low <= zoom <= high for zoom in self.zooms):
            msg = f"zooms are {self.zooms}, expected at least one factor from {low} to {high}"
            raise ValueError(msg)
        if self.batch_size < 1:
            msg = f"batch_size is {self.batch_size}, expected at least 1"
            raise ValueError(msg)


def class_probabilities(
    models: Sequence[PatchAlexNet],
    image: NDArray[np.float32],
    votes: NDArray[np.float32] | None,
    voxels: NDArray[np.int64],
    spacing_mm: Sequence[float],
    config: ClassifyConfig,
    device: torch.device | str,
) -> NDArray[np.float32]:
    """Computes mean class probabilities of voxels.

    Where the classifiers' pixels are not the image's, a voxel's probabilities are interpolated
    between those of the pixels around its centre, so that edges are not as coarse as the pixels.

    Args:
        models: Classifiers that see the same channels, at least one.
        image: float32 (Z, Y, X), normalised by `normalise_volume`.
        votes: float32 (V, Z, Y, X); needed where the classifiers see votes.
        voxels: int64 (N, 3) voxel indices.
        spacing_mm: Voxel size in array order (Z, Y, X).
        config: Pixel size, zooms and ways of computing.
        device: Where to compute.

    Returns:
        float32 (N, classes), rows sum to 1; (0, classes) for no voxel.

    Raises:
        ValueError: No classifier, votes missing, or shapes that do not fit.
    """
    if not models:
        msg = "found no classifier, expected at least one"
        raise ValueError(msg)
    network = models[0].config
    total = np.zeros((len(voxels), network.classes), np.float32)
    if not len(voxels):
        return total
    native = patch_inputs(
        image, device, votes=votes if network.votes else None, neighbours=network.neighbours
    )
    for inputs in _zoomed(native, spacing_mm, config):
        # In parts, since corners take some hundred bytes a voxel.
        for begin in range(0, len(voxels), _VOXELS_AT_ONCE):
            some = slice(begin, begin + _VOXELS_AT_ONCE)
            corners = interpolation_corners(voxels[some], image.shape, inputs.image.shape)
            for model in models:
                _add_interpolated(total[some], model, inputs, corners, config, device)
    total /= len(models) * len(config.zooms)
    return total


def _add_interpolated(
    total: NDArray[np.float32],
    model: PatchAlexNet,
    inputs: PatchInputs,
    corners: Corners,
    config: ClassifyConfig,
    device: torch.device | str,
) -> None:
    """Adds the probabilities (N, classes) of voxels that lie between the corners to `total`."""
    found = classify_voxels(
        model,
        inputs,
        corners.pixels,
        device=device,
        method=config.method,
        batch_size=config.batch_size,
        precision=config.precision,
    )
    for index, weight in zip(corners.corners.T, corners.weight.T, strict=True):
        total += weight[:, None] * found[index]


def _zoomed(
    native: PatchInputs, spacing_mm: Sequence[float], config: ClassifyConfig
) -> list[PatchInputs]:
    found = []
    for zoom in config.zooms:
        pixel_mm = config.pixel_mm
        if pixel_mm is None and zoom != 1.0:
            pixel_mm = float(np.sqrt(spacing_mm[1] * spacing_mm[2]))
        wanted = None if pixel_mm is None else pixel_mm * zoom
        found.append(resample_inputs(native, spacing_mm, wanted))
    return found
