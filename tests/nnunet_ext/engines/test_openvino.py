"""The networks in OpenVINO, against the same networks in torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from shoulderseg.nnunet_ext.engines import openvino_network
from shoulderseg.nnunet_ext.engines.choice import Engine, choose_engine, load_network
from shoulderseg.nnunet_ext.engines.openvino_network import OpenvinoNetwork
from shoulderseg.nnunet_ext.engines.torch_network import TorchNetwork
from shoulderseg.nnunet_ext.plain_unet import is_plain_unet, parameter_shapes
from shoulderseg.nnunet_ext.unets import build_unet, unique_weights
from tests.untrained import untrained_plans

FULL = Engine("openvino", "float32")


def plans_of(**changes: object) -> dict[str, Any]:
    plans = untrained_plans()
    kwargs = plans["configurations"]["2d"]["architecture"]["arch_kwargs"]
    kwargs |= {
        "n_stages": 4,
        "features_per_stage": [4, 6, 8, 8],
        "kernel_sizes": [[3, 3]] * 4,
        "strides": [[1, 1], [2, 2], [2, 2], [2, 2]],
        "n_conv_per_stage": [2, 1, 2, 1],
        "n_conv_per_stage_decoder": [1, 2, 1],
    }
    kwargs |= changes
    return plans


def weights_of(plans: dict[str, Any], seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights away from what a network begins with, where all biases are 0 and all scales 1."""
    torch.manual_seed(seed)
    return {
        name: tensor + 0.1 * torch.randn(tensor.shape)
        for name, tensor in build_unet(plans).state_dict().items()
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"strides": [[1, 1], [1, 2], [2, 2], [2, 1]]},
        {"kernel_sizes": [[1, 3], [3, 3], [5, 3], [3, 1]]},
        {"strides": [1, 2, 2, 2], "kernel_sizes": [3, 3, 3, 3]},
        {"conv_bias": False},
        {"nonlin_kwargs": {"negative_slope": 0.3, "inplace": True}},
        {"norm_op_kwargs": {"eps": 0.1, "affine": True}},
        {"nonlin_kwargs": None, "dropout_op_kwargs": None},
    ],
)
def test_gives_what_torch_gives(changes: dict[str, Any]) -> None:
    plans = plans_of(**changes)
    assert is_plain_unet(plans)
    weights = unaliased(plans)
    unique = unique_weights(weights)
    assert parameter_shapes(plans) == {name: tuple(t.shape) for name, t in unique.items()}
    images = np.random.default_rng(1).normal(size=(4, 40, 24)).astype(np.float32)
    found = OpenvinoNetwork(plans, weights, "float32")(images)
    wanted = TorchNetwork(plans, weights)(images)
    assert found.shape == wanted.shape == images.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    assert wanted.std() > 0.01


def unaliased(plans: dict[str, Any]) -> dict[str, torch.Tensor]:
    """As `weights_of`, the same for all names of one tensor."""
    network = build_unet(plans)
    network.load_state_dict(weights_of(plans))
    return dict(network.state_dict())


@pytest.mark.parametrize(
    "changes",
    [
        {"norm_op": "torch.nn.modules.batchnorm.BatchNorm2d"},
        {"norm_op_kwargs": {"eps": 1e-5, "affine": False}},
        {"norm_op_kwargs": {"eps": 1e-5, "affine": True, "track_running_stats": True}},
        {"nonlin": "torch.nn.ReLU"},
        {"dropout_op": "torch.nn.modules.dropout.Dropout2d", "dropout_op_kwargs": {"p": 0.1}},
        {"nonlin_first": True},
        {"n_stages": 3},
        {"strides": [[1, 1], [2, 2], [2, 2]]},
        {"strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2], [2, 2, 2]], "kernel_sizes": [[3, 3, 3]] * 4},
        {"norm_op_kwargs": None},
        {"nonlin_kwargs": 7},
        {"block": "a"},
        {"kernel_sizes": [[3, 3], [3, 3], [2, 2], [3, 3]]},
    ],
)
def test_other_networks_are_left_to_torch(changes: dict[str, Any]) -> None:
    plans = plans_of(**changes)
    assert not is_plain_unet(plans)
    assert choose_engine("auto", "cpu", plans) == Engine("torch", "float32")
    with pytest.raises(ValueError, match="plain U-Net alone"):
        choose_engine("openvino", "cpu", plans)


def test_residual_networks_are_left_to_torch() -> None:
    plans = plans_of()
    plans["configurations"]["2d"]["architecture"]["network_class_name"] = (
        "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
    )
    assert not is_plain_unet(plans)


def test_the_engine_that_is_asked_for() -> None:
    plans = plans_of()
    assert choose_engine("auto", "cpu", plans).name == "openvino"
    assert choose_engine("openvino", "cpu", plans).name == "openvino"
    assert choose_engine("torch", "cpu", plans) == Engine("torch", "float32")
    assert choose_engine("auto", "cuda", plans) == Engine("torch", "float16")
    with pytest.raises(ValueError, match=r"the device is cuda; choose `--device cpu`"):
        choose_engine("openvino", "cuda", plans)


def test_without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    openvino_network.load_core.cache_clear()
    try:
        assert choose_engine("auto", "cpu", plans_of()) == Engine("torch", "float32")
        with pytest.raises(ValueError, match="not installed"):
            choose_engine("openvino", "cpu", plans_of())
    finally:
        openvino_network.load_core.cache_clear()


@pytest.mark.parametrize(
    "engine", [FULL, Engine("openvino", "bfloat16"), Engine("torch", "float32")]
)
def test_the_same_images_give_the_same_bytes(engine: Engine) -> None:
    plans = plans_of()
    weights = unaliased(plans)
    images = np.random.default_rng(1).normal(size=(1, 64, 48)).astype(np.float32)
    first, second = (load_network(engine, plans, weights) for _ in range(2))
    assert first(images).tobytes() == first(images).tobytes() == second(images).tobytes()


def test_bfloat16_is_close() -> None:
    plans = plans_of()
    weights = unaliased(plans)
    images = np.random.default_rng(1).normal(size=(2, 64, 48)).astype(np.float32)
    full = OpenvinoNetwork(plans, weights, "float32")(images)
    short = OpenvinoNetwork(plans, weights, "bfloat16")(images)
    assert np.abs(short - full).max() < 0.1 * np.abs(full).max()


def test_nothing_is_sent_and_nothing_left_at_home(tmp_path: Path) -> None:
    """Importing OpenVINO alone would send word of it and leave an identifier in the home folder."""
    code = (
        "import sys\n"
        "from shoulderseg.nnunet_ext.engines.openvino_network import has_openvino\n"
        "assert has_openvino()\n"
        "assert not [name for name in sys.modules if name.startswith('openvino_telemetry')]\n"
        "import openvino\n"
    )
    environment = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
