"""The edge refiner as a voter: it speaks about every voxel where a bone may lie.

Mu et al. (2021) let it vote on the whole slice beside the three U-Nets. A voxel far from anything
that any U-Net calls bone cannot win a vote, so it is not asked there and says no.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from shoulderseg.refine.boundary import near_mask
from shoulderseg.refine.ensemble import ClassifyConfig, class_probabilities
from shoulderseg.refine.network import PatchAlexNet

MARGIN_MM = 5.0


def classifier_votes(
    models: Sequence[PatchAlexNet],
    image: NDArray[np.float32],
    votes: NDArray[np.float32],
    spacing_mm: Sequence[float],
    config: ClassifyConfig,
    device: torch.device | str,
) -> NDArray[np.float32]:
    """Computes each bone's probability, wherever a U-Net sees bone and 5 mm around.

    A classifier that sees the U-Nets' votes is no independent voter; one of images alone is.

    Args:
        models: The classifiers, at least one; their opinions are averaged.
        image: float32 (Z, Y, X), normalised by `normalise_volume`.
        votes: float32 (V, Z, Y, X), the U-Nets' probabilities.
        spacing_mm: Voxel size in array order (Z, Y, X).
        config: How voxels are classified.
        device: Where to compute.

    Returns:
        float32 (B, Z, Y, X), 0 outside that region; zeros where no U-Net sees bone.

    Raises:
        ValueError: No classifier, or shapes that do not fit.
    """
    some = np.logical_or.reduce([vote > 0.5 for vote in votes])
    region = near_mask(some, spacing_mm, MARGIN_MM)
    voxels = np.argwhere(region).astype(np.int64, copy=False)
    found = class_probabilities(models, image, votes, voxels, spacing_mm, config, device)
    bone_votes = np.zeros((found.shape[1] - 1, *image.shape), np.float32)
    bone_votes[(slice(None), *voxels.T)] = found[:, 1:].T
    # Means of float32 shares may exceed 1 by rounding.
    return np.minimum(bone_votes, 1.0, out=bone_votes)
