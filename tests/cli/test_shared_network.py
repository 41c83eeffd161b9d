"""One network that learns what the three U-Nets learn, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from shoulderseg.nnunet_ext.regions import region_dataset_json
from shoulderseg.nnunet_ext.unet_set import PARTS
from shoulderseg.nnunet_ext.unets import build_unet
from shoulderseg.nnunet_ext.variants import CHECKPOINT, SHARED, SHARED_OUTPUTS, model_folder
from shoulderseg.workflows.bundles.bundle import read_bundle
from tests.untrained import DATASET, untrained_plans

if TYPE_CHECKING:
    from tests.cli.conftest import Run

NAME = "Dataset001_Untrained"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable / NAME).mkdir(parents=True)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    (tmp_path / "nnUNet_preprocessed" / NAME / "nnUNetPlans.json").write_text("{}")
    return tmp_path / "nnUNet_results" / NAME


def write_shared(results: Path) -> torch.nn.Module:
    """Writes what nnU-Net would leave of a training of fold 0."""
    torch.manual_seed(3)
    plans = untrained_plans()
    network = build_unet(plans, outputs=3)
    folder = model_folder(results, SHARED, "nnUNetPlans", synthetic=True)
    (folder / "fold_0").mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(plans))
    regions = [PARTS[variant] for variant in SHARED_OUTPUTS]
    (folder / "dataset.json").write_text(json.dumps(region_dataset_json(DATASET, *regions)))
    checkpoint = {
        "network_weights": network.state_dict(),
        "inference_allowed_mirroring_axes": (1,),
    }
    torch.save(checkpoint, folder / "fold_0" / CHECKPOINT)
    return network


def test_it_becomes_the_three_u_nets_of_a_bundle(run: Run, results: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    outcome = run("export", NAME, out, "--shared")
    assert outcome.exit_code == 2
    said = " ".join(outcome.output.split())
    assert "no finished fold of shared" in said
    assert "run `shoulderseg train --synthetic --variants shared`" in said
    network = write_shared(results)
    assert run("export", NAME, out, "--shared", "--precision", "fp32").exit_code == 0
    bundle = read_bundle(out)
    assert bundle.unets.dataset_json["labels"] == DATASET["labels"]
    heads = network.state_dict()["decoder.seg_layers.0.weight"]
    for output, variant in enumerate(("whole", "humerus", "glenoid")):
        stored = torch.as_tensor(bundle.unets.weights[variant]["0"]["decoder.seg_layers.0.weight"])
        assert torch.equal(stored, heads[output : output + 1])
    outcome = run("export", NAME, tmp_path / "other", "--shared", "--folds", "1")
    assert "missing in" in outcome.output
    assert "shared fold 1" in " ".join(outcome.output.split())
    refused = run("export", NAME, tmp_path / "other", "--unets", out, "--shared")
    assert refused.exit_code == 2
    assert "--shared are what the bundle of --unets says itself" in " ".join(refused.output.split())


def test_it_is_trained_from_synthetic_images_alone(run: Run, results: Path) -> None:
    words = ["train", "1", "--dry-run", "--device", "cpu", "--folds", "0", "--variants", "shared"]
    outcome = run(*words, "--synthetic")
    assert outcome.exit_code == 0, outcome.output
    (line,) = outcome.output.splitlines()
    assert "-tr nnUNetTrainerShoulderSharedSynthetic" in line
    outcome = run(*words)
    assert outcome.exit_code == 2
    assert "or shared with --synthetic" in " ".join(outcome.output.split())
