"""What is made again of a case that is done: files that disk or memory did not let be written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.datasets.oblique_case import oblique_image, write_sources
from tests.workflows.cohort.runs import go

SEG = "shoulderseg.datasets.dicom_seg.write_dicom_seg"
REPORT = "shoulderseg.datasets.dicom_sr.write_dicom_sr"


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    write_sources(folder, oblique_image())
    return folder


def fail(error: Exception) -> Any:  # noqa: ANN401
    def write(*_: object) -> None:
        raise error

    return write


@pytest.mark.parametrize(("writer", "form"), [(SEG, "dicom-seg"), (REPORT, "dicom-sr")])
@pytest.mark.parametrize("error", [OSError("the disk is full"), MemoryError("no memory")])
def test_a_dicom_file_that_a_full_disk_kept_away_is_made_by_the_same_command(
    segmenter: Segmenter,
    scans: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    writer: str,
    form: str,
    error: Exception,
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as broken:
        broken.setattr(writer, fail(error))
        [case] = go(segmenter, scans, out, measure=True).begun
    report = json.loads((out / REPORT_FILE).read_text())
    assert form in report["cases"][0]["not_written"]
    assert "error" not in report["cases"][0]

    assert go(segmenter, scans, out, measure=True).begun == [case]
    assert len(list(out.glob("*.dcm"))) == 2
    assert go(segmenter, scans, out, measure=True).kept == [case]


@pytest.mark.parametrize(("writer", "form"), [(SEG, "dicom-seg"), (REPORT, "dicom-sr")])
def test_what_can_never_be_written_is_told_of_each_time(
    segmenter: Segmenter,
    scans: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    writer: str,
    form: str,
) -> None:
    monkeypatch.setattr(writer, fail(ValueError("a tag is missing")))
    [case] = go(segmenter, scans, tmp_path / "out", measure=True).begun

    again = go(segmenter, scans, tmp_path / "out", measure=True)

    assert again.kept == [case]
    assert f"{case}: no {form}: a tag is missing" in again.lines
