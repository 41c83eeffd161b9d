"""Grey values of images with random contrast."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.phantom.scanner.random_contrast import random_reference, random_signals
from shoulderseg.datasets.phantom.structures import COMPOSITION, Structure

SEEDS = st.integers(0, 2**32 - 1)


@given(seed=SEEDS)
def test_random_signals_are_water_between_0_and_1_with_a_texture_near_its_structure(
    seed: int,
) -> None:
    table = random_signals(np.random.default_rng(seed))
    rows = table[list(COMPOSITION)]
    assert table.dtype == np.float32
    assert np.isnan(np.delete(table, list(COMPOSITION), axis=0)).all()
    assert (rows[..., 1] == 0).all()
    assert rows.min() >= 0
    assert rows.max() <= 1
    assert np.abs(rows[:, 1, 0] - rows[:, 0, 0]).max() < 0.7
    same = [first == second for first, second in COMPOSITION.values()]
    np.testing.assert_array_equal(rows[same, 0], rows[same, 1])
    np.testing.assert_array_equal(table, random_signals(np.random.default_rng(seed)))


def test_air_and_bone_are_mostly_but_not_always_dark() -> None:
    rng = np.random.default_rng(0)
    tables = np.stack([random_signals(rng)[:, 0, 0] for _ in range(400)])
    assert 0.75 < (tables[:, Structure.AIR] <= 0.08).mean() < 0.95
    assert 0.7 < (tables[:, Structure.HUMERUS_CORTEX] <= 0.08).mean() < 0.95
    muscle = tables[:, Structure.SUPRASPINATUS]
    assert 0.4 < muscle.mean() < 0.6
    assert muscle.std() > 0.18
    # Muscles differ, yet are more alike than muscle and marrow.
    kin = np.corrcoef(muscle, tables[:, Structure.DELTOID])[0, 1]
    assert 0.2 < kin < 0.9
    assert abs(np.corrcoef(muscle, tables[:, Structure.HUMERUS_MARROW])[0, 1]) < kin


@given(seed=SEEDS)
def test_noise_of_random_contrast_is_not_measured_against_what_is_dark(seed: int) -> None:
    signals = random_signals(np.random.default_rng(seed))
    levels = signals[[int(part) for part in COMPOSITION], 0, 0]
    assert 0.08 < random_reference(signals) <= levels.max()
    assert random_reference(signals) >= np.median(levels)
