from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.cli.convert import parse_label_map
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.shapes import Grid, draw_shapes
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image

if TYPE_CHECKING:
    from tests.cli.conftest import Run

GRID = Grid((4, 20, 16), (3.0, 0.8, 0.7))


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in range(7):
        image, label_map = draw_shapes(rng, GRID)
        # Values 3 and 5 stand for 1 and 2.
        values = np.array([0, 3, 5], np.uint8)[label_map.array]
        geometry = (image.spacing_mm, image.origin_mm, image.direction)
        for folder, volume in (("images", image), ("labels", Volume(values, *geometry))):
            (tmp_path / folder).mkdir(exist_ok=True)
            write_image(tmp_path / folder / f"p{number}.nii.gz", volume)
    return tmp_path


def test_pairs_become_an_nnunet_dataset(run: Run, folders: Path) -> None:
    words = ["convert", "pairs", folders / "images", folders / "labels", folders / "raw"]
    words += ["--map", "3=humerus", "--map", "5=glenoid", "--dataset-id", "12", "--folds", "2"]
    outcome = run(*words, "--name", "Test", "--test-cases", "p1,p4")
    assert outcome.exit_code == 0, outcome.output
    dataset = folders / "raw" / "Dataset012_Test"
    description = json.loads((dataset / "dataset.json").read_text())
    assert description["labels"] == {"background": 0, "humerus": 1, "glenoid": 2}
    assert description["numTraining"] == 5
    assert sorted(path.name for path in (dataset / "labelsTs").iterdir()) == [
        "p1.nii.gz",
        "p4.nii.gz",
    ]
    assert set(np.unique(read_label_map(dataset / "labelsTr" / "p0.nii.gz").array)) == {0, 1, 2}
    assert len(json.loads((dataset / "splits_final.json").read_text())) == 2


def test_problems_end_with_2_and_name_the_file(run: Run, folders: Path) -> None:
    (folders / "labels" / "p3.nii.gz").unlink()
    words = ["convert", "pairs", folders / "images", folders / "labels", folders / "raw"]
    outcome = run(*words, "--map", "3=humerus", "--map", "5=glenoid")
    assert outcome.exit_code == 2
    assert "p3" in outcome.output
    assert not (folders / "raw").exists()


@pytest.mark.parametrize("entries", [["humerus"], ["0=a"], ["x=a"], ["1="], ["1=a", "1=b"]])
def test_wrong_map_entries(entries: list[str]) -> None:
    with pytest.raises(ValueError, match="--map"):
        parse_label_map(entries)
