"""Which rule the held-out cases favour."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shoulderseg.cli.refiner_rule import choose_rule, rule_dice, rule_grid
from shoulderseg.refine.edges import EdgeRule, Opinions, Voted

RULES = [EdgeRule(1.0, 0.5), EdgeRule(2.0, 1.0)]


def test_the_best_mean_wins_and_helps_where_it_exceeds_its_error() -> None:
    dice = np.array([[0.80, 0.82, 0.90], [0.90, 0.92, 0.80], [0.70, 0.72, 0.72]])
    choice = choose_rule(RULES, dice)
    assert choice.rule == RULES[0]
    assert choice.helps
    assert choice.gain == pytest.approx(0.02)
    assert choice.vote_dice == pytest.approx(0.8)
    assert [gain for _, gain in choice.table] == pytest.approx([0.02, 0.02 / 3])


def test_a_gain_within_its_error_does_not_help() -> None:
    choice = choose_rule(RULES[:1], np.array([[0.8, 0.9], [0.8, 0.71], [0.8, 0.8]]))
    # Mean 0.01 / 3, deviation 0.095: no more than chance.
    assert choice.gain > 0
    assert not choice.helps


def test_a_loss_or_a_single_case_does_not_help() -> None:
    assert not choose_rule(RULES[:1], np.array([[0.8, 0.7], [0.8, 0.7]])).helps
    alone = choose_rule(RULES[:1], np.array([[0.8, 0.9]]))
    assert math.isnan(alone.standard_error)
    assert not alone.helps
    with pytest.raises(ValueError, match="no held-out case"):
        choose_rule(RULES, np.zeros((0, 3)))


def test_grid_holds_the_papers_rule_at_every_band() -> None:
    grid = rule_grid(0.4)
    assert {rule.band_mm for rule in grid} == {0.4, 0.8, 1.2}
    assert EdgeRule(0.8, 1.0) in grid
    assert len(set(grid)) == len(grid) == 24


def test_dice_of_vote_and_rules() -> None:
    reference = np.zeros((1, 4, 8), np.uint8)
    reference[0, :, 2:6] = 1
    label_map = np.zeros_like(reference)
    label_map[0, :, 2:5] = 1
    votes = np.stack([label_map == 1, label_map == 2, label_map > 0]).astype(np.float32)
    voted = Voted(label_map, np.zeros(label_map.shape, np.bool_), votes)
    voxels = np.argwhere(np.ones(reference.shape, np.bool_))
    right = np.eye(3, dtype=np.float32)[reference[tuple(voxels.T)]]
    opinions = Opinions(voxels, np.eye(3, dtype=np.float32)[label_map[tuple(voxels.T)]], right)
    found = rule_dice(voted, opinions, reference, (1.0, 1.0, 1.0), [*RULES, EdgeRule(1.0, 0.0)])
    # 3 of 4 columns: 2 * 3 / (3 + 4). A trust of one half is a draw, which the lower label wins.
    assert found[[0, 2, 3]].tolist() == pytest.approx([6 / 7, 1.0, 6 / 7])
