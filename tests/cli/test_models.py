from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image
from shoulderseg.workflows.bundles import store as bundle_store
from shoulderseg.workflows.bundles.bundle import read_bundle

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.fixture
def image(tmp_path: Path) -> Path:
    values = np.random.default_rng(0).normal(100, 20, (3, 32, 32)).astype(np.float32)
    axes = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    path = tmp_path / "scan.nii.gz"
    write_image(path, Volume(values, (3.0, 1.0, 1.0), (0.0, 0.0, 0.0), axes))
    return path


def listed(run: Run, expected: int = 0) -> list[dict[str, Any]]:
    outcome = run("models", "--json")
    assert outcome.exit_code == expected, outcome.output
    bundles: list[dict[str, Any]] = json.loads(outcome.stdout)["bundles"]
    return bundles


def model_used(run: Run, image: Path, out: Path, *words: object) -> str:
    outcome = run("predict", image, out, "--device", "cpu", *words)
    assert outcome.exit_code == 0, outcome.output
    digest: str = json.loads((out / "shoulderseg_report.json").read_text())["model_sha256"]
    return digest


@pytest.mark.parametrize("source", ["folder", "zip", "zip of a folder"])
def test_an_imported_bundle_is_listed_used_by_name_and_removed(
    run: Run, store: Path, untrained: Path, image: Path, tmp_path: Path, source: str
) -> None:
    path = untrained
    if source != "folder":
        root = untrained.parent if source == "zip of a folder" else untrained
        base = untrained.name if source == "zip of a folder" else None
        path = Path(shutil.make_archive(str(tmp_path / "untrained"), "zip", root, base))
    outcome = run("models", "import", path)
    assert outcome.exit_code == 0, outcome.output
    digest = read_bundle(untrained).digest
    size = sum(file.stat().st_size for file in untrained.iterdir()) / 2**20
    assert listed(run) == [
        {
            "name": "untrained",
            "where": "imported",
            "path": str(store / "untrained"),
            "mebibytes": pytest.approx(size, abs=1e-3),
            "folds": ["0"],
            "refiner": False,
            "sha256": digest,
            "problem": None,
            "verified": True,
        }
    ]
    table = run("models").output
    assert all(word in table for word in ("untrained", "imported", digest[:12], "ok"))
    assert model_used(run, image, tmp_path / "out", "--model", "untrained") == digest
    assert run("models", "remove", "untrained").exit_code == 0
    assert listed(run) == []


def test_predict_without_a_model_takes_the_default_bundle(
    run: Run,
    store: Path,
    untrained: Path,
    image: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundle_store, "DEFAULT_FOLDER", untrained)
    digest = read_bundle(untrained).digest
    # A folder of this name does not stand in for it.
    (tmp_path / "default").mkdir()
    monkeypatch.chdir(tmp_path)
    assert model_used(run, image, tmp_path / "out") == digest
    (default,) = listed(run)
    assert (default["name"], default["where"], default["sha256"]) == ("default", "default", digest)


def test_predict_without_a_default_bundle_says_what_to_do(
    run: Run, store: Path, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_store, "DEFAULT_FOLDER", tmp_path / "none")
    outcome = run("predict", image, tmp_path / "out")
    assert outcome.exit_code == 3
    assert "has no default bundle" in outcome.output
    assert "--model" in outcome.output
    assert "models import" in outcome.output
    assert "has no default bundle" in run("models").output


