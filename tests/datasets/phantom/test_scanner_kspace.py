"""Factors of k-space, each against what it does to a simple image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from shoulderseg.datasets.phantom.scanner.kspace import (
    acquired_window,
    close_seam,
    fat_shift_voxels,
    motion_modulation,
    seamed_length,
    shift_ramp,
    train_decay,
)
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol


@given(count=st.integers(8, 200), fraction=st.floats(0.2, 1))
def test_window_keeps_the_stated_number_of_samples(count: int, fraction: float) -> None:
    window = np.fft.fftshift(acquired_window(count, fraction))
    kept = np.flatnonzero(window)
    assert len(kept) == max(1, round(fraction * count))
    assert set(window.tolist()) <= {0.0, 1.0}
    # Zero frequency, at count // 2 after the shift, has as many samples to either side.
    assert abs((kept[0] + kept[-1]) / 2 - count // 2) <= 0.5


def test_taper_is_a_tukey_window() -> None:
    window = np.fft.fftshift(acquired_window(101, 0.8, 0.5))
    assert (window[:10] == 0).all()
    assert window[50] == 1
    # The outer half of the acquired half width of 40.5: its middle is at one half.
    assert window[50 + 20] == 1
    assert np.interp(50 + 0.75 * 40.5, np.arange(101), window) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(("fraction", "taper"), [(0, 0), (1.1, 0), (0.5, -0.1), (0.5, 1.1)])
def test_window_refuses_impossible_shares(fraction: float, taper: float) -> None:
    with pytest.raises(ValueError, match="acquired share"):
        acquired_window(10, fraction, taper)


@given(count=st.integers(9, 60), voxels=st.integers(-8, 8))
def test_ramp_moves_whole_voxels_exactly(count: int, voxels: int) -> None:
    line = np.random.default_rng(count).uniform(size=count)
    moved = np.fft.ifft(np.fft.fft(line) * shift_ramp(count, voxels))
    np.testing.assert_allclose(moved, np.roll(line, voxels), atol=1e-5)


def test_fat_shift_is_the_textbook_number() -> None:
    protocol = replace(
        sample_protocol("t1-se", "axial", np.random.default_rng(0), field_t=1.5),
        bandwidth_hz=111.765,
        acquired_fraction=(1.0, 0.8),
        phase_axis=1,
        readout_reversed=False,
    )
    # 223.5 Hz at 111.8 Hz a pixel are 2 acquired, 2.5 reconstructed pixels along X.
    assert fat_shift_voxels(protocol) == pytest.approx(-2.5, abs=1e-3)
    assert fat_shift_voxels(replace(protocol, field_t=3.0)) == pytest.approx(-5, abs=1e-3)
    along_y = replace(protocol, phase_axis=2)
    assert fat_shift_voxels(along_y) == pytest.approx(-2, abs=1e-3)
    reversed_readout = replace(protocol, readout_reversed=True)
    assert fat_shift_voxels(reversed_readout) == pytest.approx(2.5, abs=1e-3)
    assert fat_shift_voxels(replace(protocol, sequence="dixon-fat")) == 0


def test_train_decays_from_the_effective_to_the_last_echo() -> None:
    protocol = replace(
        sample_protocol("pd-tse", "axial", np.random.default_rng(0)),
        te_ms=30,
        echo_spacing_ms=10,
        echo_train=8,
    )
    decay = train_decay(100, 0.5, protocol, 50.0)
    assert decay[0] == 1
    # Edge of the acquired half: 50 ms after the effective echo.
    assert decay[25] == pytest.approx(np.exp(-1))
    assert decay[12] == pytest.approx(np.exp(-0.48))
    np.testing.assert_array_equal(decay[1:], decay[:0:-1])
    np.testing.assert_array_equal(train_decay(9, 1, replace(protocol, echo_train=3), 50.0), 1)


@given(amplitude=st.floats(0, 0.2), lines=st.integers(5, 40))
def test_motion_makes_ghosts_of_bessel_size(amplitude: float, lines: int) -> None:
    count = 100
    line = np.zeros(count)
    line[50] = 1
    factors = motion_modulation(count, amplitude, lines / count, 0.3)
    ghosts = np.abs(np.fft.ifft(np.fft.fft(line) * factors))
    assert ghosts[50] == pytest.approx(special.jv(0, 2 * amplitude), abs=1e-4)
    if lines not in (20, 25, 33, 34, 40):  # There a ghost of higher order falls on the first.
        for place in (50 - lines, 50 + lines):
            assert ghosts[place] == pytest.approx(special.jv(1, 2 * amplitude), abs=1e-3)


@pytest.mark.parametrize("axis", [0, 1])
def test_seam_leads_from_the_end_to_the_start(axis: int) -> None:
    plane = np.random.default_rng(0).uniform(size=(20, 33)).astype(np.float32)
    closed = close_seam(plane, axis)
    assert closed.dtype == np.float32
    assert closed.shape[axis] == seamed_length(plane.shape[axis]) >= plane.shape[axis] + 12
    assert closed.shape[1 - axis] == plane.shape[1 - axis]
    np.testing.assert_array_equal(closed[: plane.shape[0], : plane.shape[1]], plane)
    around = np.roll(closed, 1, axis)
    steps = np.abs(
        np.take(closed - around, [*range(plane.shape[axis], closed.shape[axis]), 0], axis)
    )
    assert steps.max() <= 1 / 12
