"""Headers of DICOM files: wrong claims, odd tags, the side, and patients' names."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from shoulderseg.datasets.dicom.description import find_side
from shoulderseg.datasets.dicom.folder import read_folder

from .findings import only, used
from .writing import (
    COUNT,
    changed,
    series,
    voxels,
    write,
)

if TYPE_CHECKING:
    from pydicom import Dataset


def set_tag(name: str, value: object) -> Any:  # noqa: ANN401
    def change(dataset: Dataset, _: int) -> None:
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)

    return change


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ImagePositionPatient", None, "ImagePositionPatient is missing"),
        ("ImageOrientationPatient", None, "ImageOrientationPatient is missing"),
        ("PixelSpacing", None, "PixelSpacing is missing"),
        ("PixelSpacing", [0, 0.5], "PixelSpacing is 0 and 0.5"),
        ("PixelSpacing", [0.5, -0.5], "PixelSpacing is 0.5 and -0.5"),
        ("PixelSpacing", [0.5], "must hold 2 finite numbers"),
        ("ImageOrientationPatient", [1, 0, 0, 0.5, 1, 0], "two perpendicular unit vectors"),
        ("ImageOrientationPatient", [0, 0, 0, 0, 0, 0], "two perpendicular unit vectors"),
        ("BitsStored", 17, "BitsAllocated is 16 and BitsStored 17"),
        ("BitsAllocated", 12, "BitsAllocated is 12"),
        ("HighBit", 3, "HighBit is not"),
        ("PixelRepresentation", None, "PixelRepresentation is neither 0 nor 1"),
        ("PhotometricInterpretation", "PALETTE COLOR", "is PALETTE COLOR, expected MONOCHROME1"),
        ("Rows", 60000, "Rows x Columns is 60000 x 32"),
        ("SamplesPerPixel", 3, "colour DICOM"),
        ("NumberOfFrames", 4, "multi-frame .* dcm2niix"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "M", "MOSAIC"], "mosaic.*dcm2niix"),
    ],
)
def test_a_wrong_claim_is_refused_file_by_file(
    tmp_path: Path, name: str, value: object, reason: str
) -> None:
    write(tmp_path, changed(series(), set_tag(name, value)))
    findings = read_folder(tmp_path)
    assert findings.series == ()
    assert len(findings.files) == COUNT
    for finding in findings.files:
        assert finding.refused
        assert re.search(reason, finding.reason), finding.reason


@pytest.mark.parametrize(
    ("tag", "kind", "data"),
    [
        (b"\x20\x00\x11\x00", b"IS", b"--5 "),
        (b"\x20\x00\x11\x00", b"IS", b"1e400 "),
        (b"\x20\x00\x11\x00", b"US", b"abc "),
        (b"\x20\x00\x13\x00", b"IS", b"9" * 5000),
        (b"\x08\x00\x3e\x10", b"DS", b"no number "),
    ],
)
def test_an_odd_tag_spoils_nothing(tmp_path: Path, tag: bytes, kind: bytes, data: bytes) -> None:
    paths = write(tmp_path, series())
    whole = paths[1].read_bytes()
    place = whole.index(tag + b"IS" if tag[0] == 0x20 else tag)
    length = int.from_bytes(whole[place + 6 : place + 8], "little")
    odd = tag + kind + len(data).to_bytes(2, "little") + data
    paths[1].write_bytes(whole[:place] + odd + whole[place + 8 + length :])
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_what_pydicom_says_of_a_value_is_not_passed_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (path,) = write(tmp_path, series()[:1])
    path.write_bytes(path.read_bytes().replace(b"0.6\\0.5 ", b"Doe\\Jan "))
    (finding,) = read_folder(tmp_path).files
    assert finding.reason == "DICOM header is damaged. Export it again."
    assert not caplog.records


@pytest.mark.parametrize(
    ("tags", "side"),
    [
        ({"Laterality": "R"}, ("right", "Laterality")),
        ({"SeriesDescription": "pd fs cor left shoulder"}, ("left", "SeriesDescription")),
        ({"BodyPartExamined": "RT SHOULDER"}, ("right", "BodyPartExamined")),
        ({"SeriesDescription": "Schulter li pd"}, ("left", "SeriesDescription")),
        ({"SeriesDescription": "pd tse re-scan"}, ("unknown", "no tag says it")),
        ({"SeriesDescription": "T2 TSE RT"}, ("unknown", "no tag says it")),
        (
            {"Laterality": "R", "SeriesDescription": "LEFT SHOULDER"},
            ("unknown", "Laterality and SeriesDescription contradict each other"),
        ),
    ],
)
def test_the_side_is_read_and_never_guessed(
    tmp_path: Path, tags: dict[str, Any], side: tuple[str, str]
) -> None:
    write(tmp_path, series(**tags))
    assert find_side(only(tmp_path).slices[0]) == side


@pytest.mark.parametrize("keep", [0, 100, 131, 140, 400])
def test_half_a_header_is_refused_by_name_and_the_rest_goes_on(tmp_path: Path, keep: int) -> None:
    write(tmp_path / "series", series())
    (broken,) = write(tmp_path / "other", series(seed=3)[:1])
    broken.write_bytes(broken.read_bytes()[:keep])
    findings = read_folder(tmp_path)
    np.testing.assert_array_equal(used(findings.series[0]), voxels())
    (finding,) = findings.files
    assert finding.path == broken
    assert finding.refused


def test_no_name_tells_the_patient(tmp_path: Path) -> None:
    write(tmp_path, series())
    one = only(tmp_path)
    for private in ("doe", "jane", "123456"):
        assert private not in one.name.lower()
        assert private not in repr(one.notes).lower()


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        ("Müller^Jörg", "4711", "Mueller"),
        ("Müller^Jörg", "4711", "MULLER_J"),
        ("Müller^Jörg", "4711", unicodedata.normalize("NFD", "müller")),
        (unicodedata.normalize("NFD", "Müller^Jörg"), "4711", "JOERG_1"),
        ("MUELLER^JOERG", "4711", "Müller"),
        ("Großmann^A", "4711", "grossmann"),
        ("Sørensen^A", "4711", "soerensen"),
        ("McDonald^A", "4711", "Mc_Donald"),
        ("YILDIZ^A", "4711", "y\u0131ld\u0131z"),
        ("Ng^Li", "4711", "Ng_1"),
        ("X", "00-4711-998", "004711998"),
        ("X", "00-4711-998", "4711 998"),
        ("X", "4711998", "IM_0004711998"),
        ("X", "A12", "a12"),
    ],
)
def test_a_patient_is_known_in_other_spellings(
    tmp_path: Path, name: str, number: str, words: str
) -> None:
    tags: dict[str, Any] = {"SpecificCharacterSet": "ISO_IR 192"}
    write(tmp_path, series(**tags, PatientName=name, PatientID=number)[:1])
    assert only(tmp_path).slices[0].names_patient(words)


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        ("Müller^Jörg", "4711", "pd tse fs cor 471"),
        ("CompressedSamples^MR1", "4MR1", "MR_small"),
        ("Ng^Li", "", "n-g 1"),
        ("X", "12", "IM12"),
        ("", "", "anything"),
        ("X", "0000", "series"),
        ("X", "001", "IM_1"),
    ],
)
def test_other_words_are_no_patients(tmp_path: Path, name: str, number: str, words: str) -> None:
    tags: dict[str, Any] = {"SpecificCharacterSet": "ISO_IR 192"}
    write(tmp_path, series(**tags, PatientName=name, PatientID=number)[:1])
    assert not only(tmp_path).slices[0].names_patient(words)
