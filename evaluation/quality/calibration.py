"""From the features of `quality` to a predicted Dice, fitted on cases with a reference.

A bone's Dice is predicted as sigmoid(bias + sum of weight x logit(share)). No weight is negative,
so a case that is worse in every feature is never predicted to be better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shoulderseg.evaluation.quality.measures import BoneQuality, CaseQuality

SHARES = (
    "agreement",
    "undisputed",
    "confidence",
    "expected_dice",
    "largest_piece",
    "slice_dice",
)
AREA, UNDISPUTED, GAP = "area_cm2", "undisputed", "gap_mm"
BONE_FEATURES, CASE_FEATURES = (*SHARES, AREA), (UNDISPUTED, GAP)
LEAST_CASES = 3

Range = tuple[float, float]
FloatArray = NDArray[np.float64]

# Shares and Dice nearer to 0 or 1 than this count as this near; their logits would run away.
_NEAR = 0.01
_RIDGE = 1.0
_PERCENTILES = (1.0, 99.0)
# A value is strange when it lies outside the range by more than half its width, and by more than
# these on the scales below, since few cases do not show all that is usual.
_SLACK = 0.5
_LEAST_SLACK_SHARE, _LEAST_SLACK_SIZE = 1.0, 0.5


@dataclass(frozen=True)
class BoneCalibration:
    """The map of one bone.

    Attributes:
        bias: Of the sum above.
        weights: Of each of `SHARES`, at least 0.
        ranges: 1st and 99th percentile of each of `BONE_FEATURES` in images as they are.
    """

    bias: float
    weights: Mapping[str, float]
    ranges: Mapping[str, Range]


# One limit for both bones, or one for each.
FlagBelow: TypeAlias = float | tuple[float, float]


def limit_of(flag_below: FlagBelow, bone: int) -> float:
    """Gives the predicted Dice under which the first (0) or second (1) bone is flagged."""
    return flag_below[bone] if isinstance(flag_below, tuple) else flag_below


@dataclass(frozen=True)
class Calibration:
    """The maps of both bones, and what was usual.

    Attributes:
        bones: Of the first and of the second bone.
        ranges: As above, of each of `CASE_FEATURES`.
        flag_below: Predicted Dice under which a bone is flagged, one number for both or one each:
            readers agree less on a glenoid than on a humerus.
    """

    bones: tuple[BoneCalibration, BoneCalibration]
    ranges: Mapping[str, Range]
    flag_below: FlagBelow


class Example(NamedTuple):
    """A case with a reference.

    Attributes:
        case: Name; copies of one image share it.
        quality: Its features.
        dice: True Dice of each bone; NaN where neither reference nor prediction holds it.
        degraded: Whether the image was made worse, so that it does not show what is usual.
    """

    case: str
    quality: CaseQuality
    dice: tuple[float, float]
    degraded: bool


class Oddity(NamedTuple):
    """A feature outside of what was usual.

    Attributes:
        bone: 0 or 1, None for the case.
        feature: Name of the feature.
        value: What was found.
        usual: 1st and 99th percentile in calibration.
    """

    bone: int | None
    feature: str
    value: float
    usual: Range


def predicted_dice(bone: BoneQuality, calibration: BoneCalibration) -> float:
    """Predicts a bone's Dice, 0.01 to 0.99; 0 for a bone that was not found."""
    if not bone.found:
        return 0.0
    values = asdict(bone)
    score = calibration.bias + sum(
        weight * _logit(values[name]) for name, weight in calibration.weights.items()
    )
    # Limited first, since the exponential of a large number overflows.
    limit = -_logit(_NEAR)
    return 1.0 / (1.0 + math.exp(-min(max(score, -limit), limit)))


