"""A case as the networks see it, and their answers on the case's own grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from shoulderseg.nnunet_ext.cases.normalise import normalise
from shoulderseg.nnunet_ext.cases.resample import Resampling, resample
from shoulderseg.nnunet_ext.plans import CONFIGURATION

FloatArray = npt.NDArray[np.float32]
RESAMPLER = "resample_data_or_seg_to_shape"


@dataclass(frozen=True)
class PreparedCase:
    """A case as the networks see it.

    Attributes:
        slices: Normalised intensities, float32, (slice, row, column).
        box: Where they come from in the transposed image; outside, the image is 0.
        shape: Of the transposed image.
        spacing_mm: Of the transposed image.
        prepared_spacing_mm: Of the slices.
    """

    slices: FloatArray
    box: tuple[slice, slice, slice]
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    prepared_spacing_mm: tuple[float, float, float]

    @property
    def cropped_shape(self) -> tuple[int, int, int]:
        """Of the box."""
        first, second, third = (side.stop - side.start for side in self.box)
        return first, second, third


def prepare_case(
    image: FloatArray, spacing_mm: tuple[float, float, float], plans: Mapping[str, Any]
) -> PreparedCase:
    """Transposes, crops, normalises and resamples a case, as nnU-Net's DefaultPreprocessor.

    Args:
        image: Intensities, (Z, Y, X), finite.
        spacing_mm: Distance of voxel centres along (Z, Y, X).
        plans: nnU-Net's plans with a `2d` configuration, checked.

    Returns:
        The case as the networks see it.

    Raises:
        ValueError: If intensities are so large that they cannot be normalised.
    """
    planned = plans["configurations"][CONFIGURATION]
    order = plans["transpose_forward"]
    turned = np.array(image.transpose(order), np.float32, order="C")
    first, second, third = (float(spacing_mm[axis]) for axis in order)
    box = _box_of_nonzero(turned)
    cropped = turned[box].copy()
    # Slices keep their distance in the 2d configuration.
    high, wide = (float(length) for length in planned["spacing"])
    target = (first, high, wide)
    inside = (
        ndimage.binary_fill_holes(turned != 0)[box] if planned["use_mask_for_norm"][0] else None
    )
    known = plans["foreground_intensity_properties_per_channel"].get("0", {})
    try:
        with np.errstate(over="raise", invalid="raise"):
            normalise(planned["normalization_schemes"][0], cropped, inside, known)
    except FloatingPointError as error:
        # Eight bits would make ordinary numbers of what overflows.
        largest = float(np.abs(image).max())
        msg = f"intensities of up to {largest:g} cannot be normalised; scale the image down"
        raise ValueError(msg) from error
    before = (first, second, third)
    shape = [
        # nnU-Net has no slice left of what is smaller than half a pixel, and fails.
        max(1, round(old / new * count))
        for old, new, count in zip(before, target, cropped.shape, strict=True)
    ]
    how = _resampling(planned, "data")
    slices = resample(cropped, shape, before, target, how).astype(np.float32, copy=False)
    return PreparedCase(slices, box, turned.shape, before, target)


def restore_logits(
    logits: npt.NDArray[np.float16], case: PreparedCase, plans: Mapping[str, Any]
) -> npt.NDArray[np.float16]:
    """Resamples logits of the prepared slices back to the cropped image.

    Args:
        logits: Of one network, (slice, row, column).
        case: What the network saw.
        plans: As for `prepare_case`.

    Returns:
        Logits of the shape `case.cropped_shape`.
    """
    how = _resampling(plans["configurations"][CONFIGURATION], "probabilities")
    restored: npt.NDArray[np.float16] = resample(
        logits, case.cropped_shape, case.prepared_spacing_mm, case.spacing_mm, how
    )
    return restored


def uncrop(cropped: FloatArray, case: PreparedCase, plans: Mapping[str, Any]) -> FloatArray:
    """Puts values of the cropped image back on the image's grid, 0 outside, (Z, Y, X)."""
    whole = np.zeros(case.shape, np.float32)
    whole[case.box] = cropped
    return whole.transpose(plans["transpose_backward"])


def can_prepare(plans: Mapping[str, Any]) -> bool:
    """Tells whether plans resample in the one way that is known here."""
    planned = plans["configurations"][CONFIGURATION]
    kinds = ("data", "probabilities")
    return all(
        planned[f"resampling_fn_{kind}"] == RESAMPLER
        and not planned[f"resampling_fn_{kind}_kwargs"].get("is_seg", False)
        for kind in kinds
    )


def _resampling(planned: Mapping[str, Any], kind: str) -> Resampling:
    how = planned[f"resampling_fn_{kind}_kwargs"]
    forced = how.get("force_separate_z", False)
    return Resampling(how.get("order", 3), how.get("order_z", 0), forced)


def _box_of_nonzero(image: FloatArray) -> tuple[slice, slice, slice]:
    """The smallest box around what is not 0; all of an image of zeros.

    nnU-Net fills holes first, which moves no side of the box.
    """
    sides = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        filled = np.flatnonzero((image != 0).any(axis=others))
        sides.append(slice(int(filled[0]), int(filled[-1]) + 1) if filled.size else slice(0, None))
    first, second, third = (
        slice(side.start, image.shape[axis] if side.stop is None else side.stop)
        for axis, side in enumerate(sides)
    )
    return first, second, third
