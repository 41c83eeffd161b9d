"""A scan from rendered signals to the magnitude image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.phantom.scanner.protocol import SEQUENCES
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol
from shoulderseg.datasets.phantom.scanner.wrap import rendered_grid
from tests.datasets.phantom.perfect_scan import GRID, SHAPE, noise, perfect, scan

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.scanner.protocol import Sequence

    FloatImage = npt.NDArray[np.float32]


@pytest.mark.parametrize("phase_axis", [1, 2])
@pytest.mark.parametrize("sequence", ["t1-se", "pd-tse", "dixon-in", "dixon-water", "dixon-fat"])
def test_perfect_scan_is_the_sum_of_water_and_fat(sequence: Sequence, phase_axis: int) -> None:
    water, fat = noise(SHAPE, 1), noise(SHAPE, 2)
    image = scan(water, fat, perfect(sequence, phase_axis=phase_axis))
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, water + fat, atol=1e-4)


def test_opposed_fat_cancels_water_and_gradient_echo_fat_follows_its_phase() -> None:
    water, fat = noise(SHAPE, 1), noise(SHAPE, 2)
    image = scan(water, fat, perfect("dixon-out"))
    np.testing.assert_allclose(image, np.abs(water - fat), atol=1e-4)
    # A quarter turn at a quarter of 1 / 223.5 Hz.
    quarter = scan(water, fat, perfect("gre", te_ms=1.11846))
    np.testing.assert_allclose(quarter, np.hypot(water, fat), atol=1e-4)


@pytest.mark.parametrize("sequence", ["pd-fs", "t2-fs"])
def test_perfect_fat_saturation_leaves_water_only(sequence: Sequence) -> None:
    water, fat = noise(SHAPE, 1), noise(SHAPE, 2)
    np.testing.assert_allclose(scan(water, fat, perfect(sequence)), water, atol=1e-4)


def test_without_wrap_nothing_is_added_to_the_grid() -> None:
    assert rendered_grid(GRID, perfect("t1-se")) == GRID


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_same_seed_same_bytes_on_any_number_of_threads(sequence: Sequence) -> None:
    rng = np.random.default_rng(5)
    protocol = replace(
        sample_protocol(sequence, "sagittal", rng, shape=(5, 40, 27)),
        wrap_fraction=0.1,
        phase_axis=2,
    )
    shape = rendered_grid(replace(GRID, shape=protocol.shape), protocol).shape
    water, fat = noise(shape, 1), noise(shape, 2)
    one = scan(water, fat, protocol, seed=7)
    assert one.shape == (5, 40, 27)
    assert np.isfinite(one).all()
    assert one.tobytes() == scan(water, fat, protocol, seed=7, workers=3).tobytes()
    assert one.tobytes() != scan(water, fat, protocol, seed=8).tobytes()


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40)),
    sequence=st.sampled_from(SEQUENCES),
    phase_axis=st.sampled_from([1, 2]),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_shape_gives_finite_magnitudes(
    shape: tuple[int, int, int], sequence: Sequence, phase_axis: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    protocol = replace(sample_protocol(sequence, "axial", rng, shape=shape), phase_axis=phase_axis)
    wide = rendered_grid(replace(GRID, shape=shape), protocol).shape
    image = scan(noise(wide, 1), noise(wide, 2), protocol, gain=None)
    assert image.shape == shape
    assert np.isfinite(image).all()
    assert image.min() >= 0


def test_bright_parts_reach_the_full_scale() -> None:
    protocol = perfect("t1-se", snr=30.0)
    image = scan(noise(SHAPE), noise(SHAPE, 1), protocol, gain=None)
    assert np.percentile(image, 99.5) == pytest.approx(1000, rel=1e-4)
    empty = np.zeros(SHAPE, dtype=np.float32)
    assert not scan(empty, empty, perfect("t1-se"), gain=None).any()


def test_wrong_input_is_refused() -> None:
    water = noise(SHAPE)
    with pytest.raises(ValueError, match=r"fat signal has the shape \(1, 48, 36\)"):
        scan(water, water[:1], perfect("t1-se"))
    with pytest.raises(ValueError, match="rendered_grid"):
        scan(water, water, perfect("t1-se", wrap_fraction=0.1))
    broken = water.copy()
    broken[0, 3, 3] = np.nan
    with pytest.raises(ValueError, match="water signal holds values that are not finite"):
        scan(broken, water, perfect("t1-se"))
    for changes, message in (
        ({"snr": 0.0}, "SNR must be above 0"),
        ({"phase_axis": 0}, "phase axis must be"),
        ({"wrap_fraction": 1.5}, "wrap must lie"),
        ({"acquired_fraction": (0.0, 1.0)}, "acquired share"),
    ):
        with pytest.raises(ValueError, match=message):
            scan(water, water, perfect("t1-se", **changes))
