"""Pairs of images and label maps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

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


def test_help_tells_which_structure_gets_which_label(run: Run) -> None:
    """Whatever comes first, trainers take label 1 for the humerus."""
    for command in ("pairs", "slices", "dicom-study"):
        told = " ".join(run("convert", command, "--help").output.replace("│", " ").split())
        assert "humerus, or else the first structure, gets label 1" in told


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


def test_dry_run_ends_with_what_would_fail_and_its_fix(run: Run, folders: Path) -> None:
    words = ["convert", "pairs", folders / "images", folders / "labels", folders / "raw"]
    words += ["--map", "3=humerus,5=glenoid", "--dry-run"]
    outcome = run(*words, "--folds", "9")
    assert outcome.exit_code == 2
    assert "would be taken" not in outcome.output
    last = outcome.output.splitlines()[-1]
    assert last.startswith("would fail: ")
    assert "7 patients (7 cases) for 9 folds" in last
    assert last.endswith("--folds 7.")
    (line,) = (line for line in outcome.output.splitlines() if line.startswith("p0 "))
    assert line.endswith("p0.nii.gz")
    (folders / "labels" / "p4.nii.gz").write_bytes(b"")
    outcome = run(*words)
    assert outcome.exit_code == 1
    assert outcome.output.splitlines()[-1].startswith("would fail: 1 rejected")


def test_few_patients_make_fewer_folds_and_it_says_so(run: Run, folders: Path) -> None:
    for number in range(3, 7):
        (folders / "images" / f"p{number}.nii.gz").unlink()
        (folders / "labels" / f"p{number}.nii.gz").unlink()
    words = ["convert", "pairs", folders / "images", folders / "labels", folders / "raw"]
    words += ["--map", "3=humerus,5=glenoid"]
    dry = run(*words, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert dry.output.splitlines()[-1].startswith("3 would be taken, 0 not, in 3 folds")
    outcome = run(*words)
    assert outcome.exit_code == 0, outcome.output
    assert "in 3 folds instead of 5, for so few patients" in outcome.output


def test_dry_run_of_pairs_shows_what_is_there_and_writes_nothing(
    run: Run, folders: Path, shoulders: list[PhantomCase]
) -> None:
    words = ["convert", "pairs", folders / "images", folders / "labels", folders / "raw"]
    words += ["--map", "3=humerus", "--map", "5=glenoid", "--folds", "2", "--dry-run"]
    outcome = run(*words)
    assert outcome.exit_code == 0, outcome.output
    count = np.count_nonzero(shoulders[0].label_map == 1)
    (line,) = (line for line in outcome.output.splitlines() if line.startswith("p0 "))
    assert f"humerus {count}, glenoid" in line
    assert "7 x 48 x 40" in line
    (folders / "labels" / "p3.nii.gz").unlink()
    (folders / "labels" / "p4.nii.gz").write_bytes(b"")
    outcome = run(*words)
    assert outcome.exit_code == 1
    assert "there is no label map named p3" in outcome.output
    assert "p4.nii.gz: file is empty" in outcome.output
    assert not (folders / "raw").exists()


def test_sources_of_pairs_are_hashes_unless_names_are_kept(run: Run, folders: Path) -> None:
    words = ["convert", "pairs", folders / "images", folders / "labels", folders / "raw"]
    words += ["--map", "3=humerus", "--map", "5=glenoid", "--folds", "2", "--overwrite"]
    assert run(*words).exit_code == 0
    sources = folders / "raw/Dataset001_Shoulder/conversion.csv"
    assert "p0,sha256:" in sources.read_text()
    assert "p0.nii.gz" not in sources.read_text()
    assert run(*words, "--keep-source-names").exit_code == 0
    assert "p0,p0.nii.gz\n" in sources.read_text()


def test_pairs_without_a_structure(run: Run, folders: Path) -> None:
    file = folders / "labels/p3.nii.gz"
    whole = read_label_map(file)
    write_label_map(file, np.where(whole.array == 5, 0, whole.array).astype(np.uint8), whole)
    words = ["convert", "pairs", folders / "images", folders / "labels", folders / "raw"]
    words += ["--map", "3=humerus", "--map", "5=glenoid", "--folds", "2"]
    outcome = run(*words)
    assert outcome.exit_code == 2
    assert "label map p3.nii.gz: no voxel of it is glenoid" in outcome.output
    assert run(*words, "--dry-run").exit_code == 1
    assert run(*words, "--dry-run", "--allow-missing").exit_code == 0
    assert run(*words, "--allow-missing").exit_code == 0
