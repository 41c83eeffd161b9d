from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image
from shoulderseg.nnunet_ext.variants import CHECKPOINT
from shoulderseg.workflows.bundles import store as bundle_store
from tests.stock_models import MODEL, write_stock_model

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import PayloadMaker


@pytest.fixture
def image(tmp_path: Path) -> Path:
    values = np.random.default_rng(0).normal(100, 20, (3, 32, 32)).astype(np.float32)
    axes = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    path = tmp_path / "scan.nii.gz"
    write_image(path, Volume(values, (4.0, 2.0, 2.0), (0.0, 0.0, 0.0), axes))
    return path


def test_predict_takes_a_stock_model_and_its_import_alike(
    run: Run, store: Path, image: Path, tmp_path: Path
) -> None:
    model = write_stock_model(tmp_path / MODEL)
    outcome = run("models", "import", model, "--name", "own")
    assert outcome.exit_code == 0, outcome.output
    assert {path.suffix for path in (store / "own").iterdir()} == {".json", ".safetensors"}
    digests: set[str] = set()
    for given in (model, "own"):
        out = tmp_path / f"out {len(digests)}"
        outcome = run("predict", image, out, "--model", given, "--device", "cpu")
        assert outcome.exit_code == 0, outcome.output
        digests.add(json.loads((out / "shoulderseg_report.json").read_text())["model_sha256"])
    assert len(digests) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_unfinished_folds_of_a_stock_model_are_named(
    run: Run, store: Path, tmp_path: Path, packed: bool
) -> None:
    root = tmp_path / "results"
    model = write_stock_model(root / "Dataset012_Own" / MODEL, folds=("0", "1", "3", "10", "all"))
    for fold in ("3", "10", "all"):
        folder = model / f"fold_{fold}"
        (folder / CHECKPOINT).rename(folder / "checkpoint_best.pth")
    given = model
    if packed:
        given = Path(shutil.make_archive(str(tmp_path / "own"), "zip", root))
    outcome = run("models", "import", given, "--name", "own")
    assert outcome.exit_code == 0, outcome.output
    told = " ".join(outcome.output.split())
    assert "fold_3, fold_10 have no checkpoint_final.pth" in told
    assert "the result is of fold_0, fold_1 alone" in told
    manifest = json.loads((store / "own" / "bundle.json").read_text())
    assert manifest["folds"] == ["0", "1"]
    assert "left out" not in run("models", "import", write_stock_model(tmp_path / MODEL)).output


def test_a_stock_model_that_would_run_code_is_refused(
    run: Run, store: Path, image: Path, tmp_path: Path, payload: PayloadMaker
) -> None:
    mark = tmp_path / "mark"
    model = write_stock_model(tmp_path / MODEL, checkpoint={"logging": payload(mark)})
    for words in (
        ["models", "import", model],
        ["predict", image, tmp_path / "o", "--model", model],
    ):
        outcome = run(*words)
        assert outcome.exit_code != 0
        assert "is not a plain nnU-Net checkpoint" in " ".join(outcome.output.split())
    assert not mark.exists()
    assert run("models").exit_code == 0
    assert not (store / MODEL).exists()


@pytest.mark.parametrize("kind", ["bundle", "stock", "packaged"])
def test_models_here_that_are_called_as_the_packaged_bundle_are_ambiguous(
    run: Run, store: Path, image: Path, untrained: Path, tmp_path: Path, kind: str
) -> None:
    here = tmp_path / "default"
    if kind == "stock":
        write_stock_model(here)
    else:
        shutil.copytree(untrained, here)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle_store, "DEFAULT_FOLDER", here if kind == "packaged" else untrained)
        patch.chdir(tmp_path)
        outcome = run("predict", image, "out", "--model", "default", "--device", "cpu")
        told = "".join(outcome.output.split())
        assert outcome.exit_code == (0 if kind == "packaged" else 3)
        assert (f"write{here}forthefolderor{untrained}" in told) == (kind != "packaged")
        assert run("predict", image, "out", "--model", here, "--device", "cpu").exit_code == 0
