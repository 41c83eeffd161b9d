"""Exported models run by nnU-Net alone, in a process that cannot import this project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import torch

from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image
from shoulderseg.nnunet_ext.bundle import read_unets, write_unets
from shoulderseg.nnunet_ext.inference import predict_probabilities
from shoulderseg.nnunet_ext.predictors import build_predictors
from shoulderseg.nnunet_ext.unet_set import PARTS, UNetSet
from shoulderseg.nnunet_ext.unets import build_unet
from shoulderseg.workflows.bundles.manifest import write_manifest
from shoulderseg.workflows.bundles.nnunet_zip import export_nnunet
from tests.untrained import DATASET, untrained_plans

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "stock_nnunet.py"
FOLDS = ["0", "3"]
AXES = (1,)
# Slices of the planned patch, and smaller ones of other pixels, which are resampled.
SHAPES = {"whole": ((3, 32, 32), (4.0, 2.0, 2.0)), "resampled": ((2, 22, 25), (4.0, 2.5, 2.3))}


class Ran(NamedTuple):
    """What nnU-Net left."""

    images: Path
    results: Path
    out: Path
    unets: UNetSet


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    root = tmp_path_factory.mktemp("stock")
    folders = [root / name for name in ("bundle", "images", "results", "out")]
    for folder in folders:
        folder.mkdir()
    bundle, images, results, out = folders
    unets = write_bundle(bundle)
    export_nnunet(str(bundle), root / "models.zip", 931)
    rng = np.random.default_rng(0)
    axes = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    for name, (shape, spacing_mm) in SHAPES.items():
        values = rng.normal(100, 20, shape).astype(np.float32)
        volume = Volume(values, spacing_mm, (0.0, 0.0, 0.0), axes)
        write_image(images / f"{name}_0000.nii.gz", volume)
    words = [sys.executable, "-I", "-S", SCRIPT, sysconfig.get_path("purelib")]
    folders_given = {"nnUNet_raw": images, "nnUNet_preprocessed": images, "nnUNet_results": results}
    ended = subprocess.run(
        [*map(str, words), str(root / "models.zip"), str(images), str(out)],
        env={**os.environ, **{name: str(path) for name, path in folders_given.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return Ran(images, results, out, unets)


def write_bundle(folder: Path) -> UNetSet:
    plans = untrained_plans()
    torch.manual_seed(1)
    weights = {
        variant: {fold: build_unet(plans).state_dict() for fold in FOLDS} for variant in PARTS
    }
    write_unets(UNetSet(plans, DATASET, AXES, weights), folder)
    write_manifest(folder, folds=FOLDS, mirroring_axes=AXES, refiner=None)
    return read_unets(folder, FOLDS, AXES)


def ours(ran: Ran, name: str) -> dict[str, npt.NDArray[np.float32]]:
    """Each U-Net's probability, by this project."""
    volume = read_image(ran.images / f"{name}_0000.nii.gz")
    predictors = build_predictors(ran.unets, "cpu", engine="torch")
    return predict_probabilities(predictors, volume.array, volume.spacing_mm)


def stock(ran: Ran, dataset: str, name: str) -> npt.NDArray[np.generic]:
    """nnU-Net's label map."""
    return read_label_map(ran.out / dataset / f"{name}.nii.gz").array


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(
    ("variant", "dataset"),
    [
        ("humerus", "Dataset932_ShoulderHumerus"),
        ("glenoid", "Dataset933_ShoulderGlenoid"),
        ("whole", "Dataset934_ShoulderWhole"),
    ],
)
def test_a_single_unet_says_what_ours_says(ran: Ran, name: str, variant: str, dataset: str) -> None:
    mask = ours(ran, name)[variant] > 0.5
    assert mask.any()
    assert not mask.all()
    np.testing.assert_array_equal(stock(ran, dataset, name), mask)


@pytest.mark.parametrize("name", SHAPES)
def test_the_model_of_both_bones_says_what_both_unets_say(ran: Ran, name: str) -> None:
    found = ours(ran, name)
    humerus, glenoid = found["humerus"], found["glenoid"]
    surer = np.where(humerus >= glenoid, 1, 2)
    expected = np.where(np.maximum(humerus, glenoid) > 0.5, surer, 0)
    # Where both claim a voxel is the hard part.
    assert ((humerus > 0.5) & (glenoid > 0.5)).any()
    assert set(np.unique(expected)) == {0, 1, 2}
    np.testing.assert_array_equal(stock(ran, "Dataset931_ShoulderBones", name), expected)


def test_labels_have_names_and_plain_values(ran: Ran) -> None:
    labels = {
        path.parents[1].name: json.loads(path.read_text())["labels"]
        for path in ran.results.rglob("dataset.json")
    }
    assert labels == {
        "Dataset931_ShoulderBones": {"background": 0, "humerus": 1, "glenoid": 2},
        "Dataset932_ShoulderHumerus": {"background": 0, "humerus": 1},
        "Dataset933_ShoulderGlenoid": {"background": 0, "glenoid": 1},
        "Dataset934_ShoulderWhole": {"background": 0, "humerus+glenoid": 1},
    }


def test_checkpoints_can_be_read_by_a_restricted_unpickler(ran: Ran) -> None:
    paths = sorted(ran.results.rglob("*.pth"))
    assert [path.parent.name for path in paths] == ["fold_0", "fold_1"] * 4
    for path in paths:
        checkpoint = torch.load(path, weights_only=True)
        assert checkpoint["trainer_name"] == "nnUNetTrainer"
        assert checkpoint["inference_allowed_mirroring_axes"] == AXES
