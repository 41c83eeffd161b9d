from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from shoulderseg.nnunet_ext import trainers
from shoulderseg.nnunet_ext.bundle import weights_file, write_unets
from shoulderseg.nnunet_ext.checkpoints import load_unets
from shoulderseg.nnunet_ext.plans import SMALL_PLANS, small_plans
from shoulderseg.nnunet_ext.unet_set import UNetSet
from shoulderseg.nnunet_ext.unets import build_unet
from shoulderseg.nnunet_ext.variants import (
    START_VARIABLE,
    SYNTHETIC_TRAINERS,
    TRAINERS,
)
from shoulderseg.nnunet_ext.warm_start import load_start
from tests.whole_checkpoints import write_checkpoint

if TYPE_CHECKING:
    from tests.conftest import TrainedDataset

HUMERUS, GLENOID = TRAINERS["humerus"], TRAINERS["glenoid"]


@pytest.fixture
def start(
    plans: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, torch.nn.Module]:
    """Three untrained networks, written into the folder that the variable names."""
    small = small_plans(plans)
    networks = {}
    for seed, variant in enumerate(TRAINERS):
        torch.manual_seed(seed)
        networks[variant] = build_unet(small)
    weights = {variant: {"0": network.state_dict()} for variant, network in networks.items()}
    write_unets(UNetSet(small, {}, None, weights), tmp_path, "float32")
    monkeypatch.setenv(START_VARIABLE, str(tmp_path))
    return networks


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    mine, others = one.state_dict(), other.state_dict()
    return all(torch.equal(mine[name], others[name]) for name in mine)


@pytest.mark.parametrize("fold", [0, 3, "all"])
@pytest.mark.parametrize("trainer", [GLENOID, SYNTHETIC_TRAINERS["glenoid"]])
def test_each_trainer_starts_from_its_own_unet(
    plans: dict[str, Any], start: dict[str, torch.nn.Module], fold: int | str, trainer: str
) -> None:
    torch.manual_seed(99)
    network = build_unet(small_plans(plans))
    path = load_start(network, trainer, fold)
    assert path is not None
    assert path.name == "glenoid_fold_0.safetensors"
    assert same(network, start["glenoid"])
    assert not same(network, start["humerus"])


def test_of_several_folds_the_own_one_is_taken(
    plans: dict[str, Any], start: dict[str, torch.nn.Module], tmp_path: Path
) -> None:
    other = tmp_path / weights_file("humerus", "1")
    (tmp_path / weights_file("glenoid", "0")).rename(other)
    network = build_unet(small_plans(plans))
    assert load_start(network, HUMERUS, 1) == other
    assert same(network, start["glenoid"])
    with pytest.raises(FileNotFoundError, match=r"humerus_fold_2\.safetensors.*found humerus_fold"):
        load_start(network, HUMERUS, 2)


def test_without_the_variable_nothing_changes(
    plans: dict[str, Any],
    start: dict[str, torch.nn.Module],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(START_VARIABLE)
    torch.manual_seed(99)
    network = build_unet(small_plans(plans))
    torch.manual_seed(99)
    assert load_start(network, HUMERUS, 0) is None
    assert same(network, build_unet(small_plans(plans)))


@pytest.mark.usefixtures("start")
def test_another_network_is_refused(plans: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="same patch size and --size"):
        load_start(build_unet(plans), HUMERUS, 0)


def test_a_folder_without_weights_is_refused(
    plans: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(START_VARIABLE, str(tmp_path))
    with pytest.raises(FileNotFoundError, match="found none; give the folder of a bundle"):
        load_start(build_unet(plans), HUMERUS, 0)


def test_nnunets_trainer_starts_there_unless_it_goes_on(
    trained: TrainedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unets = load_unets(trained.results, SMALL_PLANS)
    write_unets(unets, tmp_path, "float32")
    stored = {name: torch.as_tensor(values) for name, values in unets.weights["whole"]["0"].items()}
    preprocessed = trained.root / "nnUNet_preprocessed" / trained.name
    planned = json.loads((preprocessed / f"{SMALL_PLANS}.json").read_text())
    described = json.loads((preprocessed / "dataset.json").read_text())
    monkeypatch.setenv("nnUNet_results", str(tmp_path))
    monkeypatch.setenv(START_VARIABLE, str(tmp_path))
    networks = {}
    for resuming in (False, True):
        trainer = trainers.nnUNetTrainerShoulderWhole(
            planned | {"continue_training": resuming}, "2d", 0, described, torch.device("cpu")
        )
        if resuming:
            write_checkpoint(Path(trainer.output_folder, "checkpoint_latest.pth"))
        trainer.initialize()
        assert trainer.network is not None
        networks[resuming] = trainer.network.state_dict()
    assert all(torch.equal(networks[False][name], stored[name]) for name in stored)
    assert not all(torch.equal(networks[True][name], stored[name]) for name in stored)
