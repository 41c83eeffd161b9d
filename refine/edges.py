"""Decide the voxels near the bones' edges again, by the patch classifier."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cc3d
import numpy as np
import torch
from numpy.typing import NDArray

from shoulderseg.refine.boundary import refinement_region
from shoulderseg.refine.classify import classify_patches
from shoulderseg.refine.network import PatchAlexNet
from shoulderseg.refine.patches import as_image_tensor
from shoulderseg.refine.resampling import check_pixel_mm, map_centres, resample_in_plane

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RefineConfig:
    """How to refine.

    Attributes:
        band_mm: voxels up to this far from a boundary are decided again.
        batch_size: patches per pass at most.
        pixel_mm: in-plane pixel size the classifier was trained at; None is the native grid.

    Raises:
        ValueError: a value out of range.
    """

    band_mm: float = 2.0
    batch_size: int = 1024
    pixel_mm: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.band_mm) and self.band_mm >= 0.0):
            msg = f"band_mm is {self.band_mm}, expected a finite length of at least 0 mm"
            raise ValueError(msg)
        if self.batch_size < 1:
            msg = f"batch_size is {self.batch_size}, expected at least 1"
            raise ValueError(msg)
        check_pixel_mm(self.pixel_mm)


class EdgeRefinement(NamedTuple):
    """Outcome of the refinement of one case.

    Attributes:
        label_map: uint8 (Z, Y, X).
        band: how many voxels were looked at.
        changed: how many voxels differ from the vote.
    """

    label_map: NDArray[np.uint8]
    band: int
    changed: int


def refine_edges(
    image: NDArray[np.floating[Any]],
    label_map: NDArray[np.uint8],
    disagreement: NDArray[np.bool_],
    model: PatchAlexNet,
    spacing_mm: Sequence[float],
    config: RefineConfig,
    device: torch.device | str,
) -> EdgeRefinement:
    """Relabel the voxels of the refinement region to the classifier's most probable class.

    All other voxels stay. Afterwards a piece of bone (26-neighbour) that shares no voxel with the
    vote for that bone goes back to the vote, and so does a bone that would vanish.

    Args:
        image: (Z, Y, X), normalised by `normalise_volume` as in training.
        label_map: uint8 (Z, Y, X), the vote.
        disagreement: bool (Z, Y, X), where the voters differ.
        model: the classifier; class c means label c.
        spacing_mm: voxel size in array order (Z, Y, X).
        config: band, batch and pixel size.
        device: where to compute.

    Returns:
        The new label map and the counts; a copy of the vote where there is nothing to look at.

    Raises:
        ValueError: shapes differ, or the label map holds labels the classifier does not know.
    """
    if image.shape != label_map.shape or label_map.dtype != np.uint8:
        msg = (
            f"image has shape {image.shape} and label map is {label_map.dtype} {label_map.shape}; "
            "expected one shape (Z, Y, X) and uint8 labels"
        )
        raise ValueError(msg)
    if label_map.size and int(label_map.max()) >= model.config.classes:
        msg = (
            f"label map holds label {int(label_map.max())}, the classifier knows "
            f"0 to {model.config.classes - 1}; use the classifier trained for these bones"
        )
        raise ValueError(msg)
    region = refinement_region(label_map, disagreement, spacing_mm, config.band_mm)
    refined = label_map.copy()
    if len(region):
        volume = as_image_tensor(image, device)
        volume = resample_in_plane(volume, spacing_mm, config.pixel_mm)
        # Where the grid shrank, several voxels share a pixel, which is classified once.
        centres, shared = np.unique(
            map_centres(region, image.shape, volume.shape), axis=0, return_inverse=True
        )
        probabilities = classify_patches(
            model, volume, centres, batch_size=config.batch_size, device=device
        )
        refined[tuple(region.T)] = probabilities.argmax(axis=1)[shared]
        _return_strays(refined, label_map)
    return EdgeRefinement(refined, len(region), int(np.count_nonzero(refined != label_map)))


def _return_strays(refined: NDArray[np.uint8], voted: NDArray[np.uint8]) -> None:
    """Give stray pieces and vanished bones back to the vote, in place.

    Giving a bone back can cut another one in two, hence the loop. It ends because voxels only ever
    go back to the vote.
    """
    bones = [int(label) for label in np.unique(voted) if label > 0]
    while True:
        pieces = cc3d.connected_components(refined, connectivity=26)
        anchored = np.zeros(int(pieces.max()) + 1, np.bool_)
        # A piece shares a voxel with its own bone's vote where the label did not change.
        anchored[pieces[refined == voted]] = True
        anchored[0] = True
        back = ~anchored[pieces]
        refined[back] = voted[back]
        lost = [bone for bone in bones if not (refined == bone).any()]
        for bone in lost:
            refined[voted == bone] = bone
        if lost or back.any():
            _logger.debug(
                "returned %d stray voxels and %d vanished bones to the vote",
                np.count_nonzero(back),
                len(lost),
            )
        else:
            return
