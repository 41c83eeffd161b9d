"""The three U-Nets on one case: preprocessed once, probabilities on the input's own grid."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from shoulderseg.nnunet_ext.cases.prepare import (
    PreparedCase,
    prepare_case,
    restore_logits,
    uncrop,
)
from shoulderseg.nnunet_ext.cases.region import (
    OUTSIDE,
    BonesOf,
    Region,
    bone_extent,
    closer_region,
    find_region,
)
from shoulderseg.nnunet_ext.cases.windows import predict_logits
from shoulderseg.nnunet_ext.engines.network import Network
from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.predictors import Predictors
from shoulderseg.nnunet_ext.tiling import LEAST_PATCH, covering_tile, total_strides
from shoulderseg.nnunet_ext.unet_set import UNetSet
from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE

_LOGGER = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]
# Is told which share of the networks' work is done, 0 to 1.
OnProgress = Callable[[float], None]


def slice_axis(unets: UNetSet) -> int:
    """Returns the array axis along which the 2D U-Nets take their slices."""
    return int(unets.plans["transpose_forward"][0])


def predict_probabilities(
    predictors: Predictors,
    image: FloatArray,
    spacing_mm: tuple[float, float, float],
    on_progress: OnProgress | None = None,
    bones_of: BonesOf | None = None,
) -> dict[str, FloatArray]:
    """Runs all U-Nets with all their folds on one case.

    The case is preprocessed once, since the U-Nets share their plans. Where its slices fit into
    the planned patch, what torch gives equals three runs of `nnUNetv2_predict_from_modelfolder
    --save_probabilities`. Larger ones are seen at once instead of in overlapping patches; see
    `covering_tile`.

    Args:
        predictors: As `build_predictors` gives them.
        image: Intensities, (Z, Y, X), float32, finite.
        spacing_mm: Distance of voxel centres along (Z, Y, X).
        on_progress: Is called after every slice that a network has seen; the look for the
            surroundings of the bones comes before, and a second look after that.
        bones_of: Tells which voxels are bone, (Z, Y, X), from what this function returns. Where
            networks that see the surroundings of the bones alone saw much more than the
            surroundings of these, they look again, at these.

    Returns:
        For each of the three U-Nets the probability of its bone, (Z, Y, X), float32, on the image's
        grid. A voxel is that bone where it is above 0.5. Where a model has no U-Net of both bones,
        theirs is the larger probability of the two.

    Raises:
        ValueError: If the image is not 3D, or a network answers with NaN or infinity.
    """
    if image.ndim != 3:
        msg = f"expected an image of shape (Z, Y, X), found {image.shape}"
        raise ValueError(msg)
    if predictors.in_nnunet is not None:
        from shoulderseg.nnunet_ext.nnunet_prediction import Asked, predict_in_nnunet

        asked = Asked(on_progress, bones_of, crop=predictors.crop)
        return _with_whole(predict_in_nnunet(predictors.in_nnunet, image, spacing_mm, asked))
    case = prepare_case(image, spacing_mm, predictors.plans)
    region = _region(predictors, case.slices)
    found = _with_whole(_look(predictors, case, region, on_progress))
    if predictors.crop and bones_of is not None:
        closer = _closer(predictors, case, region, bones_of(found))
        if closer:
            # A large case hardly fits into memory once.
            del found
            found = _look(predictors, case, closer, None)
    return found


def _closer(
    predictors: Predictors, case: PreparedCase, region: Region, bones: npt.NDArray[np.bool_]
) -> Region | None:
    """The surroundings of bones, (Z, Y, X), if they are much less than a region that was seen."""
    extent = bone_extent(bones, predictors.plans["transpose_forward"], case.box)
    patch, strides = _patch(predictors), total_strides(predictors.plans)
    pixels = case.slices.shape[1:]
    return extent and closer_region(extent, pixels, region.sides, patch, strides)


def _look(
    predictors: Predictors, case: PreparedCase, region: Region, on_progress: OnProgress | None
) -> dict[str, FloatArray]:
    """What the networks say of a case of which they see a region."""
    seen = case.slices[:, *region.sides]
    probabilities = {}
    for number, (variant, folds) in enumerate(predictors.networks.items()):
        place = (number, len(predictors.networks))
        logits = np.full(case.slices.shape, OUTSIDE, np.float16)
        answers = region.answers if variant == WHOLE else None
        logits[:, *region.sides] = _logits(predictors, folds, seen, answers, on_progress, place)
        probabilities[variant] = _probability(logits, case, predictors.plans)
    return probabilities


def _with_whole(probabilities: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Makes up for a missing U-Net of both bones."""
    if WHOLE not in probabilities:
        probabilities[WHOLE] = np.maximum(probabilities[FIRST], probabilities[SECOND])
    return probabilities


