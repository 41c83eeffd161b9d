"""Folders of slices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK

from shoulderseg.datasets.reader import read_label_map

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_folders_of_slices(run: Run, tmp_path: Path) -> None:
    for number, patient in enumerate(("Anna M", "Bert N", "Carl O")):
        for kind in ("images", "masks"):
            (tmp_path / "in" / patient / kind).mkdir(parents=True)
        for index in range(1, 4):
            image = np.random.default_rng((number, index)).integers(0, 4000, (6, 9))
            mask = np.full((6, 9), 3 * (index == 2))
            for kind, array in (("images", image), ("masks", mask)):
                slice_ = SimpleITK.GetImageFromArray(array.astype(np.uint16))
                path = tmp_path / "in" / patient / kind / f"{index}.png"
                SimpleITK.WriteImage(slice_, str(path))
    (tmp_path / "in/Bert N/masks/2.png").unlink()
    words = ["convert", "slices", tmp_path / "in", tmp_path / "raw", "--spacing-mm", "3.5,0.4,0.6"]
    words += ["--map", "3=humerus", "--folds", "2"]
    outcome = run(*words)
    assert outcome.exit_code == 1, outcome.output
    assert "rejected p002" in outcome.output
    dataset = tmp_path / "raw/Dataset001_Shoulder"
    assert sorted(path.name for path in (dataset / "labelsTr").iterdir()) == [
        "p001.nii.gz",
        "p003.nii.gz",
    ]
    label_map = read_label_map(dataset / "labelsTr/p003.nii.gz")
    assert label_map.spacing_mm == pytest.approx((3.5, 0.4, 0.6))
    assert label_map.array.sum(axis=(1, 2)).tolist() == [0, 54, 0]
    everything = outcome.output + (dataset / "conversion.csv").read_text()
    assert not any(name in everything for name in ("Anna", "Bert", "Carl"))


def _write_stacks(folder: Path) -> None:
    """Slices of three patients; the first has no glenoid (5)."""
    for patient in range(3):
        for index in range(1, 4):
            image = np.random.default_rng((patient, index)).integers(0, 4000, (6, 9))
            mask = np.zeros((6, 9))
            mask[2, 3:5], mask[4, 5:7] = 3, 5 * (patient > 0)
            for kind, array in (("images", image), ("masks", mask)):
                path = folder / f"{patient}" / kind / f"{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                slice_ = SimpleITK.GetImageFromArray(array.astype(np.uint16))
                SimpleITK.WriteImage(slice_, str(path))


def test_stacks_without_a_structure(run: Run, tmp_path: Path) -> None:
    _write_stacks(tmp_path / "in")
    words = ["convert", "slices", tmp_path / "in", tmp_path / "raw", "--spacing-mm", "3,0.4,0.6"]
    words += ["--map", "3=humerus", "--map", "5=glenoid", "--folds", "2"]
    for extra in (["--dry-run"], []):
        outcome = run(*words, *extra)
        assert outcome.exit_code == 1
        assert "rejected p001" in outcome.output
        assert "no voxel of it is glenoid" in outcome.output
    for extra in (["--dry-run"], []):
        outcome = run(*words, "--allow-missing", "--overwrite", *extra)
        assert outcome.exit_code == 0, outcome.output
        assert "p001" in outcome.output
    assert (tmp_path / "raw/Dataset001_Shoulder/labelsTr/p001.nii.gz").exists()


@pytest.mark.parametrize("text", ["1,2", "1,2,x", "", "1,2,3,4"])
def test_wrong_spacing(run: Run, tmp_path: Path, text: str) -> None:
    outcome = run("convert", "slices", tmp_path, tmp_path, "--spacing-mm", text, "--map", "1=bone")
    assert outcome.exit_code == 2
    assert "expected three numbers" in outcome.output
