from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest

from shoulderseg.datasets.labels import describe_labels
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.seg_nrrd import write_seg_nrrd
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image

if TYPE_CHECKING:
    from tests.cli.conftest import Run

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def put(
    path: Path, array: npt.NDArray[np.uint8], origin_mm: tuple[float, float, float] = (0, 0, 0)
) -> None:
    path.parent.mkdir(exist_ok=True)
    write_image(path, Volume(array, (2.0, 1.0, 1.0), origin_mm, IDENTITY))


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    reference = np.zeros((4, 12, 10), np.uint8)
    reference[:, 2:6, 2:6] = 1
    reference[:, 8:10, 2:8] = 2
    shifted = np.zeros_like(reference)
    shifted[:, 2:6, 3:7] = 1
    for case in ("a", "b"):
        put(tmp_path / "ref" / f"{case}.nii.gz", reference)
    put(tmp_path / "pred" / "a.nii.gz", reference)
    put(tmp_path / "pred" / "b.nii.gz", shifted)
    return tmp_path


def test_values_known_on_paper(run: Run, folders: Path) -> None:
    outcome = run(
        *("evaluate", folders / "pred", folders / "ref"),
        *("--csv", folders / "s.csv", "--json", folders / "s.json"),
    )
    assert outcome.exit_code == 0, outcome.output
    with (folders / "s.csv").open() as stream:
        rows = {(row["case"], row["structure"]): row for row in csv.DictReader(stream)}
    assert float(rows["a", "humerus"]["dice"]) == 1
    # 3 of 4 columns overlap.
    assert float(rows["b", "humerus"]["dice"]) == pytest.approx(0.75)
    assert float(rows["b", "humerus"]["iou"]) == pytest.approx(0.6)
    assert float(rows["b", "humerus"]["hd95_mm"]) == pytest.approx(1)
    # The glenoid of b is missing: no Dice, and the diagonal of 8 x 12 x 10 mm.
    assert float(rows["b", "glenoid"]["dice"]) == 0
    assert float(rows["b", "glenoid"]["hd95_mm"]) == pytest.approx(np.sqrt(308))
    summary = json.loads((folders / "s.json").read_text())["summary"]
    assert summary["humerus"]["dice"]["mean"] == pytest.approx(0.875)
    assert summary["humerus"]["dice"]["sd"] == pytest.approx(0.25 / np.sqrt(2))
    assert "0.875" in outcome.output


def test_one_case_has_a_mean_and_no_deviation(run: Run, folders: Path) -> None:
    outcome = run("evaluate", folders / "pred" / "b.nii.gz", folders / "ref" / "b.nii.gz")
    assert outcome.exit_code == 0, outcome.output
    assert "0.750" in outcome.output
    assert "nan" not in outcome.output
    assert "±" not in outcome.output


def test_what_no_case_shows_is_a_dash(run: Run, folders: Path) -> None:
    for path in [*(folders / "pred").iterdir(), *(folders / "ref").iterdir()]:
        put(path, np.zeros((4, 12, 10), np.uint8))
    words = ("evaluate", folders / "pred", folders / "ref", "--map", "7=clavicle")
    outcome = run(*words)
    assert outcome.exit_code == 2
    assert "nothing was compared" in " ".join(outcome.output.split())
    (row,) = [line for line in outcome.output.splitlines() if line.startswith("clavicle")]
    assert row.split() == ["clavicle", "0", *["-"] * 7]


def test_other_structures(run: Run, folders: Path) -> None:
    outcome = run("evaluate", folders / "pred", folders / "ref", "--map", "1=femur")
    assert "femur" in outcome.output
    assert "glenoid" not in outcome.output
    told = " ".join(outcome.output.split())
    assert "warning: label 2 in 1 prediction is compared with nothing" in told
    assert "warning: label 2 in 2 references is compared with nothing" in told
    outcome = run("evaluate", folders / "pred", folders / "ref", "--map", "1=femur,2=tibia")
    assert outcome.exit_code == 0, outcome.output
    assert "tibia" in outcome.output


@pytest.mark.parametrize("swapped", ["pred", "ref"])
def test_an_image_is_no_label_map(run: Run, folders: Path, swapped: str) -> None:
    path = folders / swapped / "a.nii.gz"
    image = np.arange(480, dtype=np.int16).reshape(4, 12, 10)
    write_image(path, Volume(image, (2.0, 1.0, 1.0), (0.0, 0.0, 0.0), IDENTITY))
    outcome = run("evaluate", folders / "pred", folders / "ref")
    assert outcome.exit_code == 1
    assert "480 different values" in outcome.output
    assert "a.nii.gz" in outcome.output