def _probability(
    logits: npt.NDArray[np.float16], case: PreparedCase, plans: Mapping[str, Any]
) -> FloatArray:
    """Probabilities on the image's grid."""
    bone: FloatArray = restore_logits(logits, case, plans).astype(np.float32)
    # Infinite ones would become probabilities of 0 and 1.
    if not np.isfinite(bone).all():
        msg = "a network answered with NaN or infinite values"
        raise ValueError(msg)
    expit(bone, out=bone)
    return uncrop(bone, case, plans)


def _region(predictors: Predictors, slices: FloatArray) -> Region:
    """Rows and columns that the networks see."""
    everything = Region((slice(0, slices.shape[1]), slice(0, slices.shape[2])))
    if not predictors.crop:
        return everything
    network, strides = predictors.networks[WHOLE][0], total_strides(predictors.plans)
    try:
        return find_region(network, slices, _patch(predictors), strides)
    except (RuntimeError, MemoryError) as error:
        _LOGGER.warning("there is no crop, as it does not fit into memory at once: %s", error)
    return everything


def _patch(predictors: Predictors) -> tuple[int, int]:
    rows, columns = predictors.plans["configurations"][CONFIGURATION]["patch_size"]
    return rows, columns


def _logits(
    predictors: Predictors,
    folds: Sequence[Network],
    slices: FloatArray,
    answers: FloatArray | None,
    on_progress: OnProgress | None,
    place: tuple[int, int],
) -> npt.NDArray[np.float16]:
    """The mean logits of a U-Net's folds.

    Args:
        predictors: The networks.
        folds: Those of one U-Net.
        slices: What they see.
        answers: What the first of them said of the slices, where that is known.
        on_progress: Is told.
        place: See `_counted`.
    """
    total: npt.NDArray[np.float16] | None = None
    windows = len(folds) * len(slices)
    on_window = None if on_progress is None else _counted(on_progress, windows, place)
    for number, network in enumerate(folds):
        known = answers if number == 0 else None
        found = _seen_whole(predictors, network, slices, known, on_window)
        total = found if total is None else total + found
    if total is None:
        msg = "a U-Net has no fold"
        raise ValueError(msg)
    if len(folds) > 1:
        total /= np.float16(len(folds))
    return total


def _seen_whole(
    predictors: Predictors,
    network: Network,
    slices: FloatArray,
    answers: FloatArray | None,
    on_window: Callable[[], None] | None,
) -> npt.NDArray[np.float16]:
    """Sees whole slices if it can, and the planned patches where memory does not last for that."""
    patch, strides = _patch(predictors), total_strides(predictors.plans)
    shape = slices.shape[1:]
    # A part of the slices is like a patch of the training: little is laid around it.
    window = covering_tile(shape, patch, strides, LEAST_PATCH if predictors.crop else 1)
    axes = predictors.mirroring_axes
    try:
        return predict_logits(network, slices, window, axes, on_window, answers)
    except (RuntimeError, MemoryError) as error:
        if math.prod(window) <= math.prod(patch):
            raise
        _LOGGER.warning("slices are seen in patches, as they do not fit at once: %s", error)
    return predict_logits(network, slices, patch, axes, on_window)


def _counted(on_progress: OnProgress, windows: int, place: tuple[int, int]) -> Callable[[], None]:
    """Tells after every window how far all networks are.

    Args:
        on_progress: Is told.
        windows: How many the U-Net at work will see.
        place: Which of the U-Nets this is, and how many there are.
    """
    number, networks = place
    counted: Iterator[int] = iter(range(1, 2**62))

    def count() -> None:
        # Where slices are seen in patches there are more windows than slices.
        on_progress((number + min(next(counted) / windows, 1.0)) / networks)

    return count
