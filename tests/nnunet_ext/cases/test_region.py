"""The surroundings of the bones, found by a coarse look."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.nnunet_ext.cases import region
from shoulderseg.nnunet_ext.cases.region import find_region
from shoulderseg.nnunet_ext.engines.choice import Engine
from shoulderseg.nnunet_ext.inference import predict_probabilities
from shoulderseg.nnunet_ext.nnunet_prediction import Asked, predict_in_nnunet
from shoulderseg.nnunet_ext.nnunet_predictors import build_nnunet_predictors
from shoulderseg.nnunet_ext.predictors import Predictors, build_predictors
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet
from shoulderseg.nnunet_ext.unets import build_unet
from tests.bright_network import Bright
from tests.untrained import DATASET, untrained_plans

FloatArray = npt.NDArray[np.float32]
PATCH, STRIDES = (256, 192), (32, 16)
MARGIN = 40


def slices_with(rows: slice, columns: slice, shape: tuple[int, int, int]) -> FloatArray:
    slices = np.zeros(shape, np.float32)
    slices[len(slices) // 2, rows, columns] = 1
    return slices


def test_a_region_on_paper() -> None:
    slices = slices_with(slice(300, 310), slice(100, 320), (5, 500, 420))
    (rows, columns), _ = find_region(Bright(), slices, PATCH, STRIDES)
    # The least is 3/4 of the patch, 192 rows, around row 305.
    assert rows == slice(209, 401)
    # 220 columns with 40 on either side are 300, and 304 a multiple of 16, around column 210.
    assert columns == slice(58, 362)


def test_the_coarse_look_is_at_half_the_resolution() -> None:
    network = Bright()
    find_region(network, slices_with(slice(9), slice(9), (2, 300, 200)), PATCH, STRIDES)
    assert network.seen[0][1:] == (160, 112)
    # Once more in full, where bone is suspected.
    assert [shape[1:] for shape in network.seen[1:]] == [(192, 144)]
    assert sum(shape[0] for shape in network.seen) == 4


def test_what_the_network_said_of_the_region_comes_along() -> None:
    slices = slices_with(slice(150, 160), slice(70, 80), (3, 300, 200))
    (rows, columns), answers = find_region(Bright(), slices, PATCH, STRIDES)
    assert answers is not None
    np.testing.assert_array_equal(answers, Bright()(slices[:, rows, columns]))
    # Where a side is the whole axis and no multiple of the strides, the network sees more than it.
    wide = slices_with(slice(150, 160), slice(2, 190), (3, 300, 200))
    network = Bright()
    (_, columns), answers = find_region(network, wide, PATCH, STRIDES)
    assert columns == slice(0, 200)
    assert answers is None
    # Eight columns, and not the planned patch's 256 rows.
    assert network.seen[-1][1:] == (192, 208)


def test_a_side_that_bone_reaches_is_moved() -> None:
    """A shaft that fades: seen at half the resolution in one slice, and in full in another."""
    slices = slices_with(slice(0, 60), slice(60, 70), (3, 640, 300))
    # Every second pixel: half as bright in a mean of four.
    slices[0, 60:500:2, 60:70] = 1
    (rows, _), _ = find_region(Bright(), slices, PATCH, STRIDES)
    # 64 rows more, then 128, which end at 384, then 256.
    assert rows == slice(0, 640)
    for ends in (slice(0, 60), slice(580, 640)):
        alone = slices_with(ends, slice(60, 70), (3, 640, 300))
        (rows, _), _ = find_region(Bright(), alone, PATCH, STRIDES)
        assert rows.stop - rows.start == 192


def test_what_lies_at_the_border_keeps_its_length() -> None:
    slices = slices_with(slice(0, 4), slice(296, 300), (1, 400, 300))
    assert find_region(Bright(), slices, PATCH, STRIDES).sides == (slice(0, 192), slice(156, 300))


@pytest.mark.parametrize("shape", [(3, 400, 300), (0, 400, 300), (2, 1, 300), (2, 400, 1)])
def test_without_a_suspicion_all_is_seen(shape: tuple[int, int, int]) -> None:
    found = find_region(Bright(), np.zeros(shape, np.float32), PATCH, STRIDES).sides
    assert found == (slice(0, shape[1]), slice(0, shape[2]))


@settings(max_examples=30)
@given(
    st.integers(2, 400), st.integers(2, 400), st.floats(0, 1), st.floats(0, 1), st.integers(2, 150)
)
def test_the_region_holds_what_is_suspected_and_its_margin(
    rows: int, columns: int, down: float, right: float, size: int
) -> None:
    # An odd last row or column is not looked at.
    top, left = int(down * (rows // 2 * 2 - 2)), int(right * (columns // 2 * 2 - 2))
    slices = slices_with(slice(top, top + size), slice(left, left + size), (1, rows, columns))
    sides = find_region(Bright(), slices, PATCH, STRIDES).sides
    places = ((rows, top, PATCH[0], STRIDES[0]), (columns, left, PATCH[1], STRIDES[1]))
    for side, (pixels, first, patch, stride) in zip(sides, places, strict=True):
        length = side.stop - side.start
        assert 0 <= side.start < side.stop <= pixels
        assert length == pixels or (length % stride == 0 and length >= 0.75 * patch)
        # A mean of two pixels, of which one is bright, is not yet suspected.
        assert side.start <= max(0, first + 1 - MARGIN)
        assert side.stop >= min(pixels, first + size - 1 + MARGIN) or length == pixels


def test_outside_the_region_is_no_bone_and_inside_nothing_changes() -> None:
    plans = untrained_plans()
    image = np.zeros((3, 260, 200), np.float32)
    image[1, 30:50, 30:50] = 8
    image[2, 200, 150] = 8
    bright = {variant: [Bright()] for variant in PARTS}
    whole = Predictors(Engine("torch", "float32"), plans, None, bright)
    cropped = Predictors(Engine("torch", "float32"), plans, None, bright, crop=True)
    spacing_mm = (4.0, 2.0, 2.0)
    # A lone pixel is no suspicion at half the resolution.
    expected = predict_probabilities(whole, image, spacing_mm)["glenoid"]
    found = predict_probabilities(cropped, image, spacing_mm)["glenoid"]
    assert expected[2, 200, 150] > 0.9
    seen = found[1] > 1e-6
    # The zeros above and to the left are cut away before anything else.
    assert np.count_nonzero(seen) == (20 + 40) ** 2
    # Logits are kept in half precision.
    np.testing.assert_allclose(found[:, seen], expected[:, seen], atol=1e-3)
    assert found[1, 40, 40] > 0.9
    assert found[2, 200, 150] < 1e-6
    assert found.shape == image.shape


def test_nnunets_predictor_sees_the_same_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region, "_MARGIN", 4)
    plans = untrained_plans()
    torch.manual_seed(5)
    weights = {variant: {"0": build_unet(plans).state_dict()} for variant in PARTS}
    unets = UNetSet(plans, DATASET, (1,), weights)
    image = np.random.default_rng(1).normal(size=(2, 90, 110)).astype(np.float32)
    spacing_mm = (4.0, 2.0, 2.0)
    own = build_predictors(unets, "cpu", engine="torch", crop=True)
    for suspected in np.linspace(0.5, 1, 50):
        monkeypatch.setattr(region, "_SUSPECTED", suspected)
        found = predict_probabilities(own, image, spacing_mm)
        # Until a part of the image is suspected.
        if found["whole"].min() < 1e-6:
            break
    predictors = build_nnunet_predictors(
        unets, "cpu", folds={variant: ["0"] for variant in PARTS}, mirroring=True
    )
    theirs = predict_in_nnunet(predictors, image, spacing_mm, Asked(crop=True))
    for variant, probability in found.items():
        np.testing.assert_allclose(theirs[variant], probability, atol=2e-3)
        assert 0 < np.count_nonzero(probability > 1e-6) < probability.size


def test_no_pass_is_made_twice_and_nothing_is_laid_around_the_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(region, "_MARGIN", 6)
    monkeypatch.setattr(region, "_NEAR", 2)
    networks = {variant: [Bright()] for variant in PARTS}
    plans = untrained_plans()
    predictors = Predictors(Engine("torch", "float32"), plans, (1,), networks, crop=True)
    image = np.zeros((3, 60, 64), np.float32)
    image[:, 24:36, 30:40] = 8
    image[0, 0, 0] = image[2, -1, -1] = 1
    predict_probabilities(predictors, image, (4.0, 2.0, 2.0))
    (humerus,), (whole,) = networks["humerus"], networks["whole"]
    # 24 rows and 22 columns, for which the planned patch of 32 x 32 is too large.
    assert {shape[1:] for shape in humerus.seen} == {(24, 24)}
    # A slice and its mirror image each.
    assert sum(shape[0] for shape in humerus.seen) == 6
    # Three at half the resolution, three in full, and their mirror images.
    assert sum(shape[0] for shape in whole.seen) == 9


class Small(Bright):
    """Has no memory for more than so many pixels at once."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def __call__(self, images: FloatArray) -> FloatArray:
        if images[0].size > self.most:
            msg = "out of memory"
            raise RuntimeError(msg)
        return super().__call__(images)


