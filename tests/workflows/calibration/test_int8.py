"""A bundle learns what it needs to be computed in eight bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.calibration import int8
from shoulderseg.workflows.calibration.int8 import allow_int8, describe_int8
from tests.untrained import write_untrained

FILE = "int8.safetensors"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "bundle").mkdir()
    write_untrained(tmp_path / "bundle")
    return tmp_path / "bundle"


def images(folder: Path, count: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(2)
    for number in range(count):
        image = SimpleITK.GetImageFromArray(rng.normal(size=(3, 40, 36)).astype(np.float32))
        image.SetSpacing((2.0, 2.0, 4.0))
        SimpleITK.WriteImage(image, str(folder / f"{number}.nii.gz"))
    return folder


def test_ranges_are_kept_in_the_bundle(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "_MOST_CHANGED", 1)
    before = read_bundle(bundle).digest
    report = allow_int8(bundle, images(tmp_path / "images", 3))
    assert report.refused is None
    assert report.changed is not None
    found = read_bundle(bundle)
    assert set(found.unets.ranges) == {"humerus", "glenoid", "whole"}
    assert found.digest != before
    assert describe_int8(report).endswith("% of a network's mask and may be used")


def test_a_bundle_that_changes_too_much_is_left_without(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "_MOST_CHANGED", -1)
    report = allow_int8(bundle, images(tmp_path / "images", 2))
    assert report.refused is not None
    assert not (bundle / FILE).exists()
    assert "too much" in describe_int8(report)


def test_one_image_is_too_little_and_a_broken_one_is_passed_over(
    bundle: Path, tmp_path: Path
) -> None:
    folder = images(tmp_path / "images", 1)
    (folder / "broken.nii.gz").write_bytes(b"no image")
    report = allow_int8(bundle, folder)
    assert "int8 needs two images at least, 1 can be used" in describe_int8(report)
    assert not read_bundle(bundle).unets.ranges
