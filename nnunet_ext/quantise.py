"""The three U-Nets in eight bits: what they need for that, and what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.nnunet_ext.cases.prepare import prepare_case
from shoulderseg.nnunet_ext.engines.choice import Engine, choose_engine, load_network
from shoulderseg.nnunet_ext.engines.ranges import measure_ranges
from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.tiling import total_strides
from shoulderseg.nnunet_ext.unet_set import UNetSet

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.engines.network import FloatArray, Precision

_PRECISIONS: tuple[Precision, Precision] = ("float32", "int8")
# Slices of an image that are looked at, from the middle half of the stack, where the joint is.
_SLICES = 4


def middle_of_case(
    unets: UNetSet, image: FloatArray, spacing_mm: tuple[float, float, float]
) -> FloatArray:
    """A few prepared slices of an image, of a size that the networks can see.

    Args:
        unets: The U-Nets.
        image: Intensities, (Z, Y, X), float32, finite.
        spacing_mm: Distance of voxel centres along (Z, Y, X).

    Returns:
        (slice, row, column), the planned patch at most; none of an image without intensities, or
        one that is smaller than the strides of the networks.
    """
    slices = prepare_case(image, spacing_mm, unets.plans).slices
    patch = unets.plans["configurations"][CONFIGURATION]["patch_size"]
    places = []
    for pixels, most, stride in zip(
        slices.shape[1:], patch, total_strides(unets.plans), strict=True
    ):
        length = min(pixels, most) // stride * stride
        start = (pixels - length) // 2
        places.append(slice(start, start + length))
    count = len(slices)
    chosen = np.unique(np.linspace(count // 4, max(count // 4, count - 1 - count // 4), _SLICES))
    found: FloatArray = slices[chosen.astype(int)][:, *places] if count else slices
    return found if found.size else np.zeros((0, 0, 0), np.float32)


def with_ranges(unets: UNetSet, images: Sequence[FloatArray]) -> UNetSet:
    """Measures the ranges of all networks' activations.

    Args:
        unets: The U-Nets.
        images: As `middle_of_case` gives them, at least one slice.

    Returns:
        The same U-Nets with their ranges.

    Raises:
        ValueError: If OpenVINO cannot run them, or there is no slice.
    """
    choose_engine("openvino", "cpu", unets.plans)
    seen = [image for image in images if image.size]
    ranges = {
        variant: {
            fold: measure_ranges(unets.plans, weights, seen) for fold, weights in folds.items()
        }
        for variant, folds in unets.weights.items()
    }
    return replace(unets, ranges=ranges)


def changed_share(unets: UNetSet, images: Iterable[FloatArray]) -> float | None:
    """How much of the masks eight bits change, of the U-Net of which they change most.

    Args:
        unets: The U-Nets with their ranges.
        images: As `middle_of_case` gives them.

    Returns:
        Pixels that are bone in float32 or in int8 but not in both, as a share of those that are
        bone in float32; None where a U-Net finds none, so that nothing can be said.
    """
    seen = [image for image in images if image.size]
    worst = 0.0
    for variant, folds in unets.weights.items():
        changed = bone = 0
        for fold, weights in folds.items():
            ranges = unets.ranges[variant][fold]
            exact, short = (
                load_network(Engine("openvino", precision), unets.plans, weights, ranges)
                for precision in _PRECISIONS
            )
            for image in seen:
                mask = exact(image) > 0
                changed += int(np.count_nonzero(mask != (short(image) > 0)))
                bone += int(np.count_nonzero(mask))
        if not bone:
            return None
        worst = max(worst, changed / bone)
    return worst
