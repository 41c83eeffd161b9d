"""Images, patches and labels of drawn training voxels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from shoulderseg.refine.patches import as_image_tensor, gather_patches
from shoulderseg.refine.resampling import map_centres, resample_in_plane
from shoulderseg.refine.sampling import Draw, TrainingCase


class CaseSet(NamedTuple):
    """Cases with the images that patches are cut from.

    Attributes:
        cases: the cases.
        images: float32 (Z, Y', X') on the CPU, one per case, at the classifier's pixel size.
    """

    cases: Sequence[TrainingCase]
    images: Sequence[torch.Tensor]


def case_set(cases: Sequence[TrainingCase], pixel_mm: float | None) -> CaseSet:
    """Bring the images of the cases to the classifier's pixel size, as the refinement does.

    Args:
        cases: any number.
        pixel_mm: in-plane pixel size; None keeps each native grid.

    Returns:
        The cases and their images; without resampling the images share the cases' memory.
    """
    images = [
        resample_in_plane(as_image_tensor(case.image, "cpu"), case.spacing_mm, pixel_mm)
        for case in cases
    ]
    return CaseSet(cases, images)


def by_case(
    data: CaseSet, draw: Draw
) -> Iterator[tuple[torch.Tensor, NDArray[np.bool_], NDArray[np.int64]]]:
    """Split a draw by case.

    Args:
        data: the cases that were drawn from.
        draw: N centres.

    Yields:
        The case's image, bool (N,) which of the draw are its, and their centres int64 (M, 3) in
        that image.
    """
    for index in np.unique(draw.cases):
        chosen = draw.cases == index
        image, shape = data.images[index], data.cases[index].image.shape
        yield image, chosen, map_centres(draw.centres[chosen], shape, image.shape)


def draw_patches(data: CaseSet, draw: Draw, size: int) -> torch.Tensor:
    """Patches around the centres of a draw.

    Args:
        data: the cases that were drawn from.
        draw: N centres.
        size: patch side in pixels.

    Returns:
        float32 (N, 1, size, size) on the CPU.
    """
    patches = torch.empty((len(draw.cases), 1, size, size))
    for image, chosen, centres in by_case(data, draw):
        patches[torch.from_numpy(chosen)] = gather_patches(image, torch.from_numpy(centres), size)
    return patches


def draw_labels(data: CaseSet, draw: Draw) -> NDArray[np.int64]:
    """Reference labels of the centres of a draw.

    Args:
        data: the cases that were drawn from.
        draw: N centres.

    Returns:
        int64 (N,).
    """
    labels = np.empty(len(draw.cases), np.int64)
    for index in np.unique(draw.cases):
        chosen = draw.cases == index
        labels[chosen] = data.cases[index].label_map[tuple(draw.centres[chosen].T)]
    return labels
