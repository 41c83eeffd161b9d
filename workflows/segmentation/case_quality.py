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


def reasons(
    quality: CaseQuality, calibration: Calibration | None, names: Sequence[str]
) -> list[str]:
    """Why someone should look at a case, in words; empty if nothing speaks against it.

    Args:
        quality: the features.
        calibration: of the bundle; without one only missing and distant bones are named.
        names: of the two bones.
    """
    from shoulderseg.evaluation.quality.calibration import oddities, predicted_dice

    if not any(bone.found for bone in quality.bones):
        return ["no bone found"]
    named = list(zip(names, quality.bones, strict=True))
    flags = [f"no {name} found" for name, bone in named if not bone.found]
    if quality.gap_mm is not None and quality.gap_mm > FAR_APART_MM:
        flags.append(
            f"{' and '.join(names)} are {quality.gap_mm:.0f} mm apart, "
            f"expected at most {FAR_APART_MM:g} mm"
        )
    if calibration is None:
        return flags
    for k, (name, bone) in enumerate(named):
        expected = predicted_dice(bone, calibration.bones[k])
        if bone.found and expected < calibration.flag_below:
            shown = f"{expected:.2f}"
            # As many digits as show that it is below.
            if float(shown) >= calibration.flag_below:
                shown = f"{expected:.4f}"
            flags.append(
                f"predicted Dice of the {name} is {shown}, below {calibration.flag_below:g}"
            )
    return flags + [_describe(oddity, names) for oddity in oddities(quality, calibration)]


def _describe(oddity: Oddity, names: Sequence[str]) -> str:
    whose = "" if oddity.bone is None else f" of the {names[oddity.bone]}"
    low, high = oddity.usual
    return (
        f"unlike the calibration images: {oddity.feature}{whose} is {oddity.value:.3g}, "
        f"usual is {low:.3g} to {high:.3g}"
    )


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 4) for name, value in values.items()}
