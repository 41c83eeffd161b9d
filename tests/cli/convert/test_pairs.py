from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK

from shoulderseg.cli.label_map import parse_label_map, parse_structures, split_entries
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.writer import write_image, write_label_map
from tests.datasets.converters.bodies import draw_body, write_subject
from tests.datasets.dicom.writing import (
    ACROSS,
    ALONG_ROW,
    COLUMN_MM,
    COLUMNS,
    COUNT,
    DOWN,
    ORIGIN_MM,
    ROW_MM,
    ROWS,
    STEP_MM,
    series,
)
from tests.datasets.dicom.writing import write as write_slices

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


def test_entries_of_a_map_are_repeated_or_separated_by_commas() -> None:
    expected = {3: "humerus", 5: "glenoid"}
    assert parse_label_map(["3=humerus,5=glenoid"]) == expected
    assert parse_label_map(["3=humerus", "5=glenoid"]) == expected
    assert list(parse_label_map(["5=glenoid, 3=humerus"])) == [5, 3]
    # Commas in names of segments.
    assert split_entries(["Bone, left=humerus,2=glenoid"]) == ["Bone, left=humerus", "2=glenoid"]
    assert split_entries(["1=humerus, all of it"]) == ["1=humerus, all of it"]


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


@pytest.mark.parametrize(("name", "image"), [("mri", "mri.nii.gz"), ("ct", "ct.nii.gz")])
def test_shoulders_of_body_scans(run: Run, tmp_path: Path, name: str, image: str) -> None:
    bodies = {side: draw_body(side) for side in ("left", "right")}
    write_subject(tmp_path / "in/s0001", bodies["left"], "left", image)
    write_subject(tmp_path / "in/s0002", bodies["right"], "right", image)
    (tmp_path / "in/s0003/segmentations").mkdir(parents=True)
    words = ["convert", f"totalseg-{name}", tmp_path / "in", tmp_path / "raw", "--folds", "2"]
    words += ["--dataset-id", "31", "--name", "Body", "--margin-mm", "15", "--allow-missing"]
    dry = run(*words, "--dry-run")
    assert dry.exit_code == 1
    assert not (tmp_path / "raw").exists()
    outcome = run(*words)
    # The folder without an image is faulty; sides that are not in the image are not.
    assert outcome.exit_code == 1, outcome.output
    for told in (dry.output, outcome.output):
        assert "Licence: CC BY" in told
        assert ("supraspinous fossa" in told) == (name == "ct")
        assert "skipped s0001_right" in told
        assert f"rejected s0003 (s0003): {image} is missing" in told
    dataset = tmp_path / "raw/Dataset031_Body"
    written = sorted(path.name for path in (dataset / "imagesTr").iterdir())
    assert written == ["s0001_left_0000.nii.gz", "s0002_right_0000.nii.gz"]
    description = json.loads((dataset / "dataset.json").read_text())
    assert description["channel_names"] == {"0": name.upper()}
    assert "s0001_left,s0001 left\n" in (dataset / "conversion.csv").read_text()


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


def test_dry_run_ends_as_the_real_run_when_nothing_can_be_taken(run: Run, tmp_path: Path) -> None:
    write_subject(tmp_path / "in/s0001", draw_body("left"), "left")
    words = ["convert", "totalseg-mri", tmp_path / "in", tmp_path / "raw"]
    words += ["--min-voxels", "10000000"]
    for extra in (["--dry-run"], []):
        outcome = run(*words, *extra)
        assert outcome.exit_code == 2, outcome.output
        assert "no case can be taken" in outcome.output
        assert "humerus_left.nii.gz has" in outcome.output


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


@pytest.mark.parametrize("text", ["1,2", "1,2,x", "", "1,2,3,4"])
def test_wrong_spacing(run: Run, tmp_path: Path, text: str) -> None:
    outcome = run("convert", "slices", tmp_path, tmp_path, "--spacing-mm", text, "--map", "1=bone")
    assert outcome.exit_code == 2
    assert "expected three numbers" in outcome.output


def test_examinations_with_masks(run: Run, tmp_path: Path) -> None:
    for seed, patient in enumerate(("Anna M", "Bert N", "Carl O")):
        write_slices(tmp_path / "in" / patient, series(seed))
        mask = SimpleITK.GetImageFromArray(np.full((COUNT, ROWS, COLUMNS), 3, np.uint8))
        mask.SetOrigin(ORIGIN_MM.tolist())
        mask.SetSpacing((COLUMN_MM, ROW_MM, STEP_MM if patient != "Bert N" else 2.0))
        mask.SetDirection(np.stack([ALONG_ROW, DOWN, ACROSS], axis=1).ravel().tolist())
        SimpleITK.WriteImage(mask, str(tmp_path / "in" / patient / f"{patient}.nii.gz"))
    words = ["convert", "dicom-study", tmp_path / "in", tmp_path / "raw", "--folds", "2"]
    words += ["--map", "3=glenoid", "--map", "4=humerus", "--allow-missing"]
    strict = run(*words[:-1])
    assert strict.exit_code == 2
    assert "no voxel of it is humerus" in strict.output
    shutil.rmtree(tmp_path / "raw")
    dry = run(*words, "--dry-run")
    assert dry.exit_code == 1, dry.output
    assert not (tmp_path / "raw").exists()
    outcome = run(*words)
    assert outcome.exit_code == 1, outcome.output
    for told in (dry.output, outcome.output):
        assert "rejected p002_mask1" in told
        assert "skipped p002_series_6_" in told
        assert "spacing in mm (Z, Y, X): found (2, 0.6, 0.5), expected (3.3, 0.6, 0.5)" in told
    dataset = tmp_path / "raw/Dataset001_Shoulder"
    written = sorted(path.name[:14] for path in (dataset / "labelsTr").iterdir())
    assert written == ["p001_series_5_", "p003_series_7_"]
    assert json.loads((dataset / "dataset.json").read_text())["labels"]["glenoid"] == 1
    everything = dry.output + outcome.output + (dataset / "conversion.csv").read_text()
    assert not any(name in everything for name in ("Anna", "Bert", "Carl", "Doe", "MRN"))


def test_structures_of_map_entries() -> None:
    keys, labels = parse_structures(["1=glenoid", "Arm  Bone=humerus", "2=humerus", "x=background"])
    assert keys == {"1": "glenoid", "arm bone": "humerus", "2": "humerus", "x": "background"}
    assert labels == {"background": 0, "glenoid": 1, "humerus": 2}
    assert parse_structures([])[1] == {"background": 0, "humerus": 1, "glenoid": 2}


@pytest.mark.parametrize(
    "entries", [["a"], ["=a"], ["0=a"], ["1="], ["A=b", "a=c"], ["1=background"]]
)
def test_wrong_structures(entries: list[str]) -> None:
    with pytest.raises(ValueError, match="--map"):
        parse_structures(entries)