def test_references_with_other_values_are_no_failed_model(run: Run, folders: Path) -> None:
    for case in ("a", "b"):
        put(folders / "ref" / f"{case}.nii.gz", np.full((4, 12, 10), 5, np.uint8))
    outcome = run("evaluate", folders / "pred", folders / "ref", "--csv", folders / "s.csv")
    assert outcome.exit_code == 2
    told = " ".join(outcome.output.split())
    assert "a.nii.gz holds label 5 and none of 1=humerus or 2=glenoid" in told
    assert "0.000" not in told
    for case in ("a", "b"):
        put(folders / "pred" / f"{case}.nii.gz", np.full((4, 12, 10), 5, np.uint8))
    assert run("evaluate", folders / "pred", folders / "ref", "--map", "5=bone").exit_code == 0


def test_one_case_with_other_values_is_named_and_the_others_count(run: Run, folders: Path) -> None:
    put(folders / "pred" / "b.nii.gz", np.full((4, 12, 10), 9, np.uint8))
    outcome = run("evaluate", folders / "pred", folders / "ref")
    assert outcome.exit_code == 1
    assert "b.nii.gz holds label 9" in outcome.output
    (row,) = [line for line in outcome.output.splitlines() if line.startswith("humerus")]
    assert row.split()[:3] == ["humerus", "1", "1.000"]


def test_an_empty_prediction_is_a_missed_bone(run: Run, folders: Path) -> None:
    put(folders / "pred" / "b.nii.gz", np.zeros((4, 12, 10), np.uint8))
    outcome = run("evaluate", folders / "pred", folders / "ref")
    assert outcome.exit_code == 0
    assert "0.500" in outcome.output


def test_two_files_are_a_pair_whatever_they_are_called(run: Run, folders: Path) -> None:
    (folders / "pred/b.nii.gz").rename(folders / "pred/series_1.nii.gz")
    outcome = run("evaluate", folders / "pred/series_1.nii.gz", folders / "ref/b.nii.gz")
    assert outcome.exit_code == 0, outcome.output
    assert "0.750" in outcome.output


def test_names_that_differ_are_given_in_a_file(run: Run, folders: Path) -> None:
    (folders / "pred/b.nii.gz").rename(folders / "pred/series_1.nii.gz")
    names = folders / "names.csv"
    words = ("evaluate", folders / "pred", folders / "ref", "--pairs", names)
    names.write_text("prediction,reference\nseries_1,b.nii.gz\n")
    outcome = run(*words)
    assert outcome.exit_code == 0, outcome.output
    assert "0.875" in outcome.output
    for wrong, reason in (
        ("series_9,b", "row 1 names series_9, and no prediction is called so"),
        ("series_1,c", "row 1 names c, and no reference is called so"),
        ("series_1", "row 1 has 1 cells"),
        ("series_1,b\na,b", "reference b comes twice"),
    ):
        names.write_text(wrong)
        outcome = run(*words)
        assert outcome.exit_code == 2
        assert reason in " ".join(outcome.output.split())


def test_a_case_in_several_formats_counts_once(run: Run, folders: Path) -> None:
    """As `predict --format nii.gz,nrrd,seg.nrrd,mha` leaves them."""
    whole = read_label_map(folders / "pred/b.nii.gz")
    for suffix in ("nrrd", "mha"):
        write_image(folders / f"pred/b.{suffix}", whole)
    write_seg_nrrd(folders / "pred/b.seg.nrrd", whole.array, whole)
    outcome = run("evaluate", folders / "pred", folders / "ref")
    assert outcome.exit_code == 0, outcome.output
    assert "0.875" in outcome.output
    write_seg_nrrd(folders / "pred/b.seg.nrrd", whole.array * 0, whole)
    outcome = run("evaluate", folders / "pred", folders / "ref")
    assert outcome.exit_code == 1
    assert "b.seg.nrrd and b.mha have the same case name and differ" in outcome.output


def test_names_in_the_header_decide(run: Run, folders: Path) -> None:
    """The second annotator drew the humerus last: its value is 2, its name is right."""
    whole = read_label_map(folders / "ref/b.nii.gz")
    swapped = np.choose(whole.array, [0, 2, 1]).astype(np.uint8)
    (folders / "ref/b.nii.gz").unlink()
    write_seg_nrrd(
        folders / "ref/b.seg.nrrd", swapped, whole, describe_labels({"Glenoid": 1, "HUMERUS": 2})
    )
    outcome = run("evaluate", folders / "pred", folders / "ref")
    assert outcome.exit_code == 0, outcome.output
    assert "0.875" in outcome.output


def test_missing_and_misplaced_predictions_are_named(run: Run, folders: Path) -> None:
    put(folders / "ref" / "c.nii.gz", np.ones((4, 12, 10), np.uint8))
    array = np.ones((4, 12, 10), np.uint8)
    put(folders / "pred" / "b.nii.gz", array, origin_mm=(0, 0, 5))
    outcome = run("evaluate", folders / "pred", folders / "ref")
    assert outcome.exit_code == 1
    assert "c: no prediction" in outcome.output
    assert "b.nii.gz: not on the grid" in outcome.output
    assert "humerus" in outcome.output


def test_empty_folder(run: Run, folders: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("evaluate", tmp_path / "empty", folders / "ref").exit_code == 2
    assert run("evaluate", folders / "pred", tmp_path / "nowhere").exit_code == 2
