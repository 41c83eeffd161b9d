"""Runs in which series vote together: what is done is kept, and reports stay true."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

from shoulderseg.workflows.examination import run as run_of_series
from shoulderseg.workflows.examination import vote
from shoulderseg.workflows.examination.flags import FAILED, NOT_DRAWN, STOPPED
from shoulderseg.workflows.inputs.collect import collect_inputs
from shoulderseg.workflows.outputs.plan import REPORT_FILE, OutputPlan
from shoulderseg.workflows.segmentation.listener import Listener
from shoulderseg.workflows.segmentation.run import execute_run, prepare_run
from shoulderseg.workflows.segmentation.segmenter import Segmenter

NAMES = ("axial", "coronal", "sagittal")


@pytest.fixture(scope="module")
def segmenter(untrained: Path) -> Segmenter:
    return Segmenter(untrained, device="cpu", mirroring=False)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in NAMES:
        rng = np.random.default_rng(len(name))
        image = SimpleITK.GetImageFromArray(rng.normal(100, 20, (3, 32, 36)).astype(np.float32))
        SimpleITK.WriteImage(image, str(folder / f"{name}.nii.gz"))
    return folder


def run(segmenter: Segmenter, images: Path, out: Path, stop_before: str = "") -> dict[str, Any]:
    """Segments a folder as one examination; gives the report."""
    prepared = prepare_run(
        segmenter, collect_inputs(images, images, out), images, OutputPlan(out), examination="on"
    )

    def start(name: str) -> None:
        if name == stop_before:
            raise KeyboardInterrupt

    try:
        execute_run(prepared, Listener(on_start=start))
    except KeyboardInterrupt:
        assert stop_before
    content: dict[str, Any] = json.loads((out / REPORT_FILE).read_text(encoding="utf-8"))
    return content


def test_all_series_of_a_folder_are_one_examination(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    report = run(segmenter, images, tmp_path / "out")

    assert report["complete"]
    assert [case["case"] for case in report["cases"]] == list(NAMES)
    [examination] = report["examinations"]
    assert set(examination["series"]) == set(NAMES)
    assert (tmp_path / "out" / f"{examination['examination']}.json").is_file()


def test_a_bids_dataset_gets_no_files_that_it_has_no_place_for(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    inputs = collect_inputs(images, images, out)
    prepared = prepare_run(segmenter, inputs, images, OutputPlan(out, bids=True), examination="on")

    execute_run(prepared)

    assert not [path for path in out.rglob("examination*") if ".shoulderseg" not in path.parts]
    report = json.loads((out / REPORT_FILE).read_text(encoding="utf-8"))
    assert len(report["examinations"][0]["series"]) == 3
    summary = prepared.report.summary([], calibrated=False)
    # What untrained networks find nobody agrees on.
    assert any("0 of 3 series vote together" in line for line in summary)


def test_an_interrupted_examination_keeps_the_series_that_are_done(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    report = run(segmenter, images, out, stop_before="sagittal")

    assert not report["complete"]
    assert report["not_reached"] == ["sagittal"]
    assert [case["case"] for case in report["cases"]] == ["axial", "coronal"]
    assert all(STOPPED in str(case["quality"]["flags"]) for case in report["cases"])
    assert (out / "axial.nii.gz").is_file()
    assert "examinations" not in report
    assert not list(out.glob("examination*"))


def test_stopped_in_the_vote_a_run_is_not_complete_and_keeps_what_voted_before(
    segmenter: Segmenter, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with monkeypatch.context() as stopped:
        stopped.setattr(run_of_series, "vote_together", stop)
        report = run(segmenter, images, out, stop_before="nothing")
    assert (report["complete"], report["not_reached"]) == (False, [])
    assert (out / "axial.nii.gz").is_file()
    assert run(segmenter, images, out)["complete"]
    before = {path.name: path.read_bytes() for path in out.glob("*.nii.gz")}
    # Another image in the folder makes another examination of it.
    shutil.copyfile(images / "axial.nii.gz", images / "more.nii.gz")
    monkeypatch.setattr(run_of_series, "vote_together", stop)
    report = run(segmenter, images, out, stop_before="nothing")
    assert not report["complete"]
    assert set(report["not_reached"]) == set(NAMES)
    assert {name: (out / name).read_bytes() for name in before} == before


def test_a_vote_that_failed_is_flagged_and_tried_again(
    segmenter: Segmenter, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    out = tmp_path / "out"
    with monkeypatch.context() as failing:
        failing.setattr(run_of_series, "vote_together", fail)
        report = run(segmenter, images, out)
    assert all(FAILED in str(case["quality"]["flags"]) for case in report["cases"])
    with monkeypatch.context() as failing:
        failing.setattr(vote, "draw_bones", fail)
        report = run(segmenter, images, out)
    [examination] = report["examinations"]
    assert examination["error"].startswith(NOT_DRAWN)
    assert set(examination["series"]) == set(NAMES)
    assert not any(FAILED in str(case["quality"]["flags"]) for case in report["cases"])
    report = run(segmenter, images, out)
    assert "error" not in report["examinations"][0]
    assert set(report["examinations"][0]["series"]) == set(NAMES)
    assert not any("kept" in case for case in report["cases"])
    assert all("kept" in case for case in run(segmenter, images, out)["cases"])


def test_an_examination_whose_series_are_made_anew_leaves_the_report(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    [first] = run(segmenter, images, out)["examinations"]
    (images / "coronal.nii.gz").unlink()

    report = run(segmenter, images, out)

    [second] = report["examinations"]
    assert set(second["series"]) == {"axial", "sagittal"}
    assert first["examination"] != second["examination"]
    assert [case["case"] for one in report["earlier_runs"] for case in one["cases"]] == ["coronal"]
    assert all("examinations" not in one for one in report["earlier_runs"])
