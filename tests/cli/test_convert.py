from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.cli.convert import parse_label_map
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.writer import write_image, write_label_map

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.case import PhantomCase
    from tests.cli.conftest import Run


@pytest.fixture
def folders(shoulders: list[PhantomCase], tmp_path: Path) -> Path:
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for number, case in enumerate(shoulders[:7]):
        # Values 3 and 5 stand for 1 and 2.
        values = np.array([0, 3, 5], np.uint8)[case.label_map]
        write_image(tmp_path / "images" / f"p{number}.nii.gz", case.image)
        write_label_map(tmp_path / "labels" / f"p{number}.nii.gz", values, case.image)
    return tmp_path


def test_pairs_become_an_nnunet_dataset(
    run: Run, shoulders: list[PhantomCase], folders: Path
) -> None:
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
    written = read_label_map(dataset / "labelsTr" / "p0.nii.gz").array
    np.testing.assert_array_equal(written, shoulders[0].label_map)
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
