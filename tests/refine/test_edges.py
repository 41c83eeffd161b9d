"""Edge refinement with classifiers whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from shoulderseg.refine.boundary import boundary_band
from shoulderseg.refine.edges import EdgeRefinement, EdgeRule, refine_edges
from shoulderseg.refine.ensemble import ClassifyConfig
from tests.refine.oracle import PLAIN, SPACING_MM, Labels, Oracle, two_bones, vote

pytestmark = pytest.mark.usefixtures("oracle")


def refine(
    truth: NDArray[np.integer],
    voted: Labels,
    rule: EdgeRule,
    disagreement: NDArray[np.bool_] | None = None,
) -> EdgeRefinement:
    image = truth.astype(np.float32)
    case = vote(voted, disagreement)
    return refine_edges(image, case, [Oracle()], SPACING_MM, rule, PLAIN, "cpu")


def test_shifted_vote_is_put_right_within_the_band_only() -> None:
    truth = two_bones()
    voted = np.roll(truth, (1, 1), (1, 2))
    voted[3, 10:14, 8:11] = 0
    before = voted.copy()
    band = boundary_band(voted, SPACING_MM, 1.7)
    # A hole in the reference, out of the classifier's reach.
    truth[2, 12, 9] = 0
    assert not band[2, 12, 9]
    result = refine(truth, voted, EdgeRule(band_mm=1.7))
    expected = np.where(band, truth, voted)
    np.testing.assert_array_equal(result.label_map, expected)
    np.testing.assert_array_equal(voted, before)
    assert result.band == np.count_nonzero(band)
    assert result.changed == np.count_nonzero(expected != voted) > 50


def test_disagreement_is_decided_too() -> None:
    truth = two_bones()
    voted = truth.copy()
    voted[2, 12:14, 8:11] = 0
    disagreement = np.zeros(voted.shape, np.bool_)
    disagreement[2, 12, 8:11] = True
    result = refine(truth, voted, EdgeRule(band_mm=0.0), disagreement)
    assert np.argwhere(result.label_map != voted).tolist() == [[2, 12, x] for x in (8, 9, 10)]
    assert (result.band, result.changed) == (3, 3)


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.9, 3.0]))
def test_voxels_outside_the_region_never_change(seed: int, band_mm: float) -> None:
    rng = np.random.default_rng(seed)
    shape = (3, 7, 9)
    voted = rng.integers(0, 3, shape).astype(np.uint8) * (rng.random(shape) < 0.3)
    disagreement = rng.random(shape) < 0.1
    region = boundary_band(voted, SPACING_MM, band_mm) | disagreement
    result = refine(rng.integers(0, 3, shape), voted, EdgeRule(band_mm=band_mm), disagreement)
    np.testing.assert_array_equal(result.label_map[~region], voted[~region])
    for bone in (1, 2):
        pieces, count = ndimage.label(result.label_map == bone, np.ones((3, 3, 3)))
        for piece in range(1, count + 1):
            assert (voted[pieces == piece] == bone).any()
    assert set(np.unique(voted)) <= set(np.unique(result.label_map)) | {0}


def test_stray_pieces_return_to_the_vote() -> None:
    voted = two_bones()
    truth = voted.copy()
    # Off bone 1 by one pixel: a stray. Diagonal to bone 1: part of it. In bone 2's band: a stray
    # of bone 1 that goes back to bone 2.
    truth[1, 23, 8] = 1
    truth[1, 21, 16] = 1
    truth[0, 8, 20] = 1
    result = refine(truth, voted, EdgeRule(band_mm=1.5))
    assert np.argwhere(result.label_map != voted).tolist() == [[1, 21, 16]]


def test_vanished_bone_keeps_its_vote() -> None:
    voted = two_bones()
    voted[voted == 2] = 0
    voted[1, 10:12, 22:24] = 2
    truth = np.where(voted == 2, 0, voted)
    truth[:, 5, 4:16] = 0
    result = refine(truth, voted, EdgeRule(band_mm=2.0))
    np.testing.assert_array_equal(result.label_map == 2, voted == 2)
    assert not (result.label_map[:, 5] == 1).any()


def test_bone_swallowed_by_its_neighbour_comes_back_whole() -> None:
    voted = np.zeros((1, 12, 14), np.uint8)
    voted[0, 3:9, 2:7] = 1
    voted[0, 3:9, 7:9] = 2
    truth = np.zeros_like(voted)
    # All of bone 2 is called bone 1, and so is a rim beyond it that then hangs on nothing.
    truth[0, 3:9, 2:11] = 1
    result = refine(truth, voted, EdgeRule(band_mm=1.7))
    np.testing.assert_array_equal(result.label_map, voted)
    assert result.changed == 0


@pytest.mark.parametrize(("pixel_mm", "shift"), [(None, 4), (0.4, 4), (0.8, 8), (0.2, 2)])
def test_patches_see_the_millimetres_of_training(pixel_mm: float | None, shift: int) -> None:
    truth = np.zeros((2, 48, 64), np.uint8)
    truth[:, 8:40, 16:32] = 1
    voted = truth.copy()
    model = Oracle()
    # Four pixels to the right of the centre, whatever the pixel is.
    model.column = 20
    everywhere = vote(voted, np.ones(voted.shape, np.bool_))
    result = refine_edges(
        truth.astype(np.float32),
        everywhere,
        [model],
        (3.0, 0.4, 0.4),
        EdgeRule(),
        ClassifyConfig(pixel_mm=pixel_mm),
        "cpu",
    )
    np.testing.assert_array_equal(result.label_map[:, 12:36], np.roll(truth, -shift, 2)[:, 12:36])


def test_nothing_to_refine() -> None:
    voted = np.zeros((2, 5, 6), np.uint8)
    result = refine(voted, voted, EdgeRule())
    assert (result.band, result.changed) == (0, 0)
    np.testing.assert_array_equal(result.label_map, voted)


def test_bad_input_is_refused() -> None:
    voted = np.zeros((2, 5, 6), np.uint8)
    with pytest.raises(ValueError, match="shape"):
        refine(np.zeros((2, 6, 5), np.int64), voted, EdgeRule())
    voted[0, 0, 0] = 3
    with pytest.raises(ValueError, match="label 3"):
        refine(voted, voted, EdgeRule())
