"""Bundles that trainings are to start from, beside the network that is planned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoulderseg.nnunet_ext.trainings import list_trainings
from shoulderseg.workflows.training.start import check_start
from shoulderseg.workflows.training.train import TrainingOrder, prepare_trainings
from tests.unet_plans import unet_plans
from tests.untrained import DATASET, untrained_plans
from tests.workflows.training.scripted import NAME


def planned_in(results: Path, plans: dict[str, Any]) -> Path:
    """Plans the dataset so."""
    preprocessed = results.parent.parent / "nnUNet_preprocessed" / NAME
    raw = results.parent.parent / "nnUNet_raw" / NAME
    (raw / "dataset.json").write_text(json.dumps(DATASET))
    path = preprocessed / "nnUNetPlans.json"
    path.write_text(json.dumps(plans))
    return path


@pytest.mark.parametrize("features", [[4], [4, 8, 8]])
def test_a_bundle_of_another_depth_is_refused_before_any_training(
    results: Path, untrained: Path, features: list[int]
) -> None:
    plans = untrained_plans()
    other = unet_plans(NAME, 64, 2.0, features, convolutions=1)
    two = plans["configurations"]["2d"]
    plans["configurations"]["2d"] = {**two, **other["configurations"]["2d"]}
    path = planned_in(results, plans)
    order = TrainingOrder(NAME, "cpu", folds=["0"], start_from=str(untrained))
    with pytest.raises(ValueError, match="cannot start the humerus U-Net") as refused:
        prepare_trainings(order)
    told = str(refused.value)
    assert f"a network of 2 stages, planned is one of {len(features)} for patches of 64" in told
    assert str(path) in told
    assert str(untrained) in told
    assert "without --start-from" in told
    # Random weights start any.
    assert prepare_trainings(TrainingOrder(NAME, "cpu", folds=["0"])).trainings


def test_a_bundle_of_other_layers_is_refused_and_the_same_is_taken(
    results: Path, untrained: Path
) -> None:
    plans = untrained_plans()
    planned_in(results, plans)
    order = TrainingOrder(NAME, "cpu", start_from=str(untrained))
    assert prepare_trainings(order).environment["SHOULDERSEG_START_FROM"] == str(untrained)
    plans["configurations"]["2d"]["architecture"]["arch_kwargs"]["features_per_stage"] = [4, 16]
    planned_in(results, plans)
    with pytest.raises(ValueError, match=r"is of another network: .*expected shape"):
        prepare_trainings(order)
    # A patch of another size with the same layers is no other network.
    plans["configurations"]["2d"] |= untrained_plans()["configurations"]["2d"]
    plans["configurations"]["2d"]["patch_size"] = [48, 40]
    planned_in(results, plans)
    assert prepare_trainings(order).trainings


def test_a_network_that_only_nnunet_knows_is_left_to_the_trainer(
    results: Path, untrained: Path
) -> None:
    plans = untrained_plans()
    plans["configurations"]["2d"]["architecture"]["network_class_name"] = "own.networks.UNet"
    planned_in(results, plans)
    assert prepare_trainings(TrainingOrder(NAME, "cpu", start_from=str(untrained))).trainings


def test_the_shared_network_starts_with_three_outputs(results: Path, untrained: Path) -> None:
    plans = planned_in(results, untrained_plans())
    trainings = list_trainings(
        results,
        NAME,
        variants=["shared"],
        folds=["0"],
        plans_name="nnUNetPlans",
        device="cpu",
        synthetic=True,
    )
    check_start(trainings, untrained, plans)