def oddities(quality: CaseQuality, calibration: Calibration) -> list[Oddity]:
    """Lists the features far outside of what calibration saw in images as they are.

    Shares only count when they are low, the gap when it is large, an area either way. A bone that
    was not found has none.
    """
    found = [
        Oddity(k, name, asdict(bone)[name], usual)
        for k, bone in enumerate(quality.bones)
        if bone.found
        for name, usual in calibration.bones[k].ranges.items()
    ]
    if any(bone.found for bone in quality.bones):
        found.append(Oddity(None, UNDISPUTED, quality.undisputed, calibration.ranges[UNDISPUTED]))
    if quality.gap_mm is not None:
        found.append(Oddity(None, GAP, quality.gap_mm, calibration.ranges[GAP]))
    return [oddity for oddity in found if _is_odd(oddity)]


def fit_calibration(examples: Sequence[Example], flag_below: FlagBelow) -> Calibration:
    """Fits the maps and notes what is usual.

    Args:
        examples: Cases with a reference. A bone that was not found, or without a Dice, teaches
            nothing about that bone.
        flag_below: As in `Calibration`.

    Raises:
        ValueError: If a bone was found in fewer than `LEAST_CASES` images as they are.
    """
    usual = [example for example in examples if not example.degraded]
    bones = [_fit_bone(examples, k) for k in range(2)]
    gaps = [example.quality.gap_mm for example in usual if example.quality.gap_mm is not None]
    # Where nothing was found nothing is undisputed; one such image would make anything usual.
    undisputed = [
        example.quality.undisputed
        for example in usual
        if any(bone.found for bone in example.quality.bones)
    ]
    # With both bones in some images but never together, any gap would be new.
    ranges = {
        UNDISPUTED: _range(undisputed),
        GAP: _range(gaps or [0.0]),
    }
    return Calibration((bones[0], bones[1]), ranges, flag_below)


def _fit_bone(examples: Sequence[Example], k: int) -> BoneCalibration:
    known = [
        example
        for example in examples
        if example.quality.bones[k].found and not math.isnan(example.dice[k])
    ]
    usual = [asdict(example.quality.bones[k]) for example in known if not example.degraded]
    if len(usual) < LEAST_CASES:
        msg = (
            f"bone {k + 1} was found in {len(usual)} of the images with a reference, expected at "
            f"least {LEAST_CASES}; give more images"
        )
        raise ValueError(msg)
    shares = [[asdict(example.quality.bones[k])[name] for name in SHARES] for example in known]
    inputs = np.array([[_logit(share) for share in row] for row in shares])
    target = np.array([_logit(example.dice[k]) for example in known])
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0)
    spread[spread == 0.0] = 1.0
    weights = _nonnegative_ridge((inputs - mean) / spread, target - target.mean()) / spread
    return BoneCalibration(
        bias=float(target.mean() - weights @ mean),
        weights=dict(zip(SHARES, weights.tolist(), strict=True)),
        ranges={name: _range([values[name] for values in usual]) for name in BONE_FEATURES},
    )


def _nonnegative_ridge(inputs: FloatArray, target: FloatArray) -> FloatArray:
    # Half a second to import, and no prediction needs it.
    from scipy.optimize import nnls

    size = inputs.shape[1]
    penalty = math.sqrt(_RIDGE) * np.eye(size)
    weights, _ = nnls(np.vstack([inputs, penalty]), np.concatenate([target, np.zeros(size)]))
    return np.asarray(weights, np.float64)


def _range(values: Sequence[float]) -> Range:
    low, high = np.percentile(values, _PERCENTILES)
    return float(low), float(high)


def _is_odd(oddity: Oddity) -> bool:
    value, low, high = (_scaled(oddity.feature, v) for v in (oddity.value, *oddity.usual))
    share = oddity.feature in SHARES
    slack = max(_SLACK * (high - low), _LEAST_SLACK_SHARE if share else _LEAST_SLACK_SIZE)
    too_low = oddity.feature != GAP and value < low - slack
    return too_low or (not share and value > high + slack)


def _scaled(feature: str, value: float) -> float:
    """Logit for a share, logarithm for a size; gaps of less than a millimetre are alike."""
    if feature in SHARES:
        return _logit(value)
    return math.log(value + 1.0) if feature == GAP else math.log(max(value, 1e-9))


def _logit(share: float) -> float:
    inside = min(max(share, _NEAR), 1.0 - _NEAR)
    return math.log(inside / (1.0 - inside))
