"""The vote rules, exhaustively against a plain-Python oracle."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations, product
from random import Random
from typing import Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shoulderseg.refine.voting import Rule, fuse

ITK: Any = SimpleITK
LEVELS = [Fraction(n, 16) for n in (2, 7, 8, 9, 14)]
Floats = NDArray[np.floating[Any]]


def volume(values: Sequence[float]) -> NDArray[np.float32]:
    return np.array(values, np.float32).reshape(1, 1, -1)


def oracle(rule: str, bones: Sequence[Sequence[Fraction]]) -> int:
    """Label of one voxel, straight from the written rules."""
    claims = []
    for k, bone in enumerate(bones):
        yes = len([p for p in bone if p > Fraction(1, 2)])
        no = len(bone) - yes
        mean = sum(bone, Fraction(0)) / len(bone)
        by_mean = rule == "mean" or yes == no
        if mean > Fraction(1, 2) if by_mean else yes > no:
            claims.append((-mean, k))
    return min(claims)[1] + 1 if claims else 0


@pytest.mark.parametrize("rule", ["majority", "mean"])
@pytest.mark.parametrize("counts", [(2, 2), (3, 3), (3, 2), (2, 3), (1, 2)])
def test_every_vote_pattern_and_ordering(rule: Rule, counts: tuple[int, int]) -> None:
    # Exactly one half matters for ties; six voters leave it out to stay quick.
    levels = LEVELS if sum(counts) < 6 else [*LEVELS[:2], *LEVELS[3:]]
    table = list(product(levels, repeat=sum(counts)))
    columns = [volume([float(p) for p in column]) for column in zip(*table, strict=True)]
    fusion = fuse([columns[: counts[0]], columns[counts[0] :]], rule)
    split = [(row[: counts[0]], row[counts[0] :]) for row in table]
    assert fusion.label_map.ravel().tolist() == [oracle(rule, bones) for bones in split]
    half = Fraction(1, 2)
    said = [[{p > half for p in bone} for bone in bones] for bones in split]
    differ = [any(len(say) > 1 for say in says) or says == [{True}] * 2 for says in said]
    assert fusion.disagreement.ravel().tolist() == differ
    for k in range(2):
        means = [float(sum(bones[k]) / len(bones[k])) for bones in split]
        np.testing.assert_allclose(fusion.probability[k].ravel(), means, rtol=1e-6)


@pytest.mark.parametrize("rule", ["majority", "mean"])
@pytest.mark.parametrize("counts", [(1, 1, 1), (2, 2, 1), (2, 1, 1), (1, 1, 2)])
def test_every_pattern_with_voters_of_the_whole(rule: Rule, counts: tuple[int, int, int]) -> None:
    first, second, _ = counts
    levels = LEVELS if sum(counts) < 5 else [LEVELS[1], LEVELS[3], LEVELS[4]]
    table = list(product(levels, repeat=sum(counts)))
    columns = [volume([float(p) for p in column]) for column in zip(*table, strict=True)]
    own = [columns[:first], columns[first : first + second]]
    fusion = fuse(own, rule, whole=columns[first + second :])
    # A voter of the whole counts for each bone as one of the bone's own.
    rows = [(row[:first], row[first : first + second], row[first + second :]) for row in table]
    labels = [oracle(rule, [(*a, *whole), (*b, *whole)]) for a, b, whole in rows]
    assert fusion.label_map.ravel().tolist() == labels
    # What may be said together: nothing, the first bone, or the second.
    sound = [
        (False,) * sum(counts),
        (True,) * first + (False,) * second + (True,) * counts[2],
        (False,) * first + (True,) * second + (True,) * counts[2],
    ]
    differ = [tuple(p > Fraction(1, 2) for p in row) not in sound for row in table]
    assert fusion.disagreement.ravel().tolist() == differ


def test_the_middle_of_a_bone_is_not_disputed() -> None:
    humerus, glenoid, whole = volume([0.9, 0.1, 0.0]), volume([0.0, 0.9, 0.1]), volume([1, 1, 0])
    fusion = fuse([[humerus], [glenoid]], whole=[whole])
    assert fusion.label_map.ravel().tolist() == [1, 2, 0]
    assert not fusion.disagreement.any()


def staple_voters(seed: int) -> list[list[NDArray[np.float32]]]:
    """Three voters each for two overlapping boxes, shifted and noisy."""
    rng = np.random.default_rng(seed)
    voters: list[list[NDArray[np.float32]]] = []
    for columns in (slice(2, 11), slice(9, 17)):
        truth = np.zeros((5, 14, 19))
        truth[1:4, 3:10, columns] = 1.0
        voters.append([])
        for _ in range(3):
            shifted = np.roll(truth, rng.integers(-1, 2, 3), (0, 1, 2))
            noisy = 0.15 + 0.7 * shifted + rng.normal(0.0, 0.2, truth.shape)
            voters[-1].append(noisy.clip(0.0, 1.0).astype(np.float32))
    return voters


def itk_weight(bone: Sequence[Floats]) -> NDArray[np.float64]:
    images = [ITK.GetImageFromArray((p > 0.5).astype(np.uint8)) for p in bone]
    weight: NDArray[np.float64] = ITK.GetArrayFromImage(ITK.STAPLE(images, 1.0))
    return weight


@pytest.mark.parametrize("seed", range(4))
def test_staple_rule_follows_the_weights_of_itk(seed: int) -> None:
    voters = staple_voters(seed)
    weights = [itk_weight(bone) for bone in voters]
    fusion = fuse(voters, "staple")
    expected = np.zeros(weights[0].shape, np.uint8)
    for voxel in np.ndindex(expected.shape):
        # Ten decimals: weights that are equal on paper differ in ITK's last digits.
        claims = [
            (-round(float(weights[k][voxel]), 10), -float(fusion.probability[k][voxel]), k)
            for k in range(2)
            if weights[k][voxel] > 0.5
        ]
        expected[voxel] = min(claims)[2] + 1 if claims else 0
    np.testing.assert_array_equal(fusion.label_map, expected)
    assert all(np.count_nonzero(expected == label) > 40 for label in (1, 2))


def test_equal_staple_weights_go_to_the_larger_mean_then_the_first_bone() -> None:
    low, high = volume([0.6, 0.7, 0.7, 0.1]), volume([0.7, 0.6, 0.7, 0.1])
    fusion = fuse([[low, low], [high, high]], "staple")
    assert fusion.label_map.ravel().tolist() == [2, 1, 1, 0]


@st.composite
def any_voters(draw: st.DrawFn) -> list[list[NDArray[np.float32]]]:
    shape = draw(st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 4)))
    counts = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    steps = draw(st.sampled_from([4, 1000]))
    return [
        [(rng.integers(0, steps + 1, shape) / steps).astype(np.float32) for _ in range(count)]
        for count in counts
    ]


@settings(max_examples=60)
@given(any_voters(), st.sampled_from(["majority", "mean", "staple"]), st.randoms())
def test_order_of_voters_does_not_matter(
    voters: list[list[NDArray[np.float32]]], rule: Rule, random: Random
) -> None:
    shuffled = [random.sample(bone, len(bone)) for bone in voters]
    first, second = fuse(voters, rule), fuse(shuffled, rule)
    np.testing.assert_array_equal(first.disagreement, second.disagreement)
    np.testing.assert_array_equal(first.probability, second.probability)
    np.testing.assert_array_equal(first.label_map, second.label_map)
    assert set(np.unique(first.label_map)) <= set(range(len(voters) + 1))


@settings(max_examples=40)
@given(
    st.integers(0, 2**32),
    st.sampled_from(["majority", "mean", "staple"]),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_unanimous_voters_get_their_own_map(seed: int, rule: Rule, counts: tuple[int, int]) -> None:
    label_map = np.random.default_rng(seed).integers(0, 3, (2, 3, 4))
    voters = [[(label_map == k + 1) * 0.8 + 0.1] * count for k, count in enumerate(counts)]
    fusion = fuse(voters, rule)
    np.testing.assert_array_equal(fusion.label_map, label_map)
    assert fusion.label_map.dtype == np.uint8
    assert not fusion.disagreement.any()


def test_empty_grid_gives_empty_arrays() -> None:
    fusion = fuse([[np.zeros((0, 4, 5))], [np.zeros((0, 4, 5))]])
    assert fusion.label_map.shape == (0, 4, 5)
    assert fusion.probability.shape == (2, 0, 4, 5)


@pytest.mark.parametrize(
    ("voters", "message"),
    [
        ([], "0 bones"),
        ([[]], "bone 0 has no voter of its own"),
        ([[np.zeros((2, 3, 4))], []], "bone 1 has no voter of its own"),
        ([[np.zeros((2, 3, 4))], [np.zeros((2, 4, 3))]], "voter 0 of bone 1 has shape"),
        ([[np.zeros((3, 4))]], "has shape"),
        ([[np.full((1, 1, 2), np.nan)]], "values from nan"),
        ([[np.full((1, 1, 2), 1.01)]], "values from 1.01"),
        ([[np.full((1, 1, 2), -0.01)]], "values from -0.01"),
        ([[np.ones((1, 1, 2), np.uint8)]], "uint8"),
        ([[np.zeros((1, 1, 2))] * 17], "17 voters"),
    ],
)
def test_bad_voters_are_refused(voters: list[list[Floats]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fuse(voters)


def test_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="median"):
        fuse([[np.zeros((1, 1, 1))]], "median")  # type: ignore[arg-type]


def test_order_does_not_matter_where_staple_does_not_settle() -> None:
    """Votes so nearly independent that for thousands of steps rounding decides."""
    votes = [
        [0.25, 0, 0.5, 1, 0.75, 0.5, 0, 1, 0.5, 0.25, 0.5, 0.5],
        [0, 0.25, 0.5, 0.5, 0.25, 1, 0.5, 0.25, 1, 0.25, 0, 1],
        [0, 0.5, 0, 0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 0.75, 0.5, 0.25],
    ]
    found = [fuse([[volume(vote) for vote in order]], "staple") for order in permutations(votes)]
    for fusion in found[1:]:
        np.testing.assert_array_equal(fusion.label_map, found[0].label_map)
