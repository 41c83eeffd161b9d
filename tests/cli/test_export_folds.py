"""A bundle of some folds has seen nothing of the cases that these hold out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file

from shoulderseg.nnunet_ext.variants import TRAINERS, model_folder
from shoulderseg.refine.network import AlexNetConfig, build_alexnet
from shoulderseg.workflows.bundles.bundle import classifier_file, read_bundle
from shoulderseg.workflows.refiner.files import DESCRIPTION_FILE, refiner_folder
from shoulderseg.workflows.refiner.voters import trained_digests, trained_folder_name
from tests.untrained import write_results

if TYPE_CHECKING:
    from tests.cli.conftest import Run

NAME, PLANS = "Dataset001_Untrained", "nnUNetPlans"
TINY = AlexNetConfig(widths=(2, 2, 3, 3, 3), dense=(4, 4), neighbours=1, votes=3)


@pytest.fixture
def refined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Trainings of folds 0 and 1, and AlexNets of both."""
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / variable))
    results = tmp_path / "nnUNet_results"
    write_results(results)
    for variant in TRAINERS:
        folder = model_folder(results / NAME, variant, PLANS)
        for fold in ("1", "all"):
            shutil.copytree(folder / "fold_0", folder / f"fold_{fold}")
    trained = refiner_folder(NAME, trained_folder_name(PLANS))
    trained.mkdir(parents=True)
    for fold in ("0", "1"):
        network = build_alexnet(TINY, torch.Generator().manual_seed(int(fold)))
        save_file(network.state_dict(), trained / classifier_file(fold))
    described = {
        "network": TINY.to_dict(),
        "pixel_mm": 0.8,
        "folds": ["0", "1"],
        "helps": True,
        "rule": {"band_mm": 2.0, "trust": 1.0, "uncertain_only": False},
        "unets": trained_digests(NAME, PLANS, ["0", "1"]),
    }
    (trained / DESCRIPTION_FILE).write_text(json.dumps(described))
    return tmp_path


@pytest.mark.parametrize(
    ("folds", "alexnets"), [("1", ["1"]), ("0,1", ["0", "1"]), ("all", ["0", "1"])]
)
def test_alexnets_of_other_folds_stay_out(
    run: Run, refined: Path, folds: str, alexnets: list[str]
) -> None:
    outcome = run("export", NAME, refined / "bundle", "--folds", folds)

    assert outcome.exit_code == 0, outcome.output
    refiner = read_bundle(refined / "bundle").refiner
    assert refiner is not None
    assert list(refiner.classifiers) == alexnets


def test_a_bundle_of_a_fold_without_an_alexnet_has_none(run: Run, refined: Path) -> None:
    trained = refiner_folder(NAME, trained_folder_name(PLANS)) / DESCRIPTION_FILE
    trained.write_text(json.dumps(json.loads(trained.read_text()) | {"folds": ["1"]}))

    outcome = run("export", NAME, refined / "bundle", "--folds", "0")

    assert outcome.exit_code == 0, outcome.output
    assert "folds 0, without" in outcome.output
    assert read_bundle(refined / "bundle").refiner is None
