"""`predict --report`, `report`, and what reads the verdicts, with untrained U-Nets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest
import SimpleITK

from tests.datasets.oblique_case import oblique_image, write_sources
from tests.workflows.report.made_run import bones, page_data, write_files

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.fixture
def words(untrained: Path, tmp_path: Path) -> list[object]:
    """The command on three images."""
    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for number in range(3):
        image = SimpleITK.GetImageFromArray(rng.normal(100, 20, (3, 32, 32)).astype(np.float32))
        SimpleITK.WriteImage(image, str(tmp_path / "in" / f"c{number}.nii.gz"))
    return ["predict", tmp_path / "in", tmp_path / "out", "--model", untrained, "--device", "cpu"]


def test_predict_pictures_each_case_and_builds_the_page(
    run: Run, words: list[object], tmp_path: Path
) -> None:
    outcome = run(*words, "--report")
    assert outcome.exit_code == 0, outcome.output
    page = tmp_path / "out" / "report" / "index.html"
    assert "report page of 3 cases: " in outcome.output
    rows = page_data(page)["rows"]
    assert sorted(row["case"] for row in rows) == ["c0", "c1", "c2"]
    assert all(row["file"] and row["thumbnail"] and not row.get("note") for row in rows)
    # The images may be gone by now.
    for image in (tmp_path / "in").iterdir():
        image.unlink()
    made = page.read_text(encoding="utf-8")
    page.unlink()
    outcome = run("report", tmp_path / "out")
    assert outcome.exit_code == 0, outcome.output
    assert "without their image" not in outcome.output
    assert [row["thumbnail"] for row in page_data(page)["rows"]] == [
        row["thumbnail"] for row in rows
    ]
    assert "http-equiv" in made


def test_without_images_the_page_says_so_and_with_them_shows_them(
    run: Run, words: list[object], tmp_path: Path
) -> None:
    assert run(*words).exit_code == 0
    outcome = run("report", tmp_path / "out")
    assert outcome.exit_code == 0, outcome.output
    assert "3 cases are shown without their image; see --images" in outcome.output
    outcome = run("report", tmp_path / "out", "--images", tmp_path / "in", "--single-file")
    assert outcome.exit_code == 0, outcome.output
    assert "without their image" not in outcome.output
    assert (tmp_path / "out" / "report" / "report.html").is_file()


def test_a_case_that_cannot_be_pictured_is_missed_and_fails_nothing(
    run: Run, words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("shoulderseg.workflows.report.mesh.small_meshes", fail)
    outcome = run(*words, "--report")
    assert outcome.exit_code == 0, outcome.output
    [row, *_] = page_data(tmp_path / "out" / "report" / "index.html")["rows"]
    assert (row.get("thumbnail"), row["note"]) == (None, "RuntimeError")


def test_the_page_tells_nothing_that_only_a_header_does(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    for path in write_sources(tmp_path / "in" / "MUELLER_JOERG", oblique_image()):
        dataset = pydicom.dcmread(path)
        dataset.PatientName, dataset.PatientID = "MUELLER^JOERG", "4711998"
        dataset.SeriesDescription = "cor t1 of mrs mueller"
        dataset.save_as(path)
    out = tmp_path / "out"
    words = ["predict", tmp_path / "in", out, "--model", untrained, "--device", "cpu", "--report"]
    outcome = run(*words)
    assert outcome.exit_code == 0, outcome.output
    files = [path for path in (out / "report").rglob("*") if path.is_file()]
    assert len(files) == 4
    said = "\n".join([*(path.read_text() for path in files), *map(str, files)]).lower()
    assert [word for word in ("mueller", "joerg", "4711998", "cor t1") if word in said] == []
    [row] = page_data(out / "report" / "index.html")["rows"]
    assert row["sequence"]
    assert row["side_from"]


def test_a_folder_without_a_run_ends_with_2(run: Run, tmp_path: Path) -> None:
    outcome = run("report", tmp_path)
    assert outcome.exit_code == 2
    assert "expected a folder that `shoulderseg predict` wrote to" in " ".join(
        outcome.output.split()
    )


def test_only_what_a_list_names_is_segmented_again(
    run: Run, words: list[object], tmp_path: Path
) -> None:
    assert run(*words).exit_code == 0
    label_map = tmp_path / "out" / "c0.nii.gz"
    label_map.unlink()
    fails = tmp_path / "qc_fail.yml"
    fails.write_text('FILES_SEG:\n- "c1"\n- "gone"\n')
    outcome = run(*words, "--only", fails)
    assert outcome.exit_code == 0, outcome.output
    assert "1 of 1 cases written" in outcome.output
    assert not label_map.exists()
    report = json.loads((tmp_path / "out" / "shoulderseg_report.json").read_text())
    assert [record["case"] for record in report["cases"]] == ["c1"]
    fails.write_text("FILES_SEG: [other]\n")
    outcome = run(*words, "--only", fails)
    assert outcome.exit_code == 2
    assert "names none of the 3 cases" in " ".join(outcome.output.split())


def test_failed_cases_are_left_out_of_a_dataset(run: Run, tmp_path: Path) -> None:
    for number in range(4):
        label_map = bones((8, 40 + number, 48))
        write_files(tmp_path / "labels", tmp_path / "images", f"c{number}", label_map)
    (tmp_path / "labels" / "c3.nii.gz").unlink()
    fails = tmp_path / "qc_fail.yml"
    fails.write_text("FILES_SEG: [c1, c3]\n")
    words = ["convert", "pairs", tmp_path / "images", tmp_path / "labels", tmp_path / "raw"]
    words += ["--map", "1=humerus,2=glenoid", "--folds", "2", "--exclude", fails]
    outcome = run(*words, "--dry-run")
    assert outcome.exit_code == 0, outcome.output
    assert "c1" not in outcome.output
    outcome = run(*words)
    assert outcome.exit_code == 0, outcome.output
    made = tmp_path / "raw" / "Dataset001_Shoulder" / "labelsTr"
    assert sorted(path.name for path in made.iterdir()) == ["c0.nii.gz", "c2.nii.gz"]
    fails.write_text("FILES_SEG: [other]\n")
    outcome = run(*words, "--overwrite")
    assert outcome.exit_code == 2
    assert "none of the 1 names" in outcome.output
