"""With untrained U-Nets, so that nothing has to be trained first."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.manifest import put_file
from tests.cli.two_discs import put, put_discs

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle, and five images of two discs with their label maps."""
    put_discs(tmp_path, 3)
    return tmp_path


def calibrate(run: Run, folder: Path, *more: object) -> str:
    words = [folder / name for name in ("bundle", "images", "labels")]
    outcome = run("calibrate", *words, "--device", "cpu", *more)
    assert outcome.exit_code == 0, outcome.output
    return " ".join(outcome.output.split())


def test_predict_tells_what_calibrate_taught(run: Run, folder: Path) -> None:
    put(folder / "others" / "noise.nii.gz", np.random.default_rng(0).random((3, 32, 32)))
    output = calibrate(run, folder, "--negatives", folder / "others")
    assert "5 images and 10 degraded copies" in output
    assert "humerus: predicted Dice off by" in output
    assert "negatives flagged: " in output
    out = folder / "out"
    words = ["predict", folder / "images", out, "--model", folder / "bundle", "--device", "cpu"]
    outcome = run(*words)
    assert outcome.exit_code == 0, outcome.output
    report = json.loads((out / "shoulderseg_report.json").read_text())
    settings = {"mirroring": False, "vote": "majority", "voters": "unets"}
    assert report["quality_calibrated_with"]["precision"] == report["precision"]
    assert settings.items() <= report["quality_calibrated_with"].items()
    assert report["model_sha256"] == read_bundle(folder / "bundle").digest
    for case in report["cases"]:
        quality = case["quality"]
        assert 0.0 < quality["humerus"] < 0.85
        assert set(quality) == {"humerus", "glenoid", "flags", "features"}
        assert "seconds" in case
        assert "quality" in case["seconds"]
        wanted = f"predicted Dice of the humerus is {quality['humerus']:.2f}, below 0.85"
        assert wanted in quality["flags"]
        # Flags are no failure, and all of them are told.
        assert f"check {case['case']}: {'; '.join(quality['flags'])}" in outcome.output
    assert outcome.output.rstrip().endswith("5 of 5 cases flagged")


def test_the_threshold_is_the_users(run: Run, folder: Path) -> None:
    for wrong in ("1.5", "a", "0.1,0.2,0.3", ""):
        outcome = run("calibrate", folder / "bundle", folder, folder, "--flag-below", wrong)
        assert outcome.exit_code == 2
        assert "expected one number from 0 to 1" in " ".join(outcome.output.split())
    calibrate(run, folder, "--flag-below", "0.0", "--copies", "0")
    words = ["predict", folder / "images", folder / "out", "--model", folder / "bundle"]
    assert "predicted Dice of" not in run(*words, "--device", "cpu").output


def test_without_a_calibration_predicted_dice_is_null(run: Run, folder: Path) -> None:
    words = ["predict", folder / "images", folder / "out", "--model", folder / "bundle"]
    outcome = run(*words, "--device", "cpu")
    assert outcome.exit_code == 0, outcome.output
    assert "not calibrated" in outcome.output
    report = json.loads((folder / "out" / "shoulderseg_report.json").read_text())
    quality = report["cases"][0]["quality"]
    assert quality["humerus"] is None
    assert quality["features"]["humerus"]["area_cm2"] > 0


def test_the_seed_decides_and_a_second_call_replaces_the_first(run: Run, folder: Path) -> None:
    written = []
    for seed in (1, 2, 1):
        calibrate(run, folder, "--seed", seed)
        written.append((folder / "bundle" / "quality.json").read_bytes())
    assert written[0] == written[2]
    assert written[0] != written[1]
    assert read_bundle(folder / "bundle").quality is not None


def test_a_damaged_calibration_ends_with_3(run: Run, folder: Path) -> None:
    """Also where its fingerprint is right."""
    calibrate(run, folder, "--copies", "0")

    def spoil(path: Path) -> None:
        path.write_text("{}", encoding="utf-8")

    put_file(folder / "bundle", "quality.json", spoil)
    words = ["predict", folder / "images", folder / "out", "--model", folder / "bundle"]
    outcome = run(*words, "--device", "cpu")
    assert outcome.exit_code == 3
    assert "quality.json of bundle is damaged" in " ".join(outcome.output.split())


