"""`CASE.sr.dcm` of `predict --measure`: where it is written, what is in it, and when it goes."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest

from shoulderseg.morphometry.catalogue import DEFINITIONS
from shoulderseg.refine.examination.consensus import Consensus
from shoulderseg.workflows.examination.vote import Examination
from shoulderseg.workflows.inputs.case_input import CaseInput
from shoulderseg.workflows.inputs.collect import collect_inputs
from shoulderseg.workflows.measure.results import measure_examination, measure_result
from shoulderseg.workflows.measure.structured_report import report_case, report_examination
from shoulderseg.workflows.outputs.formats import Format
from shoulderseg.workflows.outputs.plan import REPORT_FILE, Case, OutputPlan
from shoulderseg.workflows.segmentation.result import Result
from shoulderseg.workflows.segmentation.run import execute_run, prepare_run
from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.datasets.oblique_case import oblique_image, write_sources
from tests.workflows.measure.made_case import VALUES, drawn, result, source

SURE = {"humerus": 0.95, "glenoid": 0.95}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A left shoulder that was read from a DICOM series."""
    made = result(SURE)
    volume = made.segmented()[0]
    image = replace(volume, array=(100 * volume.array).astype(np.int16))
    files = write_sources(tmp_path_factory.mktemp("scan") / "series", image)
    return replace(made, source_files=tuple(files))


def written(
    out: Path, one: Result, image: CaseInput, *formats: Format, side: str = ""
) -> dict[str, Any]:
    """Writes a case as a run does; gives its record."""
    plan = OutputPlan(out, formats)
    plan.start()
    record = {"case": one.name, **one.write(plan)}
    record |= measure_result(image, one, side)
    case = Case(one.name, one.source_files)
    return record | report_case(plan, case, one, record)


def read(path: Path) -> dict[str, tuple[float, str]]:
    content: Any = highdicom.sr.srread(path).content
    groups = [
        *content.get_volumetric_roi_measurement_groups(),
        *content.get_image_measurement_groups(),
    ]
    return {
        f"{group.finding_type.meaning}: {measure.name.meaning}": (measure.value, measure.unit.value)
        for group in groups
        for measure in group.get_measurements()
    }


def given(record: Mapping[str, Any]) -> dict[str, float]:
    measures = record["measures_of_bones"]
    return {one["name"]: one["value"] for one in measures if one["value"] is not None}


def test_what_is_given_is_reported_and_what_is_refused_is_not(
    measured: Result, tmp_path: Path
) -> None:
    record = written(tmp_path, measured, source("left"))

    assert record["outputs"] == ["a.nii.gz", "a.seg.dcm", "a.sr.dcm"]
    assert record["patient_data"].startswith("a.seg.dcm and a.sr.dcm: each carries")
    found, values = read(tmp_path / "a.sr.dcm"), given(record)
    assert len(found) == len(values) < len(DEFINITIONS)
    assert found["Humerus: Radius"] == (values["head_radius"], "mm")
    assert found["Humerus: Volume"] == (values["humerus_volume"], "mm3")
    height = found["Glenoid cavity of scapula: Height"]
    assert height == (values["glenoid_height"], "mm")


def test_each_segment_is_that_of_the_segmentation(measured: Result, tmp_path: Path) -> None:
    written(tmp_path, measured, source("left"))

    seg = pydicom.dcmread(tmp_path / "a.seg.dcm")
    names = {item.SegmentNumber: item.SegmentLabel for item in seg.SegmentSequence}
    content: Any = highdicom.sr.srread(tmp_path / "a.sr.dcm").content
    for group in content.get_volumetric_roi_measurement_groups():
        [number] = group.referenced_segment.referenced_segment_numbers
        assert names[number] in group.tracking_identifier
        assert group.finding_sites[0].laterality.meaning == "Left"


def test_a_side_that_the_axes_tell_is_reported(measured: Result, tmp_path: Path) -> None:
    record = written(tmp_path, measured, source(), side="axes")

    assert "bone_loss_area" in given(record)
    content: Any = highdicom.sr.srread(tmp_path / "a.sr.dcm").content
    for group in content.get_volumetric_roi_measurement_groups():
        assert group.finding_sites[0].laterality.meaning == "Left"


