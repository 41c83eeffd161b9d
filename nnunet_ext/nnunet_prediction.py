"""The three U-Nets on one case by nnU-Net's own predictor: on GPUs, and for rare plans."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from nnunetv2.inference.export_prediction import (
    convert_predicted_logits_to_segmentation_with_correct_shape,
)
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.utilities.helpers import empty_cache
from nnunetv2.utilities.plans_handling.plans_handler import ConfigurationManager

from shoulderseg.nnunet_ext.cases.region import (
    OUTSIDE,
    BonesOf,
    Sides,
    bone_extent,
    closer_region,
    find_region,
)
from shoulderseg.nnunet_ext.nnunet_predictors import NnunetPredictors
from shoulderseg.nnunet_ext.tiling import LEAST_PATCH, covering_tile, total_strides
from shoulderseg.nnunet_ext.variants import WHOLE

_LOGGER = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]
# Is told which share of the networks' work is done, 0 to 1.
OnProgress = Callable[[float], None]


@dataclass(frozen=True)
class Asked:
    """What is asked of the U-Nets.

    Attributes:
        on_progress: Is told how far they are.
        bones_of: See `predict_probabilities`.
        crop: Whether they see the surroundings of the bones alone.
    """

    on_progress: OnProgress | None = None
    bones_of: BonesOf | None = None
    crop: bool = False


def predict_in_nnunet(
    predictors: NnunetPredictors,
    image: FloatArray,
    spacing_mm: tuple[float, float, float],
    asked: Asked,
) -> dict[str, FloatArray]:
    """Runs all U-Nets on one case, see `predict_probabilities`.

    Args:
        predictors: As `build_nnunet_predictors` gives them.
        image: Intensities, (Z, Y, X), finite.
        spacing_mm: Distance of voxel centres along (Z, Y, X).
        asked: What is asked of them.
    """
    shared = next(iter(predictors.values()))
    properties: dict[str, Any] = {"spacing": list(spacing_mm)}
    preprocessor = shared.configuration_manager.preprocessor_class(verbose=False)
    data, _, properties = preprocessor.run_case_npy(
        image[None].astype(np.float32),
        None,
        properties,
        shared.plans_manager,
        shared.configuration_manager,
        shared.dataset_json,
    )
    sides = _sides(predictors[WHOLE], data[0]) if asked.crop else (slice(None), slice(None))
    found = _look(predictors, data, properties, sides, asked)
    if asked.crop and asked.bones_of is not None:
        box = [slice(*side) for side in properties["bbox_used_for_cropping"]]
        extent = bone_extent(asked.bones_of(found), shared.plans_manager.transpose_forward, box)
        rows, columns = shared.configuration_manager.patch_size
        strides = total_strides(shared.plans_manager.plans)
        closer = extent and closer_region(extent, data.shape[2:], sides, (rows, columns), strides)
        if closer:
            unheard = replace(asked, on_progress=None)
            # A large case hardly fits into memory once.
            del found
            found = _look(predictors, data, properties, closer.sides, unheard)
    return found


def _look(
    predictors: NnunetPredictors,
    data: FloatArray,
    properties: dict[str, Any],
    sides: Sides,
    asked: Asked,
) -> dict[str, FloatArray]:
    """What the networks say of a case of which they see some rows and columns."""
    prepared = torch.from_numpy(data)
    seen = prepared[:, :, *sides].contiguous()
    probabilities = {}
    for number, (variant, predictor) in enumerate(predictors.items()):
        with _counted(predictor, seen, asked.on_progress, (number, len(predictors))):
            logits = torch.full(prepared.shape, OUTSIDE, dtype=torch.half)
            logits[:, :, *sides] = _logits(predictor, seen, crop=asked.crop)
            probabilities[variant] = _bone_probability(predictor, logits, properties)
    return probabilities


class _OnDevice:
    """A predictor's network as `find_region` calls it."""

    batch = 4

    def __init__(self, predictor: nnUNetPredictor) -> None:
        # Compiled, the network is wrapped, and its parameters have other names.
        plain = getattr(predictor.network, "_orig_mod", predictor.network)
        self._network = plain.to(predictor.device).eval()
        self._network.load_state_dict(predictor.list_of_parameters[0])
        self._device = predictor.device

    def __call__(self, images: FloatArray) -> FloatArray:
        with torch.inference_mode():
            found = self._network(torch.from_numpy(images[:, None]).to(self._device))
        logits: FloatArray = found[:, 0].float().cpu().numpy()
        return logits


