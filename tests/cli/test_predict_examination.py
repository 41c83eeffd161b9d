"""`predict --examination`: series that vote together, from DICOM folders and from files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from shoulderseg.datasets.phantom.examination.write import ExaminationSet, write_examinations
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("examined")
    options = PhantomOptions(shape=(9, 96, 96), health="healthy")
    [folder] = write_examinations(out, ExaminationSet(options, 1, 9, "dicom"))
    # A fourth series would only take time.
    shutil.rmtree(max((folder / "images").iterdir()))
    return folder / "images"


def report(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / REPORT_FILE).read_text(encoding="utf-8"))
    return content


def test_inspect_says_which_series_vote_together(run: Run, images: Path) -> None:
    shown = run("inspect", images).output

    assert shown.count("votes with the others of examination_") == 3


def test_dicom_series_of_a_study_vote_together_by_default(
    run: Run, images: Path, tmp_path: Path
) -> None:
    """With the default bundle, on the CPU: the humerus is found, and a 3D model comes out."""
    outcome = run("predict", images, tmp_path / "out", "--no-mirroring", "--format", "nii.gz")

    assert outcome.exit_code == 0, outcome.output
    found = report(tmp_path / "out")
    [examination] = found["examinations"]
    assert found["examination"] == "auto"
    assert examination["why"] == "one patient, study and frame of reference"
    names = {case["case"] for case in found["cases"]}
    assert set(examination["series"]) == names
    assert len(names) == 3
    assert any(series["humerus"]["used"] for series in examination["series"].values())
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert set(examination["outputs"]) <= written
    assert f"{examination['examination']}_bones.nii.gz" in written


def test_off_leaves_each_series_alone(
    run: Run, images: Path, tmp_path: Path, untrained: Path
) -> None:
    words = ["--model", untrained, "--format", "nii.gz", "--examination", "off"]
    outcome = run("predict", images, tmp_path / "out", *words)

    assert outcome.exit_code == 0, outcome.output
    assert "examinations" not in report(tmp_path / "out")
    assert not list((tmp_path / "out").glob("examination*"))


def test_only_takes_the_other_series_of_an_examination_too(
    run: Run, images: Path, tmp_path: Path, untrained: Path
) -> None:
    words = ["--model", untrained, "--format", "nii.gz"]
    assert run("predict", images, tmp_path / "out", *words).exit_code == 0
    before = sorted(path.name for path in (tmp_path / "out").glob("*.nii.gz"))
    first = report(tmp_path / "out")["cases"][0]["case"]
    (tmp_path / "qc_fail.yml").write_text(f"FILES_SEG:\n- {first}\n")
    again = ["--only", tmp_path / "qc_fail.yml", "--vote", "staple", "--overwrite"]
    outcome = run("predict", images, tmp_path / "out", *words, *again)

    assert outcome.exit_code == 0, outcome.output
    assert sorted(path.name for path in (tmp_path / "out").glob("*.nii.gz")) == before
    assert len(report(tmp_path / "out")["examinations"][0]["series"]) == 3
    alone = [*words, *again, "--examination", "off"]
    assert run("predict", images, tmp_path / "alone", *alone).exit_code == 0
    assert [path.name for path in (tmp_path / "alone").glob("*.nii.gz")] == [f"{first}.nii.gz"]


def test_a_damaged_series_keeps_no_other_from_voting(
    run: Run, images: Path, tmp_path: Path, untrained: Path
) -> None:
    copies = tmp_path / "scans"
    shutil.copytree(images, copies)
    first = min(copies.iterdir())
    for path in first.iterdir():
        path.write_bytes(path.read_bytes()[:-300])

    outcome = run("predict", copies, tmp_path / "out", "--model", untrained, "--format", "nii.gz")

    found = report(tmp_path / "out")
    assert outcome.exit_code == 1
    done = [case for case in found["cases"] if "outputs" in case]
    assert len(done) == 2
    assert found["not_reached"] == []
    [examination] = found["examinations"]
    assert "error" not in examination
    assert set(examination["series"]) == {case["case"] for case in done}
