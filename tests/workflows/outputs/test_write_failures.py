"""What stays of a case where a part of it cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.workflows.outputs.formats import Format
from shoulderseg.workflows.outputs.plan import Case, OutputPlan
from tests.datasets.oblique_case import oblique_image, write_sources
from tests.workflows.outputs.written_case import damaged_sources, write_case


def test_a_seg_without_dicom_is_refused(tmp_path: Path) -> None:
    plan = OutputPlan(tmp_path / "out", (Format.dicom,))
    with pytest.raises(ValueError, match="needs DICOM input"):
        write_case(plan, Case("a"))
    assert not list(plan.out.iterdir())


@pytest.mark.parametrize("kind", ["plain", "dicom"])
def test_what_else_was_asked_for_is_written_all_the_same(tmp_path: Path, kind: str) -> None:
    case = Case("a", damaged_sources(tmp_path) if kind == "dicom" else ())
    record = write_case(OutputPlan(tmp_path / "out", (Format.nifti, Format.dicom)), case)
    assert record["outputs"] == ["a.nii.gz"]
    reason = "FrameOfReferenceUID is missing" if kind == "dicom" else "needs DICOM input"
    assert reason in record["not_written"]["dicom-seg"]
    assert record["error"] == f"a: no dicom-seg: {record['not_written']['dicom-seg']}"


def test_a_seg_that_nobody_asked_for_does_not_fail_the_case(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record = write_case(OutputPlan(tmp_path / "out"), Case("a", damaged_sources(tmp_path)))
    assert record["outputs"] == ["a.nii.gz"]
    assert "FrameOfReferenceUID is missing" in record["not_written"]["dicom-seg"]
    assert "no DICOM SEG" in caplog.text


def full(*_: object) -> None:
    msg = "the disk is full"
    raise OSError(msg)


def too_large(*_: object) -> None:
    raise MemoryError


BUILD = "shoulderseg.datasets.surfaces.build_surface"
SURFACE = "shoulderseg.datasets.surface_files.write_surface"


def test_a_failed_case_leaves_no_part_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = OutputPlan(tmp_path / "out", (Format.dicom,))
    with pytest.raises(ValueError, match="FrameOfReferenceUID is missing"):
        write_case(plan, Case("a", damaged_sources(tmp_path)))
    monkeypatch.setattr(SURFACE, full)
    with pytest.raises(OSError, match="disk is full"):
        write_case(OutputPlan(plan.out, (Format.stl,)), Case("a"))
    assert not list(plan.out.iterdir())


@pytest.mark.parametrize(
    ("broken", "fail", "reason"),
    [(BUILD, too_large, "MemoryError"), (SURFACE, full, "the disk is full")],
)
def test_what_is_whole_is_kept_where_a_surface_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, fail: object, reason: str
) -> None:
    plan = OutputPlan(tmp_path / "out", (Format.nifti, Format.stl, Format.ply))
    write_case(plan, Case("a"))
    monkeypatch.setattr(broken, fail)
    record = write_case(plan, Case("a"))
    # Surfaces of the earlier run would pass for those of this label map.
    assert [path.name for path in plan.out.iterdir()] == record["outputs"] == ["a.nii.gz"]
    assert set(record["not_written"]) == {"stl", "ply"}
    assert record["not_written"]["stl"].startswith("humerus: " + reason)
    assert "glenoid: " + reason in record["not_written"]["stl"]
    assert record["error"].startswith("a: no stl: humerus: " + reason)
    assert "surfaces" not in record


def test_a_label_map_that_cannot_be_written_spoils_no_other_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = OutputPlan(tmp_path / "out")
    sources = write_sources(tmp_path / "series", oblique_image())
    monkeypatch.setattr("shoulderseg.datasets.writer.write_label_map", full)
    record = write_case(plan, Case("a", sources))
    assert record["outputs"] == ["a.seg.dcm"]
    # It was not asked for by name, but it is what a run is for.
    assert record["error"] == "a: no nii.gz: the disk is full"


def test_side_files_that_cannot_be_written_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shoulderseg.workflows.outputs.case_files.write_sidecar", full)
    record = write_case(OutputPlan(tmp_path / "out", bids=True), Case("sub-07"))
    assert record["outputs"] == ["sub-07/anat/sub-07_desc-shoulder_dseg.nii.gz"]
    assert record["error"] == "sub-07: no json: the disk is full"
