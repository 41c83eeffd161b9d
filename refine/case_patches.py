"""Images, patches and labels of drawn training voxels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from shoulderseg.refine.inputs import PatchInputs, gather_patches, patch_inputs
from shoulderseg.refine.network import AlexNetConfig
from shoulderseg.refine.resampling import map_centres, resample_inputs
from shoulderseg.refine.sampling import Draw, TrainingCase


class CaseSet(NamedTuple):
    """Cases with the volumes that patches are cut from.

    Attributes:
        cases: The cases.
        inputs: Volumes on the CPU, one set per case, at the classifier's pixel size.
    """

    cases: Sequence[TrainingCase]
    inputs: Sequence[PatchInputs]


def case_set(
    cases: Sequence[TrainingCase], network: AlexNetConfig, pixel_mm: float | None
) -> CaseSet:
    """Brings the cases to the classifier's pixel size, as the refinement does.

    Args:
        cases: Any number.
        network: Says which channels the classifier sees.
        pixel_mm: In-plane pixel size; None keeps each native grid.

    Returns:
        The cases and their volumes; without resampling these share the cases' memory.
    """
    inputs = [
        resample_inputs(
            patch_inputs(
                case.image,
                "cpu",
                votes=case.votes if network.votes else None,
                neighbours=network.neighbours,
            ),
            case.spacing_mm,
            pixel_mm,
        )
        for case in cases
    ]
    return CaseSet(cases, inputs)


def by_case(
    data: CaseSet, draw: Draw
) -> Iterator[tuple[PatchInputs, NDArray[np.bool_], NDArray[np.int64]]]:
    """Splits a draw by case.

    Args:
        data: The cases that were drawn from.
        draw: N centres.

    Yields:
        The case's volumes, bool (N,) which of the draw are its, and their centres int64 (M, 3) in
        these.
    """
    for index in np.unique(draw.cases):
        chosen = draw.cases == index
        inputs, shape = data.inputs[index], data.cases[index].image.shape
        yield inputs, chosen, map_centres(draw.centres[chosen], shape, inputs.image.shape)


def draw_patches(data: CaseSet, draw: Draw, size: int) -> torch.Tensor:
    """Patches around the centres of a draw.

    Args:
        data: The cases that were drawn from.
        draw: N centres.
        size: Patch side in pixels.

    Returns:
        float32 (N, C, size, size) on the CPU.
    """
    patches = torch.empty((len(draw.cases), data.inputs[0].channels, size, size))
    for inputs, chosen, centres in by_case(data, draw):
        patches[torch.from_numpy(chosen)] = gather_patches(inputs, torch.from_numpy(centres), size)
    return patches


def draw_labels(data: CaseSet, draw: Draw) -> NDArray[np.int64]:
    """Returns the reference labels of the centres of a draw.

    Args:
        data: The cases that were drawn from.
        draw: N centres.

    Returns:
        int64 (N,).
    """
    labels = np.empty(len(draw.cases), np.int64)
    for index in np.unique(draw.cases):
        chosen = draw.cases == index
        labels[chosen] = data.cases[index].label_map[tuple(draw.centres[chosen].T)]
    return labels
