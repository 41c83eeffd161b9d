"""A DICOM SR of odd headers and odd words: none reaches a log, a message or what is obeyed."""

from __future__ import annotations

import logging
from pathlib import Path

import pydicom
import pytest

from shoulderseg.datasets.dicom.sr_groups import ReportedMeasure
from shoulderseg.datasets.dicom_sr import SourceSeries, write_dicom_sr
from shoulderseg.datasets.volume import Volume
from tests.datasets.reported_bones import bones, groups_of, texts_of

HOSTILE = '"><script>\x1b[2J\n\u202eüJANE' + "n" * 2000


def test_hostile_text_does_no_harm(image: Volume, sources: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    odd = ReportedMeasure(HOSTILE, 1.0, "mm", 0.5, True, (HOSTILE,))

    write_dicom_sr(path, bones(odd), [SourceSeries(image, sources)])

    measure = groups_of(path)[1].get_measurements()[-1]
    assert measure.value == 1.0
    assert len(measure.name.meaning) <= 64
    assert measure.name.meaning.isprintable()
    assert measure.name.value.isprintable()
    assert all(
        text.isprintable() for text in texts_of(pydicom.dcmread(path), "Algorithm Parameters")
    )


@pytest.mark.parametrize(
    ("tag", "value", "allowed"),
    [
        ("PatientSex", "JANE", True),
        ("PatientName", "JANE", True),
        ("PatientBirthDate", None, True),
        ("SliceThickness", None, True),
        ("PatientBirthDate", "00000000", True),
        ("PatientBirthDate", "19500000", True),
        ("StudyDate", "JANE", True),
        ("StudyTime", "JANE", True),
        ("PatientName", "JANE\\JANE", False),
        ("FrameOfReferenceUID", None, False),
    ],
)
def test_odd_headers_reach_no_log_and_no_message(
    image: Volume,
    sources: list[Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    tag: str,
    value: str | None,
    allowed: bool,
) -> None:
    for path in sources:
        dataset = pydicom.dcmread(path)
        if value is None:
            del dataset[tag]
        dataset.private_block(0x0009, "JANE", create=True).add_new(1, "LO", "JANE")
        with pydicom.config.disable_value_validation():
            if value is not None:
                setattr(dataset, tag, value)
            dataset.save_as(path)
    out, said = tmp_path / "a.dcm", ""
    with caplog.at_level(logging.DEBUG):
        try:
            write_dicom_sr(out, bones(), [SourceSeries(image, sources)])
        except ValueError as error:
            said = str(error)

    assert (said == "") == allowed
    assert out.exists() == allowed
    assert "JANE" not in said + caplog.text
    if allowed:
        assert not [element for element in pydicom.dcmread(out) if element.tag.is_private]


def test_nothing_to_report_and_wrong_units_are_refused(
    image: Volume, sources: list[Path], tmp_path: Path
) -> None:
    out, series = tmp_path / "a.dcm", [SourceSeries(image, sources)]
    with pytest.raises(ValueError, match="found 0 bones and 1 series"):
        write_dicom_sr(out, [], series)
    with pytest.raises(ValueError, match="5 DICOM source files for 6 slices"):
        write_dicom_sr(out, bones(), [SourceSeries(image, sources[:5])])
    with pytest.raises(ValueError, match="unit is 'inch', expected one of mm"):
        write_dicom_sr(out, bones(ReportedMeasure("x", 1.0, "inch")), series)
    assert not out.exists()
