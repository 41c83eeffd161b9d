"""With checkpoints of untrained U-Nets, so that hardly anything has to be trained first."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.manifest import put_file
from tests.untrained import write_results

if TYPE_CHECKING:
    from typer.testing import Result

    from tests.cli.conftest import Run
    from tests.conftest import TrainedDataset

# Rows run to the back and columns to the left, as scanners store axial slices; or the other way.
AXIAL = Volume(
    np.zeros((3, 4, 5), np.float32),
    (4.0, 1.0, 1.0),
    (0.0, 0.0, 0.0),
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
)
TURNED = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0)


@pytest.fixture
def out(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An exported bundle."""
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / variable))
    write_results(tmp_path / "nnUNet_results")
    (tmp_path / "exported").mkdir()
    outcome = export(run, tmp_path / "exported" / "bundle")
    assert outcome.exit_code == 0, outcome.output
    return tmp_path / "exported" / "bundle"


def export(run: Run, out: Path, *words: str) -> Result:
    return run("export", "Dataset001_Untrained", out, *words)


def retrain(out: Path) -> None:
    write_results(out.parents[1] / "nnUNet_results", seed=1)


def put_calibration(out: Path) -> None:
    # What is in it does not matter to an export.
    put_file(out, "quality.json", lambda path: path.touch())


def test_a_bundle_of_other_models_is_replaced_and_its_calibration_missed(
    run: Run, out: Path
) -> None:
    before = read_bundle(out).digest
    put_calibration(out)
    (out / ".DS_Store").touch()
    retrain(out)
    assert "--overwrite" in export(run, out).output
    outcome = export(run, out, "--overwrite")
    assert outcome.exit_code == 0, outcome.output
    assert f"shoulderseg calibrate {out} IMAGES LABELS" in outcome.output
    replaced = read_bundle(out)
    assert replaced.digest != before
    assert replaced.quality is None
    assert [path.name for path in out.parent.iterdir()] == ["bundle"]


def test_a_bundle_of_the_same_models_keeps_its_calibration(run: Run, out: Path) -> None:
    put_calibration(out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    outcome = export(run, out, "--overwrite")
    assert outcome.exit_code == 0, outcome.output
    assert "is kept" in outcome.output
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert export(run, out, "--overwrite", "--precision", "fp32").exit_code == 0
    assert not (out / "quality.json").exists()


def test_a_damaged_bundle_is_made_anew(run: Run, out: Path) -> None:
    (out / "plans.json").unlink()
    assert export(run, out, "--overwrite").exit_code == 0
    assert read_bundle(out).quality is None


@pytest.mark.parametrize("foreign", ["thesis.txt", ".git"])
def test_a_folder_that_holds_more_than_the_bundle_is_not_replaced(
    run: Run, out: Path, foreign: str
) -> None:
    if foreign == ".git":
        (out / foreign).mkdir()
    else:
        (out / foreign).write_text("years of work")
    before = sorted(path.name for path in out.iterdir())
    retrain(out)
    outcome = export(run, out, "--overwrite")
    assert outcome.exit_code == 2
    assert foreign in outcome.output
    assert sorted(path.name for path in out.iterdir()) == before


def test_a_manifest_that_tells_nothing_protects_its_folder(run: Run, out: Path) -> None:
    (out / "bundle.json").write_text("[" * 200000)
    outcome = export(run, out, "--overwrite")
    assert outcome.exit_code == 2
    assert "remove it by hand" in outcome.output
    assert (out / "plans.json").is_file()


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_the_old_bundle_comes_back_where_the_new_one_cannot_be_moved_in(
    run: Run, out: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    put_calibration(out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    retrain(out)
    move = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.name == "bundle" and target == out and not out.exists():
            msg = "no room"
            raise error(msg)
        return move(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    outcome = export(run, out, "--overwrite")
    assert outcome.exit_code != 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in out.parent.iterdir()] == ["bundle"]


def test_synthetic_trainings_are_exported_when_asked_for(run: Run, out: Path) -> None:
    synthetic = out.parent / "synthetic"
    outcome = export(run, synthetic, "--synthetic")
    assert outcome.exit_code == 2
    assert "run `shoulderseg train --synthetic`" in " ".join(outcome.output.split())
    write_results(out.parents[1] / "nnUNet_results", seed=2, synthetic=True)
    assert export(run, synthetic, "--synthetic").exit_code == 0
    assert read_bundle(synthetic).digest != read_bundle(out).digest
    assert export(run, out.parent / "bare", "--unets", str(out), "--synthetic").exit_code == 2


def test_predict_turns_volumes_where_all_training_images_lie_head_up(run: Run, out: Path) -> None:
    # Nothing is known of images that are not there.
    assert not read_bundle(out).upright
    images = out.parents[1] / "nnUNet_raw" / "Dataset001_Untrained" / "imagesTr"
    images.mkdir(parents=True)
    write_image(images / "a_0000.nii.gz", AXIAL)
    (images / ".DS_Store").touch()
    changed = export(run, out.parent / "changed")
    assert "newer than the trainings" in " ".join(changed.output.split())
    assert not read_bundle(out.parent / "changed").upright
    os.utime(images / "a_0000.nii.gz", (1e9, 1e9))
    outcome = export(run, out.parent / "up")
    assert outcome.exit_code == 0, outcome.output
    assert read_bundle(out.parent / "up").upright
    write_image(images / "b_0000.nii.gz", replace(AXIAL, direction=TURNED))
    outcome = export(run, out.parent / "mixed")
    assert "(first: b_0000.nii.gz)" in " ".join(outcome.output.split())
    assert not read_bundle(out.parent / "mixed").upright
    assert export(run, out.parent / "stated", "--upright").exit_code == 0
    assert read_bundle(out.parent / "stated").upright
    (images / "c_0000.nii.gz").write_text("no image")
    outcome = export(run, out.parent / "unknown")
    assert "not here to tell how they lie" in " ".join(outcome.output.split())
    assert not read_bundle(out.parent / "unknown").upright


def test_export_does_not_replace_what_is_not_a_bundle(
    run: Run, trained: TrainedDataset, bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for words in (["export", "901", tmp_path], ["export", "901", tmp_path, "--overwrite"]):
        assert run(*words, "--size", "small").exit_code == 2
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_three_planes_are_said_of_upright_bundles_alone(run: Run, out: Path) -> None:
    assert not read_bundle(out).three_planes
    outcome = export(run, out, "--upright", "--three-planes", "--overwrite")
    assert outcome.exit_code == 0, outcome.output
    assert read_bundle(out).three_planes
    assert read_bundle(out).upright
    for words in ((), ("--no-upright",)):
        outcome = export(run, out.parent / "other", "--three-planes", *words)
        assert outcome.exit_code == 2
        assert "--three-planes needs training images that lay upright" in " ".join(
            outcome.output.split()
        )
        assert not (out.parent / "other").exists()
