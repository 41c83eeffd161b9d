"""The three U-Nets on one case: preprocessed once, probabilities on the input's own grid."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from shoulderseg.nnunet_ext.cases.prepare import (
    PreparedCase,
    can_prepare,
    prepare_case,
    restore_logits,
    uncrop,
)
from shoulderseg.nnunet_ext.cases.region import OUTSIDE, Sides, find_region
from shoulderseg.nnunet_ext.cases.windows import predict_logits
from shoulderseg.nnunet_ext.engines.choice import Engine, EngineChoice, choose_engine, load_network
from shoulderseg.nnunet_ext.engines.network import Network
from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.tiling import covering_tile, total_strides
from shoulderseg.nnunet_ext.unet_set import UNetSet
from shoulderseg.nnunet_ext.variants import WHOLE

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.nnunet_prediction import NnunetPredictors

_LOGGER = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]
# Is told which share of the networks' work is done, 0 to 1.
OnProgress = Callable[[float], None]


@dataclass(frozen=True)
class Predictors:
    """The networks of a model, ready to run.

    Attributes:
        engine: What computes them.
        plans: nnU-Net's plans.
        mirroring_axes: In-plane axes of mirror images that are averaged over; None for none.
        networks: For each of the three U-Nets one for each fold.
        crop: Whether they see the surroundings of the bones alone.
        in_nnunet: nnU-Net's predictors instead, on a GPU and for plans that resample otherwise.
    """

    engine: Engine
    plans: Mapping[str, Any]
    mirroring_axes: tuple[int, ...] | None
    networks: Mapping[str, Sequence[Network]]
    crop: bool = False
    in_nnunet: NnunetPredictors | None = None


def build_predictors(
    unets: UNetSet,
    device: str,
    *,
    folds: Sequence[str] | None = None,
    mirroring: bool = True,
    engine: EngineChoice = "auto",
    crop: bool = False,
) -> Predictors:
    """Loads the three U-Nets.

    Args:
        unets: The trained U-Nets.
        device: Where the networks run: cpu, cuda or mps.
        folds: Folds whose logits are averaged; by default all.
        mirroring: Average over in-plane mirror images, as nnU-Net does by default; twice the work
            for each of the mirroring axes.
        engine: What computes the networks on a CPU, see `choose_engine`.
        crop: Show the networks the surroundings of the bones alone, see `find_region`.

    Raises:
        ValueError: If a fold is not among the trained ones, or the engine cannot run the networks.
    """
    chosen = _folds(unets, folds)
    axes = unets.mirroring_axes if mirroring else None
    found = choose_engine(engine, device, unets.plans)
    if device != "cpu" or not can_prepare(unets.plans):
        from shoulderseg.nnunet_ext.nnunet_prediction import build_nnunet_predictors

        predictors = build_nnunet_predictors(unets, device, folds=chosen, mirroring=mirroring)
        return Predictors(found, unets.plans, axes, {}, crop, predictors)
    networks = {
        variant: [load_network(found, unets.plans, trained[fold]) for fold in chosen[variant]]
        for variant, trained in unets.weights.items()
    }
    return Predictors(found, unets.plans, axes, networks, crop)


def _folds(unets: UNetSet, folds: Sequence[str] | None) -> dict[str, list[str]]:
    """The folds of each U-Net that are used."""
    chosen = {}
    for variant, trained in unets.weights.items():
        chosen[variant] = list(trained) if folds is None else list(folds)
        unknown = [fold for fold in chosen[variant] if fold not in trained]
        if unknown or not chosen[variant]:
            msg = f"fold {unknown} is not in the model; it has {list(trained)}"
            raise ValueError(msg)
    return chosen


def slice_axis(unets: UNetSet) -> int:
    """Returns the array axis along which the 2D U-Nets take their slices."""
    return int(unets.plans["transpose_forward"][0])


def predict_probabilities(
    predictors: Predictors,
    image: FloatArray,
    spacing_mm: tuple[float, float, float],
    on_progress: OnProgress | None = None,
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
        on_progress: Is called after every slice that a network has seen.

    Returns:
        For each U-Net the probability of its bone, (Z, Y, X), float32, on the image's grid. A
        voxel is that bone where it is above 0.5.

    Raises:
        ValueError: If the image is not 3D, or a network answers with NaN or infinity.
    """
    if image.ndim != 3:
        msg = f"expected an image of shape (Z, Y, X), found {image.shape}"
        raise ValueError(msg)
    if predictors.in_nnunet is not None:
        from shoulderseg.nnunet_ext.nnunet_prediction import predict_in_nnunet

        return predict_in_nnunet(
            predictors.in_nnunet, image, spacing_mm, on_progress, crop=predictors.crop
        )
    case = prepare_case(image, spacing_mm, predictors.plans)
    sides = _sides(predictors, case.slices)
    seen = case.slices[:, *sides]
    probabilities = {}
    for number, (variant, folds) in enumerate(predictors.networks.items()):
        place = (number, len(predictors.networks))
        logits = np.full(case.slices.shape, OUTSIDE, np.float16)
        logits[:, *sides] = _logits(predictors, folds, seen, on_progress, place)
        probabilities[variant] = _probability(logits, case, predictors.plans)
    return probabilities


def _probability(
    logits: npt.NDArray[np.float16], case: PreparedCase, plans: Mapping[str, Any]
) -> FloatArray:
    """Probabilities on the image's grid."""
    bone: FloatArray = restore_logits(logits, case, plans).astype(np.float32)
    expit(bone, out=bone)
    if not np.isfinite(bone).all():
        msg = "a network answered with NaN or infinite values"
        raise ValueError(msg)
    return uncrop(bone, case, plans)


def _sides(predictors: Predictors, slices: FloatArray) -> Sides:
    """Rows and columns that the networks see."""
    if not predictors.crop:
        return slice(0, slices.shape[1]), slice(0, slices.shape[2])
    patch = predictors.plans["configurations"][CONFIGURATION]["patch_size"]
    strides = total_strides(predictors.plans)
    return find_region(predictors.networks[WHOLE][0], slices, tuple(patch), strides)


def _logits(
    predictors: Predictors,
    folds: Sequence[Network],
    slices: FloatArray,
    on_progress: OnProgress | None,
    place: tuple[int, int],
) -> npt.NDArray[np.float16]:
    """The mean logits of a U-Net's folds; see `_counted` for `place`."""
    total: npt.NDArray[np.float16] | None = None
    windows = len(folds) * len(slices)
    on_window = None if on_progress is None else _counted(on_progress, windows, place)
    for network in folds:
        found = _seen_whole(predictors, network, slices, on_window)
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
    on_window: Callable[[], None] | None,
) -> npt.NDArray[np.float16]:
    """Sees whole slices if it can, and the planned patches where memory does not last for that."""
    patch = list(predictors.plans["configurations"][CONFIGURATION]["patch_size"])
    window = covering_tile(slices.shape[1:], patch, total_strides(predictors.plans))
    axes = predictors.mirroring_axes
    if window != patch:
        try:
            return predict_logits(network, slices, window, axes, on_window)
        except (RuntimeError, MemoryError) as error:
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
