"""nnU-Net's own predictors, one for each of the three U-Nets."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence

import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from shoulderseg.nnunet_ext.plans import CONFIGURATION
from shoulderseg.nnunet_ext.regions import region_dataset_json
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet
from shoulderseg.nnunet_ext.unets import build_unet, complete_weights

NnunetPredictors = dict[str, nnUNetPredictor]


def build_nnunet_predictors(
    unets: UNetSet,
    device: str,
    *,
    folds: Mapping[str, Sequence[str]],
    mirroring: bool,
) -> NnunetPredictors:
    """Prepares one nnU-Net predictor for each of the three U-Nets.

    Args:
        unets: The trained U-Nets.
        device: Where the networks run.
        folds: For each U-Net the folds whose logits are averaged, one or more.
        mirroring: Average over in-plane mirror images.
    """
    return {
        variant: _predictor(
            unets, variant, torch.device(device), folds=folds[variant], mirroring=mirroring
        )
        for variant in unets.weights
    }


def _predictor(
    unets: UNetSet,
    variant: str,
    device: torch.device,
    *,
    folds: Sequence[str],
    mirroring: bool,
) -> nnUNetPredictor:
    network = build_unet(unets.plans)
    trained = [complete_weights(network, unets.weights[variant][fold]) for fold in folds]
    network.load_state_dict(trained[0])
    plans = PlansManager(unets.plans)
    # It prints on every device but CUDA.
    with contextlib.redirect_stdout(io.StringIO()):
        predictor = nnUNetPredictor(
            use_mirroring=mirroring and unets.mirroring_axes is not None,
            perform_everything_on_device=device.type == "cuda",
            device=device,
            allow_tqdm=False,
        )
    predictor.manual_initialization(
        network,
        plans,
        plans.get_configuration(CONFIGURATION),
        trained,
        region_dataset_json(unets.dataset_json, PARTS[variant]),
        "nnUNetTrainer",
        unets.mirroring_axes,
    )
    return predictor