def test_an_uncertainty_does_not_promise_more_than_was_looked_at(
    measured: Result, tmp_path: Path
) -> None:
    written(tmp_path, measured, source("left"))

    text = (tmp_path / "a.sr.dcm").read_bytes()
    assert b"in nine of ten phantoms the interval holds the true value" in text
    assert b"in nine of ten phantoms the interval holds what the same measure gives" in text
    assert b"holds the true value in nine of ten cases" not in text


def test_every_measure_has_a_code_of_its_own() -> None:
    from shoulderseg.datasets.dicom.measure_codes import name_code, unit_code

    codes = [name_code(name, experimental=one.experimental) for name, one in DEFINITIONS.items()]

    # Both bones have a volume; their groups tell which it is.
    assert len({(code.scheme_designator, code.value) for code in codes}) == len(codes) - 1
    assert all(len(code.meaning) <= 64 for code in codes)
    assert all(
        unit_code(definition.unit).scheme_designator == "UCUM"
        for definition in DEFINITIONS.values()
    )


def test_it_is_written_only_beside_a_segmentation(measured: Result, tmp_path: Path) -> None:
    plain = written(tmp_path, measured, source(), Format.nifti)
    other = written(tmp_path / "b", replace(measured, source_files=()), source())

    assert (plain["outputs"], other["outputs"]) == (["a.nii.gz"], ["a.nii.gz"])
    assert "patient_data" not in plain
    assert not list(tmp_path.rglob("*.dcm"))


def test_what_cannot_be_written_fails_no_case_and_says_why(
    measured: Result, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.sr.dcm").mkdir()
    with caplog.at_level(logging.WARNING):
        record = written(tmp_path, measured, source())

    assert "error" not in record
    assert record["outputs"] == ["a.nii.gz", "a.seg.dcm"]
    assert "dicom-sr" in record["not_written"]
    assert "a: no DICOM SR: " in caplog.text
    patient = pydicom.dcmread(measured.source_files[0])
    assert str(patient.PatientName) not in caplog.text + json.dumps(record)


def test_bones_of_an_examination_have_a_report_without_segments(
    measured: Result, tmp_path: Path
) -> None:
    alone = Consensus(None, ())
    examination = Examination((measured, measured), drawn(measured), {}, (alone, alone))
    series = [source("left"), source("left")]
    record = {"outputs": ["one.json"], **measure_examination("one", series, examination, VALUES)}

    said = report_examination(OutputPlan(tmp_path), "one", examination, record)
    nothing = report_examination(OutputPlan(tmp_path, (Format.nifti,)), "two", examination, record)

    assert said["outputs"] == ["one.json", "one.sr.dcm"]
    assert nothing == {}
    assert read(tmp_path / "one.sr.dcm")["Humerus: Radius"] == (given(record)["head_radius"], "mm")
    assert not (tmp_path / "two.sr.dcm").exists()


def test_a_run_writes_it_and_one_without_measures_takes_it_away(
    untrained: Path, tmp_path: Path
) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    write_sources(scans, oblique_image())
    segmenter = Segmenter(untrained, device="cpu", mirroring=False)

    def run(*, measure: bool) -> dict[str, Any]:
        inputs = collect_inputs(scans, scans, out)
        prepared = prepare_run(
            segmenter, inputs, scans, OutputPlan(out), measure=measure, overwrite=True
        )
        execute_run(prepared)
        lines = prepared.report.summary([], calibrated=False)
        assert any("DICOM SR" in line for line in lines) == measure
        record: dict[str, Any] = json.loads((out / REPORT_FILE).read_text())["cases"][0]
        return record

    first = run(measure=True)
    [path] = out.glob("*.sr.dcm")
    assert first["outputs"][-1] == path.name
    assert set(given(first).values()) == {value for value, _ in read(path).values()}
    second = run(measure=False)
    assert not list(out.glob("*.sr.dcm"))
    assert len(second["outputs"]) == 2
