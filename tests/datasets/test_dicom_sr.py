"""Whoever reads a DICOM SR finds the measures, their units, and what was measured."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from pathlib import Path

import highdicom
import pydicom
import pytest

from shoulderseg.datasets.dicom_seg import write_dicom_seg
from shoulderseg.datasets.dicom_sr import SourceSeries, SrOptions, write_dicom_sr
from shoulderseg.datasets.volume import Volume
from shoulderseg.workflows.processes.scripts import installed_script
from tests.datasets.oblique_case import lopsided_labels, oblique_image, write_sources
from tests.datasets.reported_bones import bones, groups_of, texts_of

MADE = datetime(2024, 5, 6, 7, 8, 9)


@pytest.fixture
def segmentation(image: Volume, sources: list[Path], tmp_path: Path) -> Path:
    path = tmp_path / "a.seg.dcm"
    write_dicom_seg(path, lopsided_labels(), image, sources)
    return path


@pytest.fixture
def report(image: Volume, sources: list[Path], segmentation: Path, tmp_path: Path) -> Path:
    path = tmp_path / "a.sr.dcm"
    options = SrOptions(segmentation, "right", MADE)
    write_dicom_sr(path, bones(), [SourceSeries(image, sources)], options)
    return path


def test_each_bone_has_a_group_of_measures_with_units(report: Path) -> None:
    humerus, glenoid = groups_of(report)
    read = [
        {measure.name.meaning: (measure.value, measure.unit.value) for measure in group}
        for group in (humerus.get_measurements(), glenoid.get_measurements())
    ]

    assert read[0] == {"Radius": (24.1234, "mm"), "Volume": (41234.5, "mm3")}
    assert read[1] == {
        "Anterior glenoid bone loss, linear (experimental)": (12.5, "%"),
        # An hour in UCUM is one of time.
        "Place of glenoid bone loss on a clock (experimental)": (3.25, "{clock_hour}"),
    }
    schemes = [measure.name.scheme_designator for measure in humerus.get_measurements()]
    assert schemes == ["SCT", "SCT"]
    private = [measure.name for measure in glenoid.get_measurements()]
    assert {code.scheme_designator for code in private} == {"99SHOULDERSEG"}
    assert all(len(code.value) <= 16 for code in private)
    assert all(measure.method.value == "Experimental" for measure in glenoid.get_measurements())


def test_each_group_says_which_bone_of_which_side(report: Path) -> None:
    for group, code in zip(groups_of(report), ("85050009", "46385009"), strict=True):
        [site] = group.finding_sites
        assert site.value.value == group.finding_type.value == code
        assert site.laterality.value == "24028007"


def test_uncertainty_has_the_unit_of_its_measure(report: Path) -> None:
    radius, volume = groups_of(report)[0].get_measurements()

    items = [
        item
        for item in radius[0].ContentSequence
        if "uncertainty" in item.ConceptNameCodeSequence[0].CodeMeaning
    ]
    assert [float(item.MeasuredValueSequence[0].NumericValue) for item in items] == [0.75, 0.75]
    for item in items:
        unit = item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0]
        assert unit.CodeValue == "mm"
    assert not volume[0].get("ContentSequence")


def test_images_and_segments_that_were_measured_are_referred_to(
    report: Path, sources: list[Path], segmentation: Path
) -> None:
    dataset, seg = pydicom.dcmread(report), pydicom.dcmread(segmentation)
    [study] = dataset.CurrentRequestedProcedureEvidenceSequence
    referred = {
        item.ReferencedSOPInstanceUID
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }

    images = {pydicom.dcmread(path).SOPInstanceUID for path in sources}
    assert referred == images | {seg.SOPInstanceUID}
    for number, group in enumerate(groups_of(report), start=1):
        segment = group.referenced_segment
        assert segment.referenced_sop_instance_uid == seg.SOPInstanceUID
        assert list(segment.referenced_segment_numbers) == [number]


def test_the_patient_is_that_of_the_source_and_it_is_for_research(
    report: Path, sources: list[Path]
) -> None:
    dataset, source = pydicom.dcmread(report), pydicom.dcmread(sources[0])

    for tag in ("PatientName", "PatientID", "StudyInstanceUID"):
        assert dataset[tag].value == source[tag].value
    assert dataset.SeriesInstanceUID != source.SeriesInstanceUID
    assert dataset.Modality == "SR"
    assert dataset.VerificationFlag == "UNVERIFIED"
    assert "research use only" in dataset.SeriesDescription
    names = texts_of(dataset, "Algorithm Name")
    assert names
    assert all("research use only" in name for name in names)
    assert "method: a sphere" in texts_of(dataset, "Algorithm Parameters")


def test_dcmqi_reads_the_same_measures(report: Path, tmp_path: Path) -> None:
    out = tmp_path / "read.json"
    command = [installed_script("tid1500reader"), "--inputDICOM", str(report)]
    outcome = subprocess.run(
        [*command, "--outputMetadata", str(out)], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    humerus, glenoid = json.loads(out.read_text(encoding="utf-8"))["Measurements"]
    assert humerus["Finding"]["CodeMeaning"] == "Humerus"
    assert [float(item["value"]) for item in humerus["measurementItems"]] == [24.1234, 41234.5]
    assert [item["units"]["CodeValue"] for item in glenoid["measurementItems"]] == [
        "%",
        "{clock_hour}",
    ]
    assert [bone["ReferencedSegment"] for bone in (humerus, glenoid)] == [1, 2]


def test_several_series_without_a_segmentation(tmp_path: Path) -> None:
    """As an examination's fused bones are reported."""
    image = oblique_image()
    first, second = (write_sources(tmp_path / str(seed), image, seed) for seed in (1, 2))
    study = pydicom.dcmread(first[0]).StudyInstanceUID
    for path in second:
        dataset = pydicom.dcmread(path)
        dataset.StudyInstanceUID = study
        dataset.save_as(path)
    path = tmp_path / "both.sr.dcm"

    write_dicom_sr(path, bones(), [SourceSeries(image, first), SourceSeries(image, second)])

    evidence = highdicom.sr.srread(path).get_evidence()
    assert {uids[2] for uids in evidence} == {
        pydicom.dcmread(source).SOPInstanceUID for source in (*first, *second)
    }
    [humerus, _] = groups_of(path)
    assert humerus.get_measurements()[0].value == 24.1234
    assert humerus.finding_sites[0].laterality is None


def test_the_same_input_gives_the_same_bytes(
    image: Volume, sources: list[Path], segmentation: Path, report: Path, tmp_path: Path
) -> None:
    again, later = tmp_path / "b.dcm", tmp_path / "c.dcm"
    for path, made in ((again, MADE), (later, MADE.replace(hour=8))):
        options = SrOptions(segmentation, "right", made)
        write_dicom_sr(path, bones(), [SourceSeries(image, sources)], options)

    assert again.read_bytes() == report.read_bytes()
    assert pydicom.dcmread(later).SOPInstanceUID != pydicom.dcmread(report).SOPInstanceUID
