"""The signal equations against their limits and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.phantom.scanner.equations import (
    fat_offset_hz,
    inversion_recovery,
    nulling_inversion_ms,
    opposed_te_ms,
    spin_echo,
    spoiled_gradient_echo,
    turbo_spin_echo,
)

TIMES_MS = st.floats(20, 4000)


@given(t1_ms=TIMES_MS, t2_ms=TIMES_MS)
def test_long_repetition_and_no_echo_time_give_the_proton_density(
    t1_ms: float, t2_ms: float
) -> None:
    assert spin_echo(0.8, t1_ms, t2_ms, 1e6, 0) == pytest.approx(0.8)
    assert turbo_spin_echo(0.8, t1_ms, t2_ms, 1e6, 0, 100) == pytest.approx(0.8)
    assert spoiled_gradient_echo(0.8, t1_ms, t2_ms, 1e6, 0, 90) == pytest.approx(0.8)


def test_spin_echo_at_short_echo_time_is_a_saturation_recovery() -> None:
    # TR = T1 ln 2 recovers half.
    assert spin_echo(1, 1000, 50, 1000 * math.log(2), 0) == pytest.approx(0.5)
    # TE = T2 decays to 1/e; the refocusing pulse at TE/2 costs what has recovered until then.
    signal = spin_echo(1, 1000, 100, 1000, 100)
    assert signal == pytest.approx((1 - 2 * math.exp(-0.95) + math.exp(-1)) / math.e)
    assert signal < (1 - math.exp(-1)) / math.e


def test_turbo_spin_echo_recovers_only_after_its_train() -> None:
    signal = turbo_spin_echo(2, 1000, 50, 100 + 1000 * math.log(2), 50 * math.log(4), 100)
    assert signal == pytest.approx(2 * 0.5 * 0.25)


@given(t1_ms=TIMES_MS, tr_ms=st.floats(1000, 8000), train_ms=st.floats(0, 200))
def test_an_inversion_is_nulled_once(t1_ms: float, tr_ms: float, train_ms: float) -> None:
    null_ms = nulling_inversion_ms(t1_ms, tr_ms, train_ms)
    early, nulled, late = (
        float(inversion_recovery(1, t1_ms, 50, tr_ms, 0, factor * null_ms, train_ms))
        for factor in (0.9, 1, 1.1)
    )
    assert early < 0 < late
    assert nulled == pytest.approx(0, abs=1e-12)
    assert null_ms < t1_ms * math.log(2) + 1e-9


def test_inversion_recovery_at_its_limits() -> None:
    # A long repetition time: half of the magnetisation's way up is its null.
    assert nulling_inversion_ms(250, 1e6, 0) == pytest.approx(250 * math.log(2))
    # Right after the inversion all that had recovered counts negative.
    signal = inversion_recovery(1, 1000, 50, 1000 * math.log(4) + 100, 0, 0, 100)
    assert signal == pytest.approx(-0.75)
    # TI = T1 ln 4 leaves 1 - 2/4; TE = T2 ln 2 halves it.
    late = inversion_recovery(1, 500, 40, 1e6, 40 * math.log(2), 500 * math.log(4), 80)
    assert late == pytest.approx(0.25)


@given(t1_ms=st.floats(100, 4000), tr_ms=st.floats(3, 1000))
def test_gradient_echo_is_strongest_at_the_ernst_angle(t1_ms: float, tr_ms: float) -> None:
    ernst_deg = math.degrees(math.acos(math.exp(-tr_ms / t1_ms)))
    angles = np.array([0.9 * ernst_deg, ernst_deg, min(1.1 * ernst_deg, 180)])
    low, best, high = (
        float(spoiled_gradient_echo(1, t1_ms, 30, tr_ms, 0, angle)) for angle in angles
    )
    assert low < best > high


def test_gradient_echo_at_90_degrees_decays_with_t2star() -> None:
    signal = spoiled_gradient_echo(1, 500, 20, 500 * math.log(2), 20 * math.log(2), 90)
    assert signal == pytest.approx(0.25)


def test_equations_broadcast_over_materials() -> None:
    many = spin_echo(np.array([1.0, 0.5]), np.array([500.0, 900.0]), 40.0, 600, 10)
    assert many.shape == (2,)
    assert many[1] == pytest.approx(float(spin_echo(0.5, 900, 40, 600, 10)))


def test_fat_precesses_3_5_ppm_slower() -> None:
    assert fat_offset_hz(1.5) == pytest.approx(223.5, abs=0.1)
    assert fat_offset_hz(3) == pytest.approx(447.1, abs=0.1)
    assert opposed_te_ms(1.5) == pytest.approx(2.237, abs=1e-3)
