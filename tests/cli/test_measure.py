from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_label_map
from shoulderseg.morphometry.catalogue import DEFINITIONS
from tests.morphometry.made_shoulder import Made, voxels

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def put(path: Path) -> None:
    shoulder = voxels(Made(), (2.0, 2.0, 2.0))
    array = (shoulder.humerus + 2 * shoulder.glenoid).astype(np.uint8)
    axes = tuple(np.eye(3).ravel().tolist())
    write_label_map(path, array, Volume(array, (2.0, 2.0, 2.0), (-32.0, -40.0, -40.0), axes))


def test_measures_what_it_can_and_says_what_failed(run: Run, tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    put(labels / "good.nii.gz")
    (labels / "bad.nii.gz").write_bytes(b"no image")

    result = run("measure", labels, tmp_path / "out", "--side", "left")

    assert result.exit_code == 1
    assert "1 of 2 label maps measured" in result.output
    assert f" of {len(DEFINITIONS)} measures" in result.output
    assert "bad.nii.gz" in result.output
    assert (tmp_path / "out" / "good.json").is_file()
    assert (tmp_path / "out" / "measures.csv").is_file()


def test_a_folder_without_label_maps_is_wrong_use(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    result = run("measure", tmp_path / "empty", tmp_path / "out")

    assert result.exit_code == 2
    assert "no label maps" in result.output


def test_a_side_without_measures_is_wrong_use(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "scan.nii.gz")

    result = run("predict", tmp_path / "scan.nii.gz", tmp_path / "out", "--side", "left")

    assert result.exit_code == 2
    assert "add --measure" in result.output
    assert not (tmp_path / "out").exists()
