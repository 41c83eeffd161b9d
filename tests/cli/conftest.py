"""A command runner, and a bundle of the session's trained models with a refiner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from shoulderseg.cli.app import app
from tests.cli.study_tree import write_tree

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


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store of imported bundles, and no default bundle."""
    folder = tmp_path / "store"
    monkeypatch.setenv("SHOULDERSEG_MODELS", str(folder))
    monkeypatch.setattr(
        "shoulderseg.workflows.bundles.store.DEFAULT_FOLDER", tmp_path / "no default"
    )
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A study as a person gets it from an archive."""
    root = tmp_path / "study of Doe"
    write_tree(root)
    return root
