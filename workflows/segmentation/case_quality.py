"""The quality of a case in words: what `predict` reports, and why someone should look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.segmentation.slices import Spacing, slices_first, spacing_first

if TYPE_CHECKING:
    from shoulderseg.evaluation.quality.calibration import Calibration, Oddity
    from shoulderseg.evaluation.quality.measures import CaseQuality
    from shoulderseg.refine.voting import Fusion

# The flag of a case without any bone.
NO_BONE = "no bone found"
# The bones of a joint are a few mm apart; thick slices may add one.
FAR_APART_MM = 15.0


def measure_quality(
    bones: Mapping[str, npt.NDArray[np.float32]], fusion: Fusion, spacing_mm: Spacing, axis: int
) -> CaseQuality:
    """Features of a case from the probabilities of the three U-Nets.

    Args:
        bones: each U-Net's probability, (Z, Y, X).
        fusion: the vote.
        spacing_mm: voxel size in array order.
        axis: the axis along which the 2D networks take their slices.
    """
    from shoulderseg.evaluation.quality.measures import case_quality
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
    from shoulderseg.refine.boundary import boundary_band

    return case_quality(
        [slices_first(bones[FIRST], axis), slices_first(bones[SECOND], axis)],
        slices_first(bones[WHOLE], axis),
        slices_first(fusion.label_map, axis),
        slices_first(fusion.disagreement, axis),
        spacing_first(spacing_mm, axis),
        boundary_band,
    )


def quality_record(
    quality: CaseQuality, calibration: Calibration | None, names: Sequence[str]
) -> dict[str, Any]:
    """Quality of a case for the run report.

    Args:
        quality: the features.
        calibration: of the bundle, None without one.
        names: of the two bones.

    Returns:
        Each bone's predicted Dice (None without a calibration), `flags` and `features`.
    """
    from shoulderseg.evaluation.quality.calibration import predicted_dice

    expected = [
        None if calibration is None else predicted_dice(bone, calibration.bones[k])
        for k, bone in enumerate(quality.bones)
    ]
    features = {
        name: _rounded(asdict(bone)) for name, bone in zip(names, quality.bones, strict=True)
    }
    case = _rounded({"undisputed": quality.undisputed, "gap_mm": quality.gap_mm})
    return {
        **_rounded(dict(zip(names, expected, strict=True))),
        "flags": reasons(quality, calibration, names),
        "features": {**features, **case},
    }


def not_found(bone: str) -> str:
    """The flag of a case without one of the bones."""
    return f"no {bone} found"


def reasons(
    quality: CaseQuality, calibration: Calibration | None, names: Sequence[str]
) -> list[str]:
    """Why someone should look at a case, in words; empty if nothing speaks against it.

    Args:
        quality: the features.
        calibration: of the bundle; without one only missing and distant bones are named.
        names: of the two bones.
    """
    from shoulderseg.evaluation.quality.calibration import limit_of, oddities, predicted_dice

    if not any(bone.found for bone in quality.bones):
        return [NO_BONE]
    named = list(zip(names, quality.bones, strict=True))
    flags = [not_found(name) for name, bone in named if not bone.found]
    if quality.gap_mm is not None and quality.gap_mm > FAR_APART_MM:
        flags.append(
            f"{' and '.join(names)} are {quality.gap_mm:.0f} mm apart, "
            f"expected at most {FAR_APART_MM:g} mm"
        )
    if calibration is None:
        return flags
    for k, (name, bone) in enumerate(named):
        expected, limit = (
            predicted_dice(bone, calibration.bones[k]),
            limit_of(calibration.flag_below, k),
        )
        if bone.found and expected < limit:
            shown = f"{expected:.2f}"
            # As many digits as show that it is below.
            if float(shown) >= limit:
                shown = f"{expected:.4f}"
            flags.append(f"predicted Dice of the {name} is {shown}, below {limit:g}")
    return flags + [describe_oddity(oddity, names) for oddity in oddities(quality, calibration)]


# What a feature says of a bone, and its unit.
_WORDS = {
    "agreement": ("the network of the {bone} and that of both bones overlap in {value}", " %"),
    "undisputed": ("the networks agree on {value} of the {bone}", " %"),
    "confidence": ("at the edge of the {bone} the networks are sure to {value}", " %"),
    "expected_dice": ("the networks' own probabilities promise the {bone} a Dice of {value}", ""),
    "largest_piece": ("the largest piece of the {bone} is {value} of it", " %"),
    "slice_dice": ("neighbouring slices of the {bone} overlap in {value}", " %"),
    "area_cm2": ("the mean area of the {bone} in a slice is {value}", " cm2"),
    "gap_mm": ("the {bone} lie {value} apart", " mm"),
}


def describe_oddity(oddity: Oddity, names: Sequence[str]) -> str:
    """Says in words how a feature is unlike those of the calibration.

    Args:
        oddity: the feature.
        names: of the two bones.
    """
    bone = "bones" if oddity.bone is None else names[oddity.bone]
    sentence, unit = _WORDS[oddity.feature]
    value, low, high = (_measured(number, unit) for number in (oddity.value, *oddity.usual))
    told = sentence.format(bone=bone, value=f"{value}{unit}")
    return f"{told} (usually {low} to {high}{unit})"


def _measured(number: float, unit: str) -> str:
    return f"{100 * number:.0f}" if unit == " %" else f"{number:.3g}"


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 4) for name, value in values.items()}
