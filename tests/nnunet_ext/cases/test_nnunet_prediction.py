"""nnU-Net's own predictor, which works where there is a GPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shoulderseg.nnunet_ext import nnunet_prediction
from shoulderseg.nnunet_ext.nnunet_prediction import Asked, predict_in_nnunet
from shoulderseg.nnunet_ext.nnunet_predictors import build_nnunet_predictors
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet
from shoulderseg.nnunet_ext.unets import build_unet
from tests.untrained import DATASET, untrained_plans


def test_nnunets_predictor_sees_everything_where_the_look_takes_too_much_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans = untrained_plans()
    weights = {variant: {"0": build_unet(plans).state_dict()} for variant in PARTS}
    unets = UNetSet(plans, DATASET, (1,), weights)
    image = np.random.default_rng(1).normal(size=(2, 40, 44)).astype(np.float32)
    predictors = build_nnunet_predictors(
        unets, "cpu", folds={variant: ["0"] for variant in PARTS}, mirroring=True
    )
    whole = predict_in_nnunet(predictors, image, (4.0, 2.0, 2.0), Asked())

    def fail(*_: object) -> None:
        msg = "out of memory"
        raise torch.OutOfMemoryError(msg)

    monkeypatch.setattr(nnunet_prediction, "find_region", fail)
    found = predict_in_nnunet(predictors, image, (4.0, 2.0, 2.0), Asked(crop=True))
    for variant, probability in found.items():
        np.testing.assert_allclose(probability, whole[variant], atol=2e-3)