def _sides(predictor: nnUNetPredictor, slices: FloatArray) -> Sides:
    rows, columns = predictor.configuration_manager.patch_size
    strides = total_strides(predictor.plans_manager.plans)
    network = _OnDevice(predictor)
    try:
        return find_region(network, slices, (rows, columns), strides).sides
    except (RuntimeError, MemoryError) as error:
        # Out of memory, on a GPU a RuntimeError.
        _LOGGER.warning("there is no crop, as it does not fit into memory at once: %s", error)
        empty_cache(predictor.device)
    return slice(None), slice(None)


@contextlib.contextmanager
def _counted(
    predictor: nnUNetPredictor,
    prepared: torch.Tensor,
    on_progress: OnProgress | None,
    place: tuple[int, int],
) -> Iterator[None]:
    """Tells after every pass of a network how far all of them are.

    Args:
        predictor: The network at work.
        prepared: Its slices, (1, Z, Y, X).
        on_progress: Is told.
        place: Which of the networks this is, and how many there are.
    """
    if on_progress is None:
        yield
        return
    mirrors = predictor.allowed_mirroring_axes if predictor.use_mirroring else None
    images = 2 ** len(mirrors or ())
    passes = prepared.shape[1] * images * len(predictor.list_of_parameters)
    number, networks = place
    done = 0

    def count(*_: object) -> None:
        nonlocal done
        done += 1
        # Where slices are seen in patches there are more passes than slices.
        on_progress((number + min(done / passes, 1.0)) / networks)

    handle = predictor.network.register_forward_hook(count)
    try:
        yield
    finally:
        handle.remove()


def _bone_probability(
    predictor: nnUNetPredictor, logits: torch.Tensor, properties: dict[str, Any]
) -> FloatArray:
    # Infinite ones would become probabilities of 0 and 1.
    if not bool(torch.isfinite(logits).all()):
        msg = "a network answered with NaN or infinite values"
        raise ValueError(msg)
    _, probabilities = convert_predicted_logits_to_segmentation_with_correct_shape(
        logits,
        predictor.plans_manager,
        predictor.configuration_manager,
        predictor.label_manager,
        properties,
        return_probabilities=True,
    )
    bone: FloatArray = probabilities[0].astype(np.float32)
    return bone


def _logits(predictor: nnUNetPredictor, prepared: torch.Tensor, *, crop: bool) -> torch.Tensor:
    """Sees whole slices if it can, and the planned patches where memory does not last for that."""
    planned = predictor.configuration_manager
    strides = total_strides(predictor.plans_manager.plans)
    shape = tuple(prepared.shape[2:])
    tile = covering_tile(shape, planned.patch_size, strides, LEAST_PATCH if crop else 1)
    if tile != list(planned.patch_size):
        larger = ConfigurationManager({**planned.configuration, "patch_size": tile})
        predictor.configuration_manager = larger
        try:
            seen: torch.Tensor = predictor.predict_logits_from_preprocessed_data(prepared)
            return seen.cpu()
        except RuntimeError as error:
            _LOGGER.warning("slices are seen in patches, as they do not fit at once: %s", error)
        finally:
            predictor.configuration_manager = planned
    logits: torch.Tensor = predictor.predict_logits_from_preprocessed_data(prepared)
    return logits.cpu()
