"""A bundle learns what it needs to be computed in eight bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from shoulderseg.workflows.bundles.bundle import Bundle, read_bundle
from shoulderseg.workflows.calibration import int8
from shoulderseg.workflows.calibration.int8 import describe_int8, keep_int8, measure_int8
from tests.untrained import write_untrained

FILE = "int8.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bundle").mkdir()
    write_untrained(tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def bundle(folder: Path) -> Bundle:
    return read_bundle(folder)


def images(folder: Path, count: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(2)
    for number in range(count):
        image = SimpleITK.GetImageFromArray(rng.normal(size=(3, 40, 36)).astype(np.float32))
        image.SetSpacing((2.0, 2.0, 4.0))
        SimpleITK.WriteImage(image, str(folder / f"{number}.nii.gz"))
    return folder


def test_ranges_are_kept_in_the_bundle_and_taken_out_again(
    folder: Path, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "_MOST_CHANGED", 10)
    report = measure_int8(bundle, images(tmp_path / "images", 3))
    assert report.refused is None
    assert report.changed is not None
    assert describe_int8(report).endswith("% of a U-Net's mask and may be used")
    keep_int8(folder, report.ranges)
    found = read_bundle(folder)
    assert set(found.unets.ranges) == {"humerus", "glenoid", "whole"}
    assert found.digest != bundle.digest
    keep_int8(folder, {})
    assert read_bundle(folder).digest == bundle.digest
    assert FILE not in {path.name for path in folder.iterdir()}
    keep_int8(folder, {})


@pytest.mark.parametrize("stopped_at", [FILE, "bundle.json"])
def test_a_stop_while_they_are_taken_out_is_made_up_for(
    folder: Path,
    bundle: Bundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stopped_at: str,
) -> None:
    monkeypatch.setattr(int8, "_MOST_CHANGED", 10)
    keep_int8(folder, measure_int8(bundle, images(tmp_path / "images", 2)).ranges)
    replace = Path.replace

    def stop(self: Path, target: Path) -> Path:
        if stopped_at in (self.name, target.name):
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            keep_int8(folder, {})
    # Before the first renaming nothing has happened, after it the second is made up for.
    kept = bool(read_bundle(folder).unets.ranges)
    assert kept == (stopped_at == FILE)


def test_a_bundle_that_changes_too_much_does_without(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "_MOST_CHANGED", -1)
    report = measure_int8(bundle, images(tmp_path / "images", 2))
    assert not report.ranges
    assert "too much of the masks" in describe_int8(report)


def test_one_image_is_too_little_and_a_broken_one_is_passed_over(
    bundle: Bundle, tmp_path: Path
) -> None:
    folder = images(tmp_path / "images", 1)
    (folder / "broken.nii.gz").write_bytes(b"no image")
    # Images and label maps may share a folder.
    SimpleITK.WriteImage(SimpleITK.Image(8, 8, 8, SimpleITK.sitkUInt8), folder / "0.seg.nrrd")
    report = measure_int8(bundle, folder)
    assert "needs two images at least, 1 can be used" in describe_int8(report)
    assert not report.ranges


def test_volumes_are_turned_only_where_predict_turns_them(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An axial volume whose rows and columns are stored the other way round."""
    import dataclasses

    from shoulderseg.nnunet_ext import quantise

    seen: list[tuple[int, ...]] = []

    def note(_unets: object, image: np.ndarray, _spacing_mm: object) -> np.ndarray:
        seen.append(image.shape)
        return np.zeros((0, 0, 0), np.float32)

    monkeypatch.setattr(quantise, "middle_of_case", note)
    image = SimpleITK.GetImageFromArray(np.random.default_rng(0).normal(size=(3, 40, 60)))
    image.SetDirection((0, 1, 0, 1, 0, 0, 0, 0, 1))
    (tmp_path / "images").mkdir()
    SimpleITK.WriteImage(image, str(tmp_path / "images" / "a.nii.gz"))
    for upright in (False, True):
        measure_int8(dataclasses.replace(bundle, upright=upright), tmp_path / "images")
    assert seen == [(3, 40, 60), (3, 60, 40)]
