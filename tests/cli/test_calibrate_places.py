"""What `calibrate` tells where it fails: before the work, or with what it has found out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.workflows.bundles import manifest
from shoulderseg.workflows.bundles.bundle import read_bundle
from tests.cli.test_calibrate import calibrate, folder
from tests.cli.two_discs import put

if TYPE_CHECKING:
    from tests.cli.conftest import Run

__all__ = ["folder"]


def test_a_bundle_that_has_no_room_is_refused_at_once(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if folder / "bundle" in path.parents:
            raise OSError(28, "No space left on device", str(path))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    words = [folder / name for name in ("bundle", "images", "labels")]
    outcome = run("calibrate", *words, "--device", "cpu")
    assert outcome.exit_code == 3
    told = " ".join(outcome.output.split())
    assert f"the calibration cannot be kept in {folder / 'bundle'}: No space left" in told
    assert "int8" not in told
    assert not list((folder / "bundle").glob(".*"))


def test_figures_are_told_before_they_are_written(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibrate(run, folder, "--copies", "0")
    before = read_bundle(folder / "bundle").digest

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "quality.json")

    monkeypatch.setattr(manifest, "put_file", full)
    monkeypatch.setattr(manifest, "drop_file", full)
    words = [folder / name for name in ("bundle", "images", "labels")]
    outcome = run("calibrate", *words, "--device", "cpu", "--copies", "0")
    assert outcome.exit_code == 2
    told = " ".join(outcome.output.split())
    assert "humerus: predicted Dice off by" in told
    assert "the disk is full" in told
    assert read_bundle(folder / "bundle").digest == before


def test_why_images_could_not_be_used_is_told_where_too_few_are_left(
    run: Run, folder: Path
) -> None:
    for path in (folder / "labels").iterdir():
        put(path, np.zeros((2, 32, 32), np.uint8))
    words = [folder / name for name in ("bundle", "images", "labels")]
    outcome = run("calibrate", *words, "--device", "cpu")
    assert outcome.exit_code == 2
    told = " ".join(outcome.output.split())
    assert "expected at least 3; give more images. 5 could not be used: c0.nii.gz: not on" in told
    assert told.endswith("and 2 more")
