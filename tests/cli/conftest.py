"""A command runner, and a bundle of the session's trained models with a refiner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from shoulderseg.cli.app import app

if TYPE_CHECKING:
    from tests.conftest import TrainedDataset

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Runs `shoulderseg` with some words in this process."""

    def invoke(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return invoke


@pytest.fixture(scope="session")
def bundle(trained: TrainedDataset) -> Path:
    """What `train-refiner` and `export` make of the trained models."""
    runner = CliRunner()
    folder = trained.root / "bundle"
    words = "train-refiner 901 --size small --epochs 2 --steps 25 --batch-size 64 --device cpu"
    for line in (words, f"export 901 {folder} --size small"):
        outcome = runner.invoke(app, line.split())
        assert outcome.exit_code == 0, outcome.output
    return folder


def tiny_plans() -> dict[str, Any]:
    """Plans of a U-Net with two stages."""
    resampler = "resample_data_or_seg_to_shape"
    configuration = {
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": [32, 32],
        "spacing": [1.0, 1.0],
        "normalization_schemes": ["ZScoreNormalization"],
        "use_mask_for_norm": [False],
        **{f"resampling_fn_{kind}": resampler for kind in ("data", "seg", "probabilities")},
        **{
            f"resampling_fn_{kind}_kwargs": {"is_seg": kind == "seg", "order": 1, "order_z": 0}
            for kind in ("data", "seg", "probabilities")
        },
        "architecture": {
            "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "arch_kwargs": {
                "n_stages": 2,
                "features_per_stage": [4, 8],
                "conv_op": "torch.nn.modules.conv.Conv2d",
                "kernel_sizes": [[3, 3]] * 2,
                "strides": [[1, 1], [2, 2]],
                "n_conv_per_stage": [1, 1],
                "n_conv_per_stage_decoder": [1],
                "conv_bias": True,
                "norm_op": "torch.nn.modules.instancenorm.InstanceNorm2d",
                "norm_op_kwargs": {"eps": 1e-05, "affine": True},
                "dropout_op": None,
                "dropout_op_kwargs": None,
                "nonlin": "torch.nn.LeakyReLU",
                "nonlin_kwargs": {"inplace": True},
            },
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        },
    }
    return {
        "dataset_name": "Dataset001_Shoulder",
        "plans_name": "nnUNetPlans",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": {}},
        "configurations": {"2d": configuration},
    }


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound bundle of three tiny U-Nets that have learned nothing."""
    from shoulderseg.cli.bundles import write_manifest
    from shoulderseg.nnunet_ext.bundle import write_unets
    from shoulderseg.nnunet_ext.unets import PARTS, UNetSet, build_unet

    plans = tiny_plans()
    dataset = {
        "channel_names": {"0": "MRI"},
        "labels": {"background": 0, "humerus": 1, "glenoid": 2},
        "numTraining": 1,
        "file_ending": ".nii.gz",
    }
    weights = {part: {"0": build_unet(plans).state_dict()} for part in PARTS}
    folder = tmp_path_factory.mktemp("made") / "untrained"
    folder.mkdir()
    write_unets(UNetSet(plans, dataset, None, weights), folder)
    write_manifest(folder, folds=["0"], mirroring_axes=None, refiner=None)
    return folder


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store of imported bundles, and no default bundle."""
    folder = tmp_path / "store"
    monkeypatch.setenv("SHOULDERSEG_MODELS", str(folder))
    monkeypatch.setattr("shoulderseg.cli.bundle_store.DEFAULT_FOLDER", tmp_path / "no default")
    return folder
