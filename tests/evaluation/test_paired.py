from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.evaluation.paired import Paired, compare_paired

if TYPE_CHECKING:
    from collections.abc import Sequence

# Eighths, which floats hold exactly: a sum with one of them brings no rounding.
_EIGHTHS = st.integers(-800, 800).map(lambda eighths: eighths / 8)
# So few values that ties and zeros are common.
_FEW = st.integers(-3, 3).map(float)
_PAIR = st.tuples(_EIGHTHS, _EIGHTHS)
# The exact test and the approximation; with ties the former gets slow towards 13 pairs.
_PAIRS = st.lists(_PAIR, min_size=2, max_size=8) | st.lists(_PAIR, min_size=14, max_size=24)
_QUICK = settings(max_examples=60)


def _compare(before: Sequence[float], after: Sequence[float], seed: int = 0) -> Paired:
    return compare_paired(before, after, np.random.default_rng(seed), resamples=200)


def _from_zero(differences: Sequence[float]) -> Paired:
    return _compare([0.0] * len(differences), differences)


def _columns(pairs: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def test_four_that_rise_and_one_that_falls() -> None:
    # Ranks 1 to 5; the fall has rank 2: R+ = 13, R- = 2. Of the 32 choices of signs, 3 give an
    # R- of at most 2 (nothing, the 1, the 2), and as many an R+ of at most 2.
    result = _compare([10, 20, 30, 40, 50], [11, 18, 33, 44, 55])
    assert result.n == 5
    assert result.mean_before == pytest.approx(30)
    assert result.mean_after == pytest.approx(161 / 5)
    assert result.mean_difference == pytest.approx(11 / 5)
    assert result.p_value == pytest.approx(6 / 32)
    assert result.effect_size == pytest.approx(11 / 15)


def test_all_that_rise_or_fall_reach_the_ends_of_the_scale() -> None:
    # Only one of the 2**6 choices of signs is as extreme, and its mirror image.
    rising = _from_zero([1, 2, 3, 4, 5, 6])
    assert (rising.effect_size, rising.p_value) == pytest.approx((1, 2 / 64))
    falling = _from_zero([-1, -2, -3, -4, -5, -6])
    assert (falling.effect_size, falling.p_value) == pytest.approx((-1, 2 / 64))


def test_ties_share_their_mean_rank() -> None:
    # Sizes 1, 1, 2 have ranks 1.5, 1.5, 3: R+ = 4.5, R- = 1.5. R- is 0, 1.5, 1.5, 3, 3, 4.5, 4.5
    # or 6 over the 8 choices of signs: 3 are at most 1.5 and 3 at least 4.5.
    result = _from_zero([1, -1, 2])
    assert result.effect_size == pytest.approx(3 / 6)
    assert result.p_value == pytest.approx(6 / 8)


def test_many_differences_with_ties_take_the_normal_approximation() -> None:
    # 16 rises and 4 falls of one size: all ranks 10.5, so R- = 42 with mean 105 and variance
    # 20 x 10.5**2 / 4; the two-sided p of z = -63 / sqrt(551.25) is erfc(|z| / sqrt(2)).
    result = _from_zero([1] * 16 + [-1] * 4)
    assert result.effect_size == pytest.approx(12 / 20)
    assert result.p_value == pytest.approx(math.erfc(63 / math.sqrt(551.25) / math.sqrt(2)))


def test_pairs_without_a_difference_count_in_the_means_alone() -> None:
    with_zeros = _from_zero([1, 0, -2, 0, 3, 0, 4, 5])
    without = _from_zero([1, -2, 3, 4, 5])
    assert with_zeros.p_value == without.p_value == pytest.approx(6 / 32)
    assert with_zeros.effect_size == without.effect_size == pytest.approx(11 / 15)
    assert (with_zeros.n, without.n) == (8, 5)
    assert with_zeros.mean_difference == pytest.approx(11 / 8)


@pytest.mark.parametrize("value", [0.0, 0.7])
def test_nothing_differs(value: float) -> None:
    result = _compare([value] * 4, [value] * 4)
    assert result[:4] == pytest.approx((4, value, value, 0))
    assert result[4:] == ((0, 0), 1, 0)


def test_rounding_neither_breaks_ties_nor_makes_differences() -> None:
    # 0.3 - 0.2 is below 0.2 - 0.1 in floats, and 0.1 + 0.2 above 0.3: one fall, one rise, no more.
    result = _compare([0.1, 0.3, 0.1 + 0.2], [0.2, 0.2, 0.3])
    assert result.effect_size == 0.0
    assert result.p_value == 1.0
    assert _compare([0.1 + 0.2] * 3, [0.3] * 3).effect_size == 0.0


def test_a_structure_absent_in_either_drops_the_pair() -> None:
    nan = math.nan
    result = _compare([10, nan, 20, 30, 7, 40, 50], [11, 99, 18, 33, nan, 44, 55])
    assert result == _compare([10, 20, 30, 40, 50], [11, 18, 33, 44, 55])
    assert result.n == 5


@pytest.mark.parametrize("values", [[], [math.nan, math.nan]])
def test_no_pair_left(values: list[float]) -> None:
    n, *means, interval, p_value, effect_size = _compare(values, [1.0] * len(values))
    assert n == 0
    assert all(math.isnan(figure) for figure in (*means, *interval, p_value, effect_size))


def test_one_pair_has_no_interval() -> None:
    result = _compare([1.0], [3.0])
    assert result[:4] == (1, 1.0, 3.0, 2.0)
    assert all(math.isnan(end) for end in result.interval)
    assert (result.p_value, result.effect_size) == (1.0, 1.0)


def test_interval_of_few_pairs_is_that_of_student() -> None:
    # Differences 0 and 4: mean 2, standard error 2; with one degree of freedom t is Cauchy's law,
    # whose 75 % point is 1 and whose 97.5 % point is 12.7062.
    rng = np.random.default_rng(0)
    half = compare_paired([0, 0], [0, 4], rng, confidence=0.5).interval
    assert half == pytest.approx((0.0, 4.0))
    wide = compare_paired([0, 0], [0, 4], rng).interval
    assert wide == pytest.approx((2 - 2 * 12.7062, 2 + 2 * 12.7062), abs=1e-3)


def test_an_interval_of_three_pairs_misses_as_seldom_as_it_says() -> None:
    # Resampling three values would miss the true mean, 0, in a quarter of the trials.
    trials = np.random.default_rng(7).normal(size=(2000, 3))
    ends = np.array([_from_zero(trial).interval for trial in trials.tolist()])
    missed = np.mean((ends[:, 0] > 0) | (ends[:, 1] < 0))
    assert missed == pytest.approx(0.05, abs=0.015)


def test_interval_is_close_to_that_of_the_normal_law() -> None:
    # 200 differences, half 0 and half 2: mean 1, its standard error 1 / sqrt(200).
    result = compare_paired([0] * 200, [0, 2] * 100, np.random.default_rng(1), confidence=0.95)
    reach = 1.96 / math.sqrt(200)
    assert result.interval == pytest.approx((1 - reach, 1 + reach), abs=0.015)


def test_same_generator_same_interval() -> None:
    pairs = [0.0] * 24, [0.1, 0.3, -0.2, 0.8, 0.05, 0.4] * 4
    assert _compare(*pairs, seed=3) == _compare(*pairs, seed=3)
    assert _compare(*pairs, seed=3).interval != _compare(*pairs, seed=4).interval


@_QUICK
@given(pairs=_PAIRS)
def test_swapping_the_methods_flips_the_signs_and_keeps_p(pairs: list[tuple[float, float]]) -> None:
    before, after = _columns(pairs)
    there, back = _compare(before, after), _compare(after, before)
    assert back.mean_difference == pytest.approx(-there.mean_difference)
    assert back.effect_size == pytest.approx(-there.effect_size)
    assert back.p_value == pytest.approx(there.p_value)
    assert back.interval == pytest.approx((-there.interval[1], -there.interval[0]))
    assert (back.mean_before, back.mean_after) == (there.mean_after, there.mean_before)


@_QUICK
@given(pairs=_PAIRS, shift=_EIGHTHS)
def test_shifting_both_methods_changes_the_means_alone(
    pairs: list[tuple[float, float]], shift: float
) -> None:
    before, after = _columns(pairs)
    there = _compare(before, after)
    shifted = _compare([value + shift for value in before], [value + shift for value in after])
    assert shifted.mean_before == pytest.approx(there.mean_before + shift)
    assert shifted.mean_after == pytest.approx(there.mean_after + shift)
    assert (shifted.n, *shifted[3:]) == (there.n, *there[3:])


@_QUICK
@given(pairs=_PAIRS, data=st.data())
def test_order_of_the_patients_is_only_noise(
    pairs: list[tuple[float, float]], data: st.DataObject
) -> None:
    there = _compare(*_columns(pairs))
    moved = _compare(*_columns(data.draw(st.permutations(pairs))))
    for name in ("n", "mean_before", "mean_after", "mean_difference", "p_value", "effect_size"):
        assert getattr(moved, name) == pytest.approx(getattr(there, name)), name


def test_order_moves_the_interval_by_the_noise_alone() -> None:
    after = np.random.default_rng(5).normal(0.1, 1.0, 40).tolist()
    there = compare_paired([0.0] * 40, after, np.random.default_rng(0)).interval
    moved = compare_paired([0.0] * 40, after[::-1], np.random.default_rng(0)).interval
    assert moved != there
    assert moved == pytest.approx(there, abs=0.05 * (there[1] - there[0]))


@_QUICK
@given(pairs=_PAIRS)
def test_figures_stay_within_their_bounds(pairs: list[tuple[float, float]]) -> None:
    before, after = _columns(pairs)
    result = _compare(before, after)
    differences = np.subtract(after, before)
    assert 0 < result.p_value <= 1
    assert -1 <= result.effect_size <= 1
    low, high = result.interval
    # A difference that all pairs share comes back with rounding.
    assert low - 1e-9 <= result.mean_difference <= high + 1e-9
    if len(pairs) >= 20:
        assert differences.min() <= low <= high <= differences.max()


@_QUICK
@given(pairs=st.lists(st.tuples(_FEW, _FEW), min_size=1, max_size=8))
def test_small_samples_equal_plain_loops_over_all_signs(pairs: list[tuple[float, float]]) -> None:
    differences = [after - before for before, after in pairs if before != after]
    sizes = [abs(value) for value in differences]
    # A size outranks the smaller ones and half of its equals.
    ranks = [sum((b < a) + (b == a) / 2 for b in sizes) + 0.5 for a in sizes]

    def balance(signs: tuple[int, ...]) -> float:
        return sum(sign * rank for sign, rank in zip(signs, ranks, strict=True))

    found = balance(tuple(1 if value > 0 else -1 for value in differences))
    balances = [balance(signs) for signs in itertools.product((-1, 1), repeat=len(ranks))]
    as_extreme = sum(abs(value) >= abs(found) for value in balances)
    result = _compare(*_columns(pairs))
    assert result.p_value == pytest.approx(as_extreme / len(balances))
    assert result.effect_size == pytest.approx(found / sum(ranks) if ranks else 0.0)


def test_unequal_lengths_say_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"before holds 3 values and after 1.*same patients"):
        _compare([1, 2, 3], [1])


def test_infinite_values_are_named() -> None:
    with pytest.raises(ValueError, match="after holds inf at place 1, expected finite"):
        _compare([1, 2], [1, math.inf])


@pytest.mark.parametrize(
    ("resamples", "confidence", "reason"),
    [(0, 0.95, "resamples is 0"), (10, 0, "confidence"), (10, 1, "confidence"), (10, 95, "conf")],
)
def test_unusable_bootstrap(resamples: int, confidence: float, reason: str) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=reason):
        compare_paired([1, 2], [2, 4], rng, resamples=resamples, confidence=confidence)
