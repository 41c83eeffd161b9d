"""What kind each case of a set is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shoulderseg.datasets.phantom.presets import PAPER, PhantomSet, case_options
from shoulderseg.datasets.phantom.scanner.protocol import PLANES, SEQUENCES
from tests.datasets.phantom.three_cases import TINY


def test_a_share_of_the_cases_has_random_contrast_whatever_their_number() -> None:
    some = PhantomSet(TINY, cases=400, random_contrast_share=0.25)
    drawn = [case_options(some, number).random_contrast for number in range(1, 401)]
    assert 0.18 < np.mean(drawn) < 0.32
    fewer = replace(some, cases=50)
    assert [case_options(fewer, number).random_contrast for number in range(1, 51)] == drawn[:50]
    none, every = replace(some, random_contrast_share=0.0), replace(some, random_contrast_share=1.0)
    assert not any(case_options(none, number).random_contrast for number in range(1, 51))
    assert all(case_options(every, number).random_contrast for number in range(1, 51))


def test_shares_of_the_cases_raise_the_arm_or_have_coarse_pixels() -> None:
    some = PhantomSet(
        TINY, cases=400, random_contrast_share=0.5, raised_share=0.2, coarse_share=0.3
    )
    drawn = [case_options(some, number) for number in range(1, 401)]
    raised = np.array([options.raised for options in drawn])
    times = np.array([options.coarsened for options in drawn])
    assert 0.14 < raised.mean() < 0.26
    assert 0.23 < (times > 1).mean() < 0.37
    # As many of one to two times as of two to four, and neither has to do with the other.
    assert 0.35 < (times[times > 1] < 2).mean() < 0.65
    assert times.max() < 4
    assert 0.18 < (times[raised] > 1).mean() < 0.42
    plain = [case_options(replace(some, raised_share=0.0), number) for number in range(1, 401)]
    assert [options.coarsened for options in plain] == list(times)
    assert [options.random_contrast for options in plain] == [
        options.random_contrast for options in drawn
    ]
    always = replace(some, options=replace(TINY, raised=True, coarsened=3.0), coarse_share=0.0)
    assert all(case_options(always, number).raised for number in range(1, 41))
    assert {case_options(always, number).coarsened for number in range(1, 41)} == {3.0}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"cases": 0}, "cases is 0"),
        ({"cases": 10000}, "cases is 10000"),
        ({"cases": 2, "test_cases": 2}, "test_cases is 2 of 2"),
        ({"test_cases": -1}, "test_cases is -1"),
        ({"seed": -1}, "seed is -1"),
        ({"random_contrast_share": 1.5}, "random_contrast_share is 1.5"),
        ({"raised_share": -0.5}, "raised_share is -0.5"),
        ({"coarse_share": 2.0}, "coarse_share is 2.0"),
        ({"partial_volumes_mm": 0.1}, "partial_volumes_mm is 0.1"),
        ({"sequences": ("gre", "flair")}, "sequence is 'flair'"),
        ({"planes": ("axial", "oblique")}, "plane is 'oblique'"),
    ],
)
def test_impossible_sets(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        PhantomSet(**change)


def test_all_pairs_of_sequence_and_plane_get_their_turn() -> None:
    everything = PhantomSet(sequences=SEQUENCES, planes=PLANES)
    count = len(SEQUENCES) * len(PLANES)
    rounds = [case_options(everything, number) for number in range(1, 2 * count + 1)]
    pairs = [(options.sequence, options.plane) for options in rounds]
    assert len(set(pairs[:count])) == count
    assert pairs[:count] == pairs[count:]


def test_the_paper_has_eight_patients() -> None:
    assert (PAPER.cases, PAPER.test_cases) == (8, 3)
    assert PAPER.options.shape == (100, 384, 384)