def test_an_interrupted_write_leaves_the_bundle_as_it_was(run: Run, folder: Path) -> None:
    calibrate(run, folder, "--copies", "0")
    before = read_bundle(folder / "bundle").digest

    def stop(path: Path) -> None:
        path.write_text("half of", encoding="utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put_file(folder / "bundle", "quality.json", stop)
    assert read_bundle(folder / "bundle").digest == before


def test_what_cannot_be_used_is_left_out_and_named(run: Run, folder: Path) -> None:
    put(folder / "labels" / "c4.nii.gz", np.zeros((3, 32, 30), np.uint8))
    put(folder / "others" / "noise.nii.gz", np.random.default_rng(0).random((3, 32, 32)))
    (folder / "others" / "broken.nii.gz").write_bytes(b"no image")
    words = [folder / name for name in ("bundle", "images", "labels")]
    more = ["--device", "cpu", "--copies", "0", "--negatives", folder / "others"]
    outcome = run("calibrate", *words, *more)
    assert outcome.exit_code == 1, outcome.output
    output = " ".join(outcome.output.split())
    assert "left out: c4.nii.gz: not on the grid of its image" in output
    assert "left out: broken.nii.gz" in output
    assert "4 images and 0 degraded copies" in output
    assert "(1 of 1)" in output.split("negatives flagged: ")[1]
    assert read_bundle(folder / "bundle").quality is not None


def test_a_folder_without_negatives_is_refused_at_once(run: Run, folder: Path) -> None:
    before = read_bundle(folder / "bundle").digest
    (folder / "others").mkdir()
    words = [folder / name for name in ("bundle", "images", "labels")]
    outcome = run("calibrate", *words, "--device", "cpu", "--negatives", folder / "others")
    assert outcome.exit_code == 2
    assert "no images found in" in outcome.output
    assert read_bundle(folder / "bundle").digest == before


def test_a_stop_between_the_two_renames_is_made_up_for(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibrate(run, folder, "--copies", "0")
    bundle = folder / "bundle"
    replace, digest = Path.replace, read_bundle(bundle).digest
    first = (bundle / "quality.json").read_bytes()

    def stop(self: Path, target: Path) -> Path:
        if target.name == "bundle.json" and (bundle / "quality.json").read_bytes() != first:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        words = [bundle, folder / "images", folder / "labels", "--copies", "1"]
        assert run("calibrate", *words, "--device", "cpu").exit_code == 130
    second = (bundle / "quality.json").read_bytes()
    repaired = read_bundle(bundle)
    assert repaired.digest != digest
    assert read_bundle(bundle).digest == repaired.digest
    assert (bundle / "quality.json").read_bytes() == second
    assert not [path.name for path in bundle.iterdir() if path.name.startswith(".")]
    # What is left of an interruption before both is no excuse for a damaged file.
    (bundle / ".bundle.json.part").write_bytes((bundle / "bundle.json").read_bytes())
    (bundle / "plans.json").write_text("{}")
    with pytest.raises(ValueError, match=r"plans\.json of bundle"):
        read_bundle(bundle)


def test_wrong_input_ends_with_2_and_leaves_the_bundle(run: Run, folder: Path) -> None:
    before = read_bundle(folder / "bundle").digest
    words = [folder / name for name in ("bundle", "images", "labels")]
    (folder / "labels" / "c4.nii.gz").unlink()
    outcome = run("calibrate", *words, "--device", "cpu")
    assert outcome.exit_code == 2
    assert "there is no label map named c4" in outcome.output
    for name in ("images/c4.nii.gz", "images/c3.nii.gz", "labels/c3.nii.gz"):
        (folder / name).unlink()
    outcome = run("calibrate", *words, "--device", "cpu")
    assert outcome.exit_code == 2
    assert "found 3 images with label maps, 1 of them of one patient" in outcome.output
    assert read_bundle(folder / "bundle").digest == before


def test_without_a_bundle_it_ends_with_3(run: Run, folder: Path) -> None:
    words = [folder / name for name in ("bundle", "images", "labels")]
    shutil.rmtree(folder / "bundle")
    assert run("calibrate", *words, "--device", "cpu").exit_code == 3


def test_int8_is_kept_with_the_rest_or_not_at_all(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shoulderseg.workflows.calibration import int8

    bundle = folder / "bundle"
    monkeypatch.setattr(int8, "_MOST_CHANGED", 10)
    assert "of a U-Net's mask and may be used" in calibrate(run, folder, "--copies", "0")
    assert read_bundle(bundle).unets.ranges
    # What was allowed once is taken back where it is refused now.
    monkeypatch.setattr(int8, "_MOST_CHANGED", -1)
    assert "is left out" in calibrate(run, folder, "--copies", "0")
    assert not read_bundle(bundle).unets.ranges
    # A calibration that fails leaves the bundle as it was.
    monkeypatch.setattr(int8, "_MOST_CHANGED", 10)
    before = read_bundle(bundle).digest
    for path in (folder / "labels").iterdir():
        put(path, np.zeros((2, 32, 32), np.uint8))
    words = [bundle, folder / "images", folder / "labels", "--device", "cpu"]
    assert run("calibrate", *words).exit_code != 0
    assert read_bundle(bundle).digest == before


def test_cases_judged_bad_teach_nothing(run: Run, folder: Path) -> None:
    verdicts = folder / "qc.csv"
    verdicts.write_text("case,verdict\nc0,pass\nc1,fail\n02,fail\n")
    output = calibrate(run, folder, "--verdicts", verdicts)
    assert all(said in output for said in ("4 images and 8 degraded copies", "a label map: 02."))
    verdicts.write_text("case,verdict\nc0,artefact\nc1,fail\n")
    words = [folder / name for name in ("bundle", "images", "labels")]
    outcome = run("calibrate", *words, "--device", "cpu", "--verdicts", verdicts)
    assert outcome.exit_code == 2
    assert "found 3 images with label maps, 1 of them" in " ".join(outcome.output.split())
