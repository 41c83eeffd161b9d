"""A second look, at the surroundings of the bones that the first one found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
import torch

from shoulderseg.nnunet_ext.cases import region
from shoulderseg.nnunet_ext.cases.region import bone_extent, closer_region
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
EVERYTHING = (slice(None), slice(None))
PATCH, STRIDES = (256, 192), (32, 16)
SPACING_MM = (4.0, 2.0, 2.0)
BONE, RIB = (slice(None), slice(60, 70), slice(60, 72)), (slice(None), slice(4, 9), slice(5, 12))


def bone_alone(said: Mapping[str, FloatArray]) -> npt.NDArray[np.bool_]:
    """Bone that lies in the lower half."""
    found = said["humerus"] > 0.5
    found[:, :40] = False
    return found


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch) -> FloatArray:
    """A bone, and far from it a rib that is as bright."""
    monkeypatch.setattr(region, "_MARGIN", 6)
    monkeypatch.setattr(region, "_NEAR", 2)
    made = np.zeros((3, 90, 110), np.float32)
    made[BONE] = made[RIB] = 8
    made[0, 0, 0] = made[-1, -1, -1] = 1
    return made


def bright_networks(*, crop: bool) -> tuple[Predictors, Bright]:
    networks = {variant: [Bright()] for variant in PARTS}
    engine = Engine("torch", "float32")
    predictors = Predictors(engine, untrained_plans(), None, networks, crop=crop)
    return predictors, networks["humerus"][0]


def test_where_bones_begin_and_end_on_paper() -> None:
    bones = np.zeros((10, 6, 40), np.bool_)
    bones[2:4, 3, 20:30] = True
    # Slices along the last axis, of which the box leaves out the first ten.
    box = (slice(10, 40), slice(0, 10), slice(2, 6))
    assert bone_extent(bones, (2, 0, 1), box) == ((2, 4, 10), (1, 2, 4))
    assert bone_extent(np.zeros_like(bones), (2, 0, 1), box) is None


def test_a_closer_region_on_paper() -> None:
    extent = ((55, 66, 110), (10, 50, 100))
    found = closer_region(extent, (500, 400), EVERYTHING, PATCH, STRIDES)
    assert found is not None
    # Rows 250 to 300 with 40 on either side are 130; three quarters of the patch are 192.
    # Columns 40 to 200 become 0 to 240.
    assert found.sides == (slice(179, 371), slice(0, 240))
    # 192 x 240 of 240 x 240 pixels are no less than four fifths.
    before = (slice(150, 390), slice(0, 240))
    assert closer_region(extent, (500, 400), before, PATCH, STRIDES) is None
    larger = (slice(150, 391), slice(0, 240))
    assert closer_region(extent, (500, 400), larger, PATCH, STRIDES) == found


def test_what_looked_like_bone_elsewhere_is_left_out(image: FloatArray) -> None:
    predictors, humerus = bright_networks(crop=True)
    first = predict_probabilities(predictors, image, SPACING_MM)["glenoid"]
    assert (first[RIB] > 0.9).all()
    assert (first[BONE] > 0.9).all()
    (before,) = {shape[1:] for shape in humerus.seen}
    humerus.seen.clear()
    told: list[float] = []
    found = predict_probabilities(predictors, image, SPACING_MM, told.append, bone_alone)["glenoid"]
    assert (found[RIB] < 1e-6).all()
    assert (found[BONE] > 0.9).all()
    # 10 rows and 12 columns of bone, 6 around each, and the least that is seen is 24.
    assert {shape[1:] for shape in humerus.seen} == {before, (24, 24)}
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_second_look_has_to_be_worth_while(image: FloatArray) -> None:
    predictors, humerus = bright_networks(crop=True)
    expected = predict_probabilities(predictors, image, SPACING_MM)
    passes = len(humerus.seen)
    for bones_of in (lambda said: said["whole"] > 0.5, lambda said: said["whole"] > 1):
        humerus.seen.clear()
        found = predict_probabilities(predictors, image, SPACING_MM, None, bones_of)
        assert len(humerus.seen) == passes
        np.testing.assert_array_equal(found["humerus"], expected["humerus"])


def test_what_sees_everything_is_not_asked(image: FloatArray) -> None:
    def fail(_: Mapping[str, FloatArray]) -> npt.NDArray[np.bool_]:
        raise AssertionError

    predictors, _ = bright_networks(crop=False)
    assert predict_probabilities(predictors, image, SPACING_MM, None, fail)["whole"].max() > 0.9


def test_nnunets_predictor_looks_again_as_well(image: FloatArray) -> None:
    torch.manual_seed(5)
    plans = untrained_plans()
    weights = {variant: {"0": build_unet(plans).state_dict()} for variant in PARTS}
    unets = UNetSet(plans, DATASET, None, weights)
    image += np.random.default_rng(1).normal(0, 0.1, image.shape).astype(np.float32)

    def bones_of(said: Mapping[str, FloatArray]) -> npt.NDArray[np.bool_]:
        bones = np.zeros(said["whole"].shape, np.bool_)
        bones[BONE] = True
        return bones

    own = build_predictors(unets, "cpu", engine="torch", precision="float32", crop=True)
    expected = predict_probabilities(own, image, SPACING_MM, None, bones_of)
    folds = {variant: ["0"] for variant in PARTS}
    predictors = build_nnunet_predictors(unets, "cpu", folds=folds, mirroring=False)
    asked = Asked(bones_of=bones_of, crop=True)
    found = predict_in_nnunet(predictors, image, SPACING_MM, asked)
    for variant, probability in expected.items():
        np.testing.assert_allclose(found[variant], probability, atol=2e-3)
        assert np.count_nonzero(probability > 1e-6) == 3 * 24 * 24
