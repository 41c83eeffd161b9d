"""How the votes and the classifiers of an edge are weighed against each other."""

from __future__ import annotations

import numpy as np
import pytest

from shoulderseg.refine.boundary import boundary_band
from shoulderseg.refine.edges import EdgeRule, decide_edges, edge_opinions, refine_edges
from shoulderseg.refine.ensemble import ClassifyConfig
from tests.refine.oracle import PLAIN, SPACING_MM, Oracle, two_bones, vote

pytestmark = pytest.mark.usefixtures("oracle")


def test_opinions_are_weighed() -> None:
    """A vote of 0.7 against a classifier that is sure of the opposite."""
    voted = two_bones()
    truth = np.roll(voted, (1, 1), (1, 2))
    case = vote(voted)._replace(votes=(0.3 + 0.4 * vote(voted).votes).astype(np.float32))
    opinions = edge_opinions(
        truth.astype(np.float32), case, [Oracle()], SPACING_MM, 1.7, PLAIN, "cpu"
    )
    # Every voter says what was voted, at 0.7: the voted label has all three on its side.
    bone = voted[tuple(opinions.voxels.T)] > 0
    yes, wrong = 0.7**1.5, 0.3 * 0.7**0.5
    inside = yes / (yes + wrong + np.sqrt(0.3 * 0.3 * 0.7))
    outside = yes / (yes + 2 * np.sqrt(0.3 * 0.7 * 0.3))
    said = opinions.vote.max(axis=1)
    np.testing.assert_allclose(said[bone], inside, atol=1e-5)
    np.testing.assert_allclose(said[~bone], outside, atol=1e-5)
    assert (opinions.vote.argmax(axis=1) == voted[tuple(opinions.voxels.T)]).all()
    band = boundary_band(voted, SPACING_MM, 1.7)
    for trust, follows in ((0.2, voted), (0.9, np.where(band, truth, voted)), (0.0, voted)):
        result = decide_edges(case, opinions, SPACING_MM, EdgeRule(1.7, trust))
        np.testing.assert_array_equal(result.label_map, follows)


def test_sure_voxels_stay_where_only_uncertain_ones_are_decided() -> None:
    voted = two_bones()
    truth = np.roll(voted, (1, 1), (1, 2))
    case = vote(voted)
    unsure = np.zeros(voted.shape, np.bool_)
    unsure[:, 10:15] = True
    case = case._replace(votes=np.where(unsure, 0.25 + 0.5 * case.votes, case.votes))
    rule = EdgeRule(1.7, 1.0, uncertain_only=True)
    result = refine_edges(
        truth.astype(np.float32), case, [Oracle()], SPACING_MM, rule, PLAIN, "cpu"
    )
    region = boundary_band(voted, SPACING_MM, 1.7) & unsure
    np.testing.assert_array_equal(result.label_map, np.where(region, truth, voted))
    assert result.changed > 0
    assert result.band == np.count_nonzero(region)


def test_narrower_rules_read_the_opinions_of_a_wider_band() -> None:
    voted = two_bones()
    image = np.roll(voted, (1, 1), (1, 2)).astype(np.float32)
    wide = edge_opinions(image, vote(voted), [Oracle()], SPACING_MM, 4.0, PLAIN, "cpu")
    for band_mm in (0.5, 1.1, 4.0):
        rule = EdgeRule(band_mm)
        own = refine_edges(image, vote(voted), [Oracle()], SPACING_MM, rule, PLAIN, "cpu")
        again = decide_edges(vote(voted), wide, SPACING_MM, rule)
        np.testing.assert_array_equal(again.label_map, own.label_map)
        assert again[1:] == own[1:]


def test_several_classifiers_and_zooms_are_averaged() -> None:
    voted = two_bones()
    image = np.roll(voted, (1, 1), (1, 2)).astype(np.float32)
    left, right = Oracle(), Oracle()
    left.column, right.column = 15, 17
    config = ClassifyConfig(zooms=(1.0,))
    alone = [
        edge_opinions(image, vote(voted), [one], SPACING_MM, 2.0, config, "cpu").classifier
        for one in (left, right)
    ]
    both = edge_opinions(image, vote(voted), [left, right], SPACING_MM, 2.0, config, "cpu")
    np.testing.assert_allclose(both.classifier, np.mean(alone, axis=0), atol=1e-6)
    zoomed = ClassifyConfig(zooms=(0.9, 1.0, 1.1))
    several = edge_opinions(image, vote(voted), [Oracle()], SPACING_MM, 2.0, zoomed, "cpu")
    np.testing.assert_allclose(several.classifier.sum(axis=1), 1.0, atol=1e-5)
    plain = edge_opinions(image, vote(voted), [Oracle()], SPACING_MM, 2.0, PLAIN, "cpu")
    assert (several.classifier.argmax(axis=1) == plain.classifier.argmax(axis=1)).mean() > 0.8


@pytest.mark.parametrize(
    "change", [{"band_mm": -1.0}, {"band_mm": float("nan")}, {"trust": 1.1}, {"trust": -0.1}]
)
def test_bad_rule_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        EdgeRule(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change", [{"batch_size": 0}, {"pixel_mm": 0.0}, {"zooms": ()}, {"zooms": (0.5,)}]
)
def test_bad_config_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        ClassifyConfig(**change)  # type: ignore[arg-type]
