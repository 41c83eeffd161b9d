"""Runs into one folder: their reports add up, and no two work in it at a time."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

from shoulderseg.workflows.cohort.presence import LOCK_FILE
from shoulderseg.workflows.inputs.collect import collect_inputs
from shoulderseg.workflows.outputs.plan import CASES_FILE, REPORT_FILE, OutputPlan
from shoulderseg.workflows.segmentation.earlier_runs import read_earlier
from shoulderseg.workflows.segmentation.listener import Listener
from shoulderseg.workflows.segmentation.run import execute_run, prepare_run
from shoulderseg.workflows.segmentation.segmenter import Segmenter


@pytest.fixture(scope="module")
def segmenter(untrained: Path) -> Segmenter:
    return Segmenter(untrained, device="cpu", mirroring=False)


def _images(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        rng = np.random.default_rng(len(name))
        image = SimpleITK.GetImageFromArray(rng.normal(100, 20, (3, 32, 36)).astype(np.float32))
        SimpleITK.WriteImage(image, str(folder / f"{name}.nii.gz"))
    return folder


def _change(images: Path) -> None:
    """Other voxels in all images, so that none is done already."""
    for path in images.iterdir():
        SimpleITK.WriteImage(SimpleITK.ReadImage(str(path)) + 1, str(path))


def _run(segmenter: Segmenter, images: Path, out: Path, stop_before: str = "") -> list[str]:
    """Segments a folder; gives the summary's lines."""
    inputs = collect_inputs(images, images, out)
    run = prepare_run(segmenter, inputs, images, OutputPlan(out))

    def start(name: str) -> None:
        if name == stop_before:
            raise KeyboardInterrupt

    try:
        execute_run(run, Listener(on_start=start))
    except KeyboardInterrupt:
        assert stop_before
    return run.report.summary([], calibrated=False)


def _report(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / REPORT_FILE).read_text(encoding="utf-8"))
    return content


def _names(report: dict[str, Any]) -> list[list[str]]:
    runs = [*report.get("earlier_runs", []), report]
    return [[record["case"] for record in run["cases"]] for run in runs]


def test_reports_of_other_cases_add_up(segmenter: Segmenter, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _run(segmenter, _images(tmp_path / "a", "a1", "a2"), out)
    (tmp_path / "a" / "a3.nii.gz").write_bytes(b"cut off")
    _run(segmenter, _images(tmp_path / "b", "b1"), out)
    lines = _run(segmenter, _images(tmp_path / "c", "c1"), out)
    report = _report(out)
    assert report["complete"]
    assert _names(report) == [["a1", "a2"], ["b1"], ["c1"]]
    assert "3 cases of earlier runs into this folder are in report and table too" in lines[2]
    with (out / CASES_FILE).open(encoding="utf-8") as stream:
        assert [row["case"] for row in csv.DictReader(stream)] == ["a1", "a2", "b1", "c1"]
    assert not (out / LOCK_FILE).exists()


def test_a_case_made_anew_counts_once(segmenter: Segmenter, tmp_path: Path) -> None:
    out, images = tmp_path / "out", _images(tmp_path / "a", "a1", "a2")
    _run(segmenter, images, out)
    (images / "a1.nii.gz").write_bytes(b"cut off")
    lines = _run(segmenter, images, out)
    assert _names(_report(out)) == [["a1", "a2"]]
    assert "error" in _report(out)["cases"][0]
    assert "earlier runs" not in " ".join(lines)


def test_a_stopped_run_loses_nothing_of_the_one_before(
    segmenter: Segmenter, tmp_path: Path
) -> None:
    out, images = tmp_path / "out", _images(tmp_path / "a", "a1", "a2", "a3")
    _run(segmenter, images, out)
    _change(images)
    _run(segmenter, images, out, stop_before="a2")
    report = _report(out)
    assert (report["complete"], report["not_reached"]) == (False, ["a2", "a3"])
    assert _names(report) == [["a2", "a3"], ["a1"]]
    _run(segmenter, _images(tmp_path / "b", "b1"), out)
    report = _report(out)
    assert report["complete"]
    assert _names(report) == [["a2", "a3"], ["a1"], ["b1"]]
    assert [run["complete"] for run in report["earlier_runs"]] == [True, False]


def test_failures_of_one_name_and_two_inputs_are_two(segmenter: Segmenter, tmp_path: Path) -> None:
    """Damaged DICOM files are called by numbers, and scans of two folders may have one name."""
    out = tmp_path / "out"
    for folder in ("a", "b"):
        images = _images(tmp_path / folder, f"{folder}1")
        (images / "broken.dcm").write_bytes(folder.encode() * 300)
        (images / "T1.nii.gz").write_bytes(folder.encode())
        lines = _run(segmenter, images, out)
    assert _names(_report(out)) == [
        ["dicom_file_1", "T1", "a1"],
        ["dicom_file_1", "T1", "b1"],
    ]
    assert "3 cases of earlier runs" in " ".join(lines)
    _run(segmenter, tmp_path / "b", out)
    assert len(_names(_report(out))) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"cases": [{}]}', b'{"cases": [{"case": 3}]}', b"\xff\xfe", b'{"a": 1}'],
    ids=repr,
)
def test_what_is_no_report_is_put_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / REPORT_FILE
    for number in (1, 2):
        path.write_bytes(content)
        assert read_earlier(path) == []
        assert not path.exists()
        assert (tmp_path / f"shoulderseg_report_unread_{number}.json").read_bytes() == content
