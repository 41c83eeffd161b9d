"""Slices in windows, against nnU-Net's own sliding window."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from shoulderseg.nnunet_ext.cases.windows import answer_slices, predict_logits, window_importance
from shoulderseg.nnunet_ext.engines.torch_network import TorchNetwork
from shoulderseg.nnunet_ext.regions import region_dataset_json
from shoulderseg.nnunet_ext.unets import build_unet
from tests.untrained import DATASET, untrained_plans

PLANS = untrained_plans()
torch.manual_seed(3)
WEIGHTS = build_unet(PLANS).state_dict()


@pytest.mark.parametrize("axes", [None, (1,), (0, 1)])
@pytest.mark.parametrize("shape", [(3, 32, 32), (2, 19, 31), (2, 70, 45), (1, 33, 16), (0, 32, 32)])
def test_gives_nnunets_logits_bit_for_bit(
    shape: tuple[int, int, int], axes: tuple[int, ...] | None
) -> None:
    slices = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = predict_logits(TorchNetwork(PLANS, WEIGHTS), slices, (32, 32), axes)
    if not len(slices):
        assert found.shape == shape
        return
    np.testing.assert_array_equal(found, by_nnunet(slices, axes))


def by_nnunet(slices: np.ndarray, axes: tuple[int, ...] | None) -> np.ndarray:
    with contextlib.redirect_stdout(io.StringIO()):
        predictor = nnUNetPredictor(
            use_mirroring=axes is not None, device=torch.device("cpu"), allow_tqdm=False
        )
    plans = PlansManager(PLANS)
    predictor.manual_initialization(
        build_unet(PLANS),
        plans,
        plans.get_configuration("2d"),
        [WEIGHTS],
        region_dataset_json(DATASET, (0,)),
        "nnUNetTrainer",
        axes,
    )
    logits = predictor.predict_logits_from_preprocessed_data(torch.from_numpy(slices[None]))
    wanted: np.ndarray = logits[0].numpy()
    return wanted


def test_every_window_is_told() -> None:
    told: list[None] = []
    slices = np.zeros((3, 50, 20), np.float32)
    network = TorchNetwork(PLANS, WEIGHTS)
    predict_logits(network, slices, (32, 32), None, lambda: told.append(None))
    assert len(told) == 3 * 3


def test_no_pixel_of_a_window_counts_nothing() -> None:
    importance = window_importance((900, 8))
    assert importance.min() > 0
    assert importance[450, 4] == 10


@pytest.mark.parametrize("axes", [None, (1,), (0, 1)])
def test_what_is_known_is_not_asked_again(axes: tuple[int, ...] | None) -> None:
    slices = np.random.default_rng(0).normal(size=(3, 32, 48)).astype(np.float32)
    network = Counting()
    known = answer_slices(network, slices)
    assert network.seen == 3
    expected = predict_logits(network, slices, (32, 48), axes)
    images = 2 ** len(axes or ())
    assert network.seen == 3 + 3 * images
    found = predict_logits(network, slices, (32, 48), axes, answers=known)
    assert network.seen == 3 + 3 * images + 3 * (images - 1)
    np.testing.assert_array_equal(found, expected)


class Counting(TorchNetwork):
    """Counts the images that it sees."""

    def __init__(self) -> None:
        super().__init__(PLANS, WEIGHTS)
        self.seen = 0

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self.seen += len(images)
        return super().__call__(images)
