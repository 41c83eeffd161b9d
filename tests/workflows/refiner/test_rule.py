"""Which rule the held-out cases favour."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shoulderseg.refine.boundary import boundary_band
from shoulderseg.refine.edges import EdgeRule, Opinions, Voted
from shoulderseg.workflows.refiner.rule import choose_rule, rule_dice, rule_grid

RULES = [EdgeRule(1.0, 0.5), EdgeRule(2.0, 1.0)]


def test_the_best_mean_wins_and_helps_where_other_cases_choose_it() -> None:
    gains = np.array([[0.02, 0.05], [0.03, -0.06], [0.025, 0.01], [0.03, 0.0]])
    choice = choose_rule(RULES, np.column_stack([np.full(4, 0.8), 0.8 + gains]))
    assert choice.rule == RULES[0]
    assert choice.helps
    assert choice.gain == pytest.approx(0.02625)
    assert choice.vote_dice == pytest.approx(0.8)
    assert [gain for _, gain in choice.table] == pytest.approx([0.02625, 0.0])


def test_a_case_does_not_choose_the_rule_it_is_scored_with() -> None:
    # Each case has a rule that suits it alone: the best mean is 0.01, the honest one a loss.
    gains = np.where(np.eye(3, dtype=np.bool_), 0.09, -0.03)
    rules = [*RULES, EdgeRule(3.0)]
    choice = choose_rule(rules, np.column_stack([np.full(3, 0.8), 0.8 + gains]))
    assert max(gain for _, gain in choice.table) == pytest.approx(0.01)
    assert choice.gain == pytest.approx(-0.03)
    assert not choice.helps


def test_a_gain_within_its_error_does_not_help() -> None:
    choice = choose_rule(RULES[:1], np.array([[0.8, 0.9], [0.8, 0.71], [0.8, 0.83]]))
    assert choice.gain > 0
    assert not choice.helps


def test_a_loss_or_a_single_case_does_not_help() -> None:
    assert not choose_rule(RULES[:1], np.array([[0.8, 0.7], [0.8, 0.7]])).helps
    alone = choose_rule(RULES[:1], np.array([[0.8, 0.9]]))
    assert math.isnan(alone.standard_error)
    assert not alone.helps
    with pytest.raises(ValueError, match="no held-out case"):
        choose_rule(RULES, np.zeros((0, 3)))


def test_images_of_one_patient_count_as_one() -> None:
    # Eight images gain alike, and are of two patients; a third one loses as much.
    gains = np.array([0.02] * 8 + [-0.02])
    dice = np.column_stack([np.full(9, 0.8), 0.8 + gains])
    patients = ["a"] * 4 + ["b"] * 4 + ["c"]
    alone = choose_rule(RULES[:1], dice)
    together = choose_rule(RULES[:1], dice, patients)
    assert (alone.helps, together.helps) == (True, False)
    assert (alone.patients, together.patients) == (None, 3)
    assert together.gain == pytest.approx(0.02 / 3)
    assert together.standard_error == pytest.approx(0.04 / 3)
    # Nor does a patient's other image choose the rule that the patient is scored with.
    of_a, of_b = [0.8, 0.9, 0.7], [0.8, 0.78, 0.82]
    nested = choose_rule(RULES, np.array([of_a, of_a, of_b]), ["a", "a", "b"])
    assert nested.gain == pytest.approx((-0.1 - 0.02) / 2)


@pytest.mark.parametrize("pixel_mm", [0.3125, 0.2734, 0.4167, 0.6875, 1.0])
def test_bands_of_whole_pixels_hold_as_many_rings(pixel_mm: float) -> None:
    label_map = np.zeros((1, 30, 30), np.uint8)
    label_map[:, 10:20, 10:20] = 1
    # A case may be a little coarser than the plans.
    for spacing_mm in (pixel_mm, 1.01 * pixel_mm):
        for rings, rule in zip((1, 2, 3), rule_grid(pixel_mm)[::8], strict=True):
            band = boundary_band(label_map, (3.0, spacing_mm, spacing_mm), rule.band_mm)
            assert band[0, 15].sum() == 4 * rings


def test_grid_holds_the_papers_rule_at_every_band() -> None:
    grid = rule_grid(0.4)
    bands = sorted({rule.band_mm for rule in grid})
    assert bands == pytest.approx([0.4, 0.8, 1.2], rel=0.03)
    assert all(EdgeRule(band_mm, 1.0) in grid for band_mm in bands)
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