def test_a_model_that_is_nowhere_or_a_file_or_ambiguous(
    run: Run,
    store: Path,
    untrained: Path,
    image: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run("models", "import", untrained, "--name", "mine").exit_code == 0
    monkeypatch.chdir(tmp_path)
    nowhere = run("predict", image, "out", "--model", "yours")
    assert nowhere.exit_code == 3
    assert "no bundle yours" in nowhere.output
    assert "imported are: mine" in nowhere.output
    file = run("predict", image, "out", "--model", image.name)
    assert file.exit_code == 3
    assert f"models import {image.name}" in file.output
    (tmp_path / "mine").mkdir()
    both = run("predict", image, "out", "--model", "mine")
    assert both.exit_code == 3
    assert str(store / "mine") in both.output


def test_a_changed_file_is_listed_as_such(run: Run, store: Path, untrained: Path) -> None:
    for name in ("sound", "spoilt"):
        assert run("models", "import", untrained, "--name", name).exit_code == 0
    plans = store / "spoilt" / "plans.json"
    plans.write_text(plans.read_text() + " ")
    sound, spoilt = listed(run, expected=3)
    assert sound["verified"]
    assert not spoilt["verified"]
    assert "plans.json" in spoilt["problem"]
    assert "plans.json" in run("models").output


def test_listing_loads_no_torch(store: Path, run: Run, untrained: Path) -> None:
    assert run("models", "import", untrained).exit_code == 0
    check = (
        "import sys; sys.argv = ['shoulderseg', 'models']\n"
        "from shoulderseg.cli.app import run\n"
        "try: run()\n"
        "except SystemExit as end: assert not end.code\n"
        "sys.exit('torch' in sys.modules)"
    )
    outcome = subprocess.run([sys.executable, "-c", check], capture_output=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert b"untrained" in outcome.stdout


@pytest.mark.parametrize(
    "name", ["default", "Default", ".hidden", "-x", "a/b", "..", "a b", "", "x."]
)
def test_names_that_no_bundle_may_have(
    run: Run, store: Path, untrained: Path, tmp_path: Path, name: str
) -> None:
    # An empty option would mean the source's own name, here one with a blank.
    source = untrained
    if not name:
        source = tmp_path / "my bundle"
        shutil.copytree(untrained, source)
    outcome = run("models", "import", source, f"--name={name}")
    assert outcome.exit_code == 2
    assert "--name" in outcome.output
    assert not store.exists() or not list(store.rglob("bundle.json"))


def test_a_taken_name_needs_overwrite(
    run: Run, store: Path, untrained: Path, tmp_path: Path
) -> None:
    from shoulderseg.workflows.bundles.manifest import write_manifest

    newer = tmp_path / "newer"
    shutil.copytree(untrained, newer)
    (newer / "bundle.json").unlink()
    (newer / "MODEL_CARD.md").write_text("better")
    write_manifest(newer, folds=["0"], mirroring_axes=None, refiner=None)
    assert run("models", "import", untrained, "--name", "mine").exit_code == 0
    refused = run("models", "import", newer, "--name", "mine")
    assert refused.exit_code == 2
    assert "--overwrite" in refused.output
    assert not (store / "mine" / "MODEL_CARD.md").exists()
    replaced = run("models", "import", newer, "--name", "mine", "--overwrite")
    assert replaced.exit_code == 0, replaced.output
    assert (store / "mine" / "MODEL_CARD.md").read_text() == "better"
    assert [path.name for path in store.iterdir() if path.is_dir()] == ["mine"]


def test_a_failed_replacement_leaves_the_old_bundle(
    run: Run, store: Path, untrained: Path, tmp_path: Path
) -> None:
    assert run("models", "import", untrained, "--name", "mine").exit_code == 0
    damaged = tmp_path / "damaged"
    shutil.copytree(untrained, damaged)
    (damaged / "whole_fold_0.safetensors").unlink()
    assert run("models", "import", damaged, "--name", "mine", "--overwrite").exit_code == 2
    assert listed(run)[0]["verified"]


@pytest.mark.parametrize("name", ["default", "nothing", "../made"])
def test_what_cannot_be_removed(run: Run, store: Path, untrained: Path, name: str) -> None:
    assert run("models", "import", untrained, "--name", "mine").exit_code == 0
    outcome = run("models", "remove", name)
    assert outcome.exit_code == 2
    assert name in outcome.output
    assert [bundle["name"] for bundle in listed(run)] == ["mine"]


def test_of_two_imports_at_once_one_gets_the_name(store: Path, untrained: Path) -> None:
    script = "from shoulderseg.cli.app import app; app()"
    command = [sys.executable, "-c", script, "models", "import", str(untrained), "--name", "mine"]
    imports = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate()[1] for process in imports]
    assert sorted(process.returncode for process in imports) == [0, 2], errors
    assert sum("imported already" in error for error in errors) == 1
    assert read_bundle(store / "mine").digest == read_bundle(untrained).digest


def test_a_store_in_use_is_waited_for_and_named(
    run: Run, store: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_store, "LOCK_SECONDS", 0.1)
    with bundle_store.locked_store():
        outcome = run("models", "import", untrained)
    assert outcome.exit_code == 2
    assert "another import" in outcome.output
    assert listed(run) == []
    assert run("models", "import", untrained).exit_code == 0
