from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.evaluation.quality.calibration import (
    SHARES,
    BoneCalibration,
    Calibration,
    Example,
    fit_calibration,
    oddities,
    predicted_dice,
)
from shoulderseg.evaluation.quality.measures import BoneQuality, CaseQuality

shares = st.lists(st.floats(0.0, 1.0), min_size=len(SHARES), max_size=len(SHARES))


def bone(share: float, area_cm2: float = 50.0) -> BoneQuality:
    return BoneQuality(**dict.fromkeys(SHARES, share), area_cm2=area_cm2)


def example(
    share: float, dice: float, *, number: int = 0, degraded: bool = False, gap_mm: float = 3.0
) -> Example:
    quality = CaseQuality((bone(share), bone(share)), share, gap_mm)
    return Example(f"c{number}", quality, (dice, dice), degraded)


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    """Of cases whose Dice is what every share says."""
    plain = [example(s, s, number=n) for n, s in enumerate(np.linspace(0.85, 0.95, 11))]
    worse = [example(s, s, number=n, degraded=True) for n, s in enumerate(np.linspace(0.1, 0.9, 9))]
    return fit_calibration([*plain, *worse], 0.8)


def test_dice_is_recovered(fitted: Calibration) -> None:
    for share in (0.2, 0.5, 0.9):
        assert predicted_dice(bone(share), fitted.bones[0]) == pytest.approx(share, abs=0.02)
    assert fitted.flag_below == 0.8


@given(values=shares, gains=shares)
def test_better_in_every_share_is_never_predicted_worse(
    fitted: Calibration, values: list[float], gains: list[float]
) -> None:
    better = [min(1.0, value + gain) for value, gain in zip(values, gains, strict=True)]
    low, high = (
        predicted_dice(
            BoneQuality(**dict(zip(SHARES, row, strict=True)), area_cm2=50.0), fitted.bones[1]
        )
        for row in (values, better)
    )
    assert 0.0 < low <= high < 1.0


def test_a_feature_that_misleads_gets_no_weight() -> None:
    rng = np.random.default_rng(0)
    examples = []
    for number in range(40):
        dice = rng.uniform(0.2, 0.95)
        features = replace(bone(dice), largest_piece=1.0 - dice)
        quality = CaseQuality((features, features), dice, 3.0)
        examples.append(Example(f"c{number}", quality, (dice, dice), degraded=False))
    weights = fit_calibration(examples, 0.85).bones[0].weights
    assert weights["largest_piece"] == 0.0
    assert weights["agreement"] > 0.0


def test_what_was_not_found_has_dice_0_and_teaches_nothing(fitted: Calibration) -> None:
    assert predicted_dice(BoneQuality(), fitted.bones[0]) == 0.0
    known = [example(s, s, number=n) for n, s in enumerate((0.7, 0.8, 0.9))]
    missing = CaseQuality((BoneQuality(), bone(0.5)), 0.5, None)
    more = [Example("x", missing, (0.0, math.nan), degraded=False)]
    with_more = fit_calibration([*known, *more], 0.85)
    assert with_more.bones == fit_calibration(known, 0.85).bones


def test_too_few_cases() -> None:
    plain = [example(0.9, 0.9, number=n) for n in range(2)]
    worse = [example(0.5, 0.5, number=n, degraded=True) for n in range(9)]
    with pytest.raises(ValueError, match=r"bone 1 was found in 2 of the images .* at least 3"):
        fit_calibration([*plain, *worse], 0.85)


def test_extreme_weights_stay_within_bounds() -> None:
    ranges = dict.fromkeys((*SHARES, "area_cm2"), (0.0, 1.0))
    steep = BoneCalibration(-1e6, dict.fromkeys(SHARES, 0.0), ranges)
    assert predicted_dice(bone(1.0), steep) == pytest.approx(0.01)
    assert predicted_dice(bone(1.0), replace(steep, bias=1e6)) == pytest.approx(0.99)


def odd_names(quality: CaseQuality, calibration: Calibration) -> set[tuple[int | None, str]]:
    return {(oddity.bone, oddity.feature) for oddity in oddities(quality, calibration)}


def test_only_what_is_far_outside_is_odd(fitted: Calibration) -> None:
    usual = CaseQuality((bone(0.9), bone(0.9)), 0.9, 3.0)
    assert odd_names(usual, fitted) == set()
    # Better or nearer than ever seen is no fault.
    assert odd_names(CaseQuality((bone(1.0), bone(1.0)), 1.0, 0.0), fitted) == set()
    strange = CaseQuality((bone(0.9, 500.0), replace(bone(0.9), agreement=0.3)), 0.2, 40.0)
    assert odd_names(strange, fitted) == {
        (0, "area_cm2"),
        (1, "agreement"),
        (None, "undisputed"),
        (None, "gap_mm"),
    }
    assert odd_names(replace(usual, bones=(bone(0.9, 5.0), bone(0.9))), fitted) == {(0, "area_cm2")}


def test_degraded_copies_do_not_tell_what_is_usual(fitted: Calibration) -> None:
    low, high = fitted.bones[0].ranges["agreement"]
    assert (low, high) == pytest.approx((0.851, 0.949))


def test_what_is_missing_is_not_odd_as_well(fitted: Calibration) -> None:
    assert oddities(CaseQuality((BoneQuality(), BoneQuality()), 0.0, None), fitted) == []


def test_an_image_in_which_nothing_was_found_does_not_tell_what_is_usual() -> None:
    plain = [example(s, s, number=n) for n, s in enumerate(np.linspace(0.85, 0.95, 11))]
    missed = CaseQuality((BoneQuality(), BoneQuality()), 0.0, None)
    nothing = Example("none", missed, (0.0, 0.0), degraded=False)

    assert fit_calibration([*plain, nothing], 0.8).ranges == fit_calibration(plain, 0.8).ranges
