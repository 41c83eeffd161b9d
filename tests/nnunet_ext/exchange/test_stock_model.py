from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

from shoulderseg.nnunet_ext.bundle import write_unets
from shoulderseg.nnunet_ext.exchange.read_stock import read_stock_model
from shoulderseg.nnunet_ext.exchange.stock_model import write_stock_models
from shoulderseg.nnunet_ext.plan_checks import RESIDUAL_UNET
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet
from shoulderseg.nnunet_ext.unets import build_unet
from shoulderseg.nnunet_ext.variants import CHECKPOINT
from tests.stock_models import MODEL, write_stock_model
from tests.untrained import DATASET, untrained_plans


def untrained_unets(plans: dict[str, Any]) -> UNetSet:
    weights = {variant: {"all": build_unet(plans).state_dict()} for variant in PARTS}
    return UNetSet(plans, DATASET, None, weights)


def residual_plans() -> dict[str, Any]:
    plans = deepcopy(untrained_plans())
    architecture = plans["configurations"]["2d"]["architecture"]
    architecture["network_class_name"] = RESIDUAL_UNET
    kwargs = architecture["arch_kwargs"]
    kwargs["n_blocks_per_stage"] = kwargs.pop("n_conv_per_stage")
    return plans


def test_networks_that_cannot_be_merged_are_written_one_by_one(tmp_path: Path) -> None:
    made = write_stock_models(untrained_unets(residual_plans()), tmp_path, 931, {})
    assert [model.folder.parent.name for model in made] == [
        "Dataset932_ShoulderHumerus",
        "Dataset933_ShoulderGlenoid",
        "Dataset934_ShoulderWhole",
    ]
    for model in made:
        checkpoint = torch.load(model.folder / "fold_0" / CHECKPOINT, weights_only=True)
        network = build_unet(residual_plans(), outputs=2)
        network.load_state_dict(checkpoint["network_weights"])


def test_a_model_of_one_network_has_no_u_net_of_the_whole(tmp_path: Path) -> None:
    unets = read_stock_model(write_stock_model(tmp_path / MODEL))
    made = write_stock_models(unets, tmp_path, 1, {})
    assert [model.folder.parent.name for model in made] == [
        "Dataset001_ShoulderBones",
        "Dataset002_ShoulderHumerus",
        "Dataset003_ShoulderGlenoid",
    ]


def test_models_ask_for_nifti_files_whatever_they_were_trained_on(tmp_path: Path) -> None:
    unets = untrained_unets(untrained_plans())
    described = {**DATASET, "file_ending": ".nrrd"}
    other = UNetSet(unets.plans, described, unets.mirroring_axes, unets.weights)
    for model in write_stock_models(other, tmp_path, 1, {}):
        written = json.loads((model.folder / "dataset.json").read_text())
        assert written["file_ending"] == ".nii.gz"


def test_lists_of_training_files_do_not_go_into_what_is_passed_on(tmp_path: Path) -> None:
    unets = untrained_unets(untrained_plans())
    files = {
        "training": [{"image": "./imagesTr/OKAFOR_CHI.nii.gz", "label": "./labelsTr/OKAFOR_CHI"}],
        "test": ["./imagesTs/OKAFOR_ADA.nii.gz"],
        "dataset": {"OKAFOR_OBI": {"images": ["a.nii.gz"], "label": "b.nii.gz"}},
    }
    listed = UNetSet(unets.plans, {**DATASET, **files}, unets.mirroring_axes, unets.weights)

    write_unets(listed, tmp_path)
    write_stock_models(listed, tmp_path / "models", 1, {})

    written = list(tmp_path.rglob("*.json"))
    assert len(written) == 10
    assert not [path for path in written if "OKAFOR" in path.read_text()]
    assert json.loads((tmp_path / "dataset.json").read_text())["labels"] == DATASET["labels"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("my__plans/../2d", "myplans2d"), ("__", "nnUNetPlans"), (None, "None")],
)
def test_the_plans_name_can_be_part_of_a_folders_name(
    tmp_path: Path, name: object, expected: str
) -> None:
    unets = untrained_unets({**untrained_plans(), "plans_name": name})
    for model in write_stock_models(unets, tmp_path, 1, {"notice": "for research"}):
        assert model.folder.name == f"nnUNetTrainer__{expected}__2d"
        plans = json.loads((model.folder / "plans.json").read_text())
        assert plans["plans_name"] == expected
        assert plans["dataset_name"] == model.folder.parent.name
        assert json.loads((model.folder / "dataset.json").read_text())["notice"] == "for research"
