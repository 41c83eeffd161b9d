"""What `predict` makes of a bundle that somebody changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from shoulderseg.datasets.reader import read_label_map
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.manifest import MANIFEST

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import PayloadMaker, TrainedDataset


def rewritten(bundle: Path, **changes: object) -> None:
    """Changes entries of the refiner's description."""
    manifest = json.loads((bundle / MANIFEST).read_text())
    manifest["refiner"] |= changes
    (bundle / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize("helps", [True, False])
def test_edges_are_refined_by_default_where_that_helps(
    run: Run, trained: TrainedDataset, copied: Path, tmp_path: Path, helps: bool
) -> None:
    rewritten(copied, helps=helps)
    results = {}
    for name, words in (("default", []), ("on", ["--refine"]), ("off", ["--no-refine"])):
        out = tmp_path / name
        outcome = run("predict", trained.unseen[0], out, "--model", copied, *words)
        assert outcome.exit_code == 0, outcome.output
        report = json.loads((out / "shoulderseg_report.json").read_text())
        label_map = read_label_map(out / trained.unseen[0].name).array
        results[name] = (report["refined"], label_map.tobytes())
    assert results["default"] == results["on" if helps else "off"]
    assert results["on"][0] is True
    assert results["off"][0] is False


def test_all_voters_need_an_alexnet(
    run: Run, trained: TrainedDataset, copied: Path, tmp_path: Path
) -> None:
    manifest = json.loads((copied / MANIFEST).read_text())
    manifest["refiner"] = None
    del manifest["files"]["alexnet_fold_0.safetensors"]
    (copied / MANIFEST).write_text(json.dumps(manifest))
    (copied / "alexnet_fold_0.safetensors").unlink()
    words = ["predict", trained.unseen[0], tmp_path / "out", "--model", copied]
    outcome = run(*words, "--voters", "all")
    assert outcome.exit_code == 3
    assert "no AlexNet to vote" in " ".join(outcome.output.split())


@pytest.fixture
def copied(bundle: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "copied"
    shutil.copytree(bundle, folder)
    return folder


@pytest.mark.parametrize("honest_manifest", [True, False])
@pytest.mark.parametrize("name", ["whole_fold_0.safetensors", "alexnet_fold_0.safetensors"])
def test_a_pickle_in_place_of_weights_is_refused_and_not_run(
    run: Run,
    trained: TrainedDataset,
    copied: Path,
    payload: PayloadMaker,
    name: str,
    honest_manifest: bool,
) -> None:
    """Also where the attacker has put the file's true fingerprint into the manifest."""
    from shoulderseg.workflows.bundles.manifest import sha256_of

    mark = copied.parent / "ran"
    torch.save({"evil": payload(mark)}, copied / name)
    if honest_manifest:
        manifest = json.loads((copied / MANIFEST).read_text())
        manifest["files"][name] = sha256_of(copied / name)
        (copied / MANIFEST).write_text(json.dumps(manifest))
    outcome = run("predict", trained.unseen[0], copied.parent / "out", "--model", copied)
    assert outcome.exit_code == 3
    reason = "not a readable safetensors file" if honest_manifest else "is not the file that was"
    assert f"{name}" in outcome.output
    assert reason in " ".join(outcome.output.split())
    assert not mark.exists()


UNSOUND_REFINERS: list[Any] = [
    ["network", "rule", "pixel_mm"],
    {"network": 5},
    {"network": {"classes": 4}},
    {"pixel_mm": float("nan")},
    {"folds": []},
    {"folds": ["../0"]},
    {"helps": 1},
    {"rule": {"band_mm": 1.0}},
    {"rule": {"band_mm": [], "trust": 1.0, "uncertain_only": False}},
    {"rule": {"band_mm": 1.0, "trust": 1.0, "uncertain_only": "no"}},
]


@pytest.mark.parametrize("refiner", UNSOUND_REFINERS)
def test_an_unsound_description_of_the_refiner_ends_with_3(
    run: Run, trained: TrainedDataset, copied: Path, refiner: object
) -> None:
    manifest = json.loads((copied / MANIFEST).read_text())
    manifest["refiner"] = (
        {**manifest["refiner"], **refiner} if isinstance(refiner, dict) else refiner
    )
    (copied / MANIFEST).write_text(json.dumps(manifest))
    outcome = run("predict", trained.unseen[0], copied.parent / "out", "--model", copied)
    assert outcome.exit_code == 3
    assert "is damaged" in outcome.output


def test_hidden_files_do_not_spoil_a_bundle(copied: Path, bundle: Path) -> None:
    (copied / ".DS_Store").touch()
    assert read_bundle(copied).digest == read_bundle(bundle).digest


@pytest.mark.parametrize("damage", ["changed", "missing", "added", "manifest", "none"])
def test_a_damaged_bundle_ends_with_3(
    run: Run, trained: TrainedDataset, copied: Path, damage: str
) -> None:
    plans = copied / "plans.json"
    if damage == "changed":
        plans.write_text(plans.read_text() + " ")
    elif damage == "missing":
        plans.unlink()
    elif damage == "added":
        (copied / "more.json").touch()
    elif damage == "manifest":
        (copied / MANIFEST).write_text('{"format": 2}')
    else:
        shutil.rmtree(copied)
    outcome = run("predict", trained.unseen[0], copied.parent / "out", "--model", copied)
    assert outcome.exit_code == 3
    assert "copied" in outcome.output