def test_what_does_not_fit_into_memory_is_seen_in_patches(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(region, "_MARGIN", 6)
    monkeypatch.setattr(region, "_NEAR", 2)
    plans = untrained_plans()
    image = np.zeros((2, 60, 64), np.float32)
    image[:, 18:42, 18:42] = 8
    image[0, 0, 0] = image[1, -1, -1] = 1
    spacing_mm = (4.0, 2.0, 2.0)
    engine = Engine("torch", "float32")
    large = {variant: [Bright()] for variant in PARTS}
    expected = predict_probabilities(Predictors(engine, plans, None, large), image, spacing_mm)
    small = {variant: [Small(32 * 32)] for variant in PARTS}
    found = predict_probabilities(
        Predictors(engine, plans, None, small, crop=True), image, spacing_mm
    )
    np.testing.assert_allclose(found["whole"], expected["whole"], atol=1e-3)
    assert "there is no crop, as it does not fit into memory" in caplog.text
    none = {variant: [Small(32 * 32 - 1)] for variant in PARTS}
    with pytest.raises(RuntimeError, match="out of memory"):
        predict_probabilities(Predictors(engine, plans, None, none), image, spacing_mm)


def test_a_slice_that_is_smaller_than_any_patch_is_padded() -> None:
    """One stride long, it would be a single pixel at the bottom of the network."""
    plans = untrained_plans()
    networks = {variant: [Bright()] for variant in PARTS}
    predictors = Predictors(Engine("torch", "float32"), plans, None, networks, crop=True)
    image = np.random.default_rng(0).normal(size=(2, 16, 16)).astype(np.float32)
    predict_probabilities(predictors, image, (4.0, 2.0, 2.0))
    assert {shape[1:] for shape in networks["humerus"][0].seen} == {(24, 24)}
