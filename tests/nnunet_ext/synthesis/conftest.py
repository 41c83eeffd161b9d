"""One small map for all tests of synthesis, and a tiny dataset to train on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.nnunet_ext.synthesis.bodies import load_map, write_map
from tests.nnunet_ext.synthesis.tiny_dataset import tiny_plans, write_tiny_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase


@pytest.fixture(scope="session")
def map_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the map."""
    return write_map(tmp_path_factory.mktemp("maps") / "box.safetensors")


@pytest.fixture(scope="session")
def case(map_path: Path) -> ResidentCase:
    """The map in memory."""
    return load_map(map_path)


@pytest.fixture
def dataset(
    plans: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Plans and dataset.json of the tiny dataset, with nnU-Net's folders set."""
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    for variable in [name for name in os.environ if name.startswith("SHOULDERSEG_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("nnUNet_n_proc_DA", "0")
    monkeypatch.setenv("SHOULDERSEG_EPOCHS", "2")
    monkeypatch.setenv("SHOULDERSEG_ITERATIONS", "2")
    described = tiny_plans(plans)
    return {"plans": described, "dataset_json": write_tiny_dataset(tmp_path, described)}
