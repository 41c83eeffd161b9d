"""Which edge rule the cross-validation favours, and whether any beats the vote."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.refiner.cases import BAND_SLACK, REGION_PIXELS

if TYPE_CHECKING:
    from shoulderseg.refine.edges import EdgeRule, Opinions, Voted

BANDS_IN_PIXELS = (1 * BAND_SLACK, 2 * BAND_SLACK, REGION_PIXELS)
TRUSTS = (0.25, 0.5, 0.75, 1.0)


class RuleChoice(NamedTuple):
    """What came out of the cross-validation.

    Attributes:
        rule: The rule with the best mean Dice.
        helps: Whether choosing a rule this way beats the vote: the lower 95 % bound of `gain`
            (one-sided, Student's t) is above 0.
        vote_dice: Mean Dice of the vote, over patients; a patient has the mean of all images and
            bones.
        gain: Mean gain in Dice over patients, each by the rule that the others would choose, so
            that nobody chooses the rule they are scored with; NaN for fewer than two patients.
        standard_error: Of that gain; NaN for fewer than two patients.
        table: Mean gain of each rule over all patients.
        patients: How many there are; None if nobody told, and each case counts as one.
    """

    rule: EdgeRule
    helps: bool
    vote_dice: float
    gain: float
    standard_error: float
    table: list[tuple[EdgeRule, float]]
    patients: int | None


def rule_grid(pixel_mm: float) -> list[EdgeRule]:
    """Returns the rules that are tried.

    Bands of one, two and three pixels; a trust in the classifier of 1/4, 1/2, 3/4 and 1, which
    replaces the vote; the whole band or its uncertain voxels only.

    Args:
        pixel_mm: The classifier's pixel size.
    """
    from shoulderseg.refine.edges import EdgeRule

    return [
        EdgeRule(pixels * pixel_mm, trust, uncertain_only)
        for pixels in BANDS_IN_PIXELS
        for trust in TRUSTS
        for uncertain_only in (False, True)
    ]


def rule_dice(
    voted: Voted,
    opinions: Opinions,
    reference: npt.NDArray[np.uint8],
    spacing_mm: tuple[float, float, float],
    rules: Sequence[EdgeRule],
) -> npt.NDArray[np.float64]:
    """Computes the mean Dice of one case under the vote and under each rule.

    Args:
        voted: The vote.
        opinions: For at least the widest band of the rules.
        reference: uint8 (Z, Y, X).
        spacing_mm: Voxel size in array order.
        rules: What to try.

    Returns:
        float64 (1 + rules,), the vote first; the mean over the bones that reference or vote hold.
    """
    from shoulderseg.refine.edges import decide_edges

    label_maps = [voted.label_map]
    label_maps += [decide_edges(voted, opinions, spacing_mm, rule).label_map for rule in rules]
    return np.array([_mean_dice(label_map, reference) for label_map in label_maps])


def choose_rule(
    rules: Sequence[EdgeRule],
    dice: npt.NDArray[np.float64],
    patients: Sequence[str] | None = None,
) -> RuleChoice:
    """Picks the rule with the best mean Dice over patients, and tests whether such a choice helps.

    Images of one patient are alike: taken one by one they would make a chance gain look sure.

    Args:
        rules: R rules.
        dice: float64 (cases, 1 + R), from `rule_dice`; at least one case.
        patients: Of each case; None if nobody knows, and each counts as one.

    Raises:
        ValueError: If there is no case.
    """
    from scipy.special import stdtrit

    if not len(dice):
        msg = "found no held-out case with out-of-fold votes, expected at least one"
        raise ValueError(msg)
    by_patient = dice
    if patients is not None:
        names = np.array(patients)
        by_patient = np.stack([dice[names == name].mean(axis=0) for name in np.unique(names)])
    gains = by_patient[:, 1:] - by_patient[:, :1]
    mean = gains.mean(axis=0)
    gain, error, bound = math.nan, math.nan, math.nan
    if len(gains) > 1:
        of_others = (gains.sum(axis=0) - gains) / (len(gains) - 1)
        nested = gains[np.arange(len(gains)), of_others.argmax(axis=1)]
        gain, error = float(nested.mean()), float(nested.std(ddof=1) / math.sqrt(len(nested)))
        bound = gain - float(stdtrit(len(nested) - 1, 0.95)) * error
    return RuleChoice(
        rule=rules[int(mean.argmax())],
        helps=bound > 0.0,
        vote_dice=float(by_patient[:, 0].mean()),
        gain=gain,
        standard_error=error,
        table=list(zip(rules, mean.tolist(), strict=True)),
        patients=None if patients is None else len(by_patient),
    )


def describe_choice(choice: RuleChoice, cases: int) -> dict[str, Any]:
    """Returns the choice as plain values for a JSON file."""
    return {
        "cases": cases,
        "patients": choice.patients,
        "vote_dice": round(choice.vote_dice, 6),
        "gain": _or_none(choice.gain),
        "standard_error": _or_none(choice.standard_error),
        "rules": [{**vars(rule), "gain": round(gain, 6)} for rule, gain in choice.table],
    }


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _mean_dice(label_map: npt.NDArray[np.uint8], reference: npt.NDArray[np.uint8]) -> float:
    from shoulderseg.evaluation.overlap import count_voxels, dice

    labels = sorted({int(v) for v in np.unique(reference)} | {int(v) for v in np.unique(label_map)})
    found = [
        dice(count_voxels(label_map == label, reference == label)) for label in labels if label > 0
    ]
    return float(np.mean(found)) if found else 1.0
