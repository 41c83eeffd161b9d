"""Nobody who is hidden in an input comes out: every byte of every output is searched."""

from __future__ import annotations

import random
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import MRImageStorage
from typer.testing import CliRunner

from benchmarks.fuzzing.privacy import attempt
from shoulderseg.cli.app import app
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from tests.datasets.dicom.writing import series, write
from tests.untrained import write_untrained
from tests.zip_files import packed

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of untrained U-Nets."""
    folder = tmp_path_factory.mktemp("bundle")
    write_untrained(folder)
    return folder


def test_nobody_comes_out(small: Path) -> None:
    """`benchmarks/fuzz_inputs.py --privacy` does the same at length."""

    @given(st.integers(0, 2**32))
    @settings(max_examples=12)
    def try_once(seed: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            _, leaks = attempt(Path(folder), random.Random(seed), said, small, 6)
        assert leaks == []

    try_once()


def said(words: list[str]) -> str:
    outcome = CliRunner().invoke(app, words)
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    return outcome.output


def everything(run: Run, source: Path, out: Path, bundle: Path, *options: object) -> str:
    """What `predict` prints and writes, but the DICOM SEG."""
    words = ["predict", source, out, "--model", bundle, "--device", "cpu", *options]
    outcome = run(*words)
    texts = [path.read_text() for path in out.rglob("*") if path.suffix in (".json", ".csv")]
    names = [path.relative_to(out).as_posix() for path in out.rglob("*")]
    return "\n".join([outcome.output, *texts, *names]).casefold()


def one_file(folder: Path, name: str, **tags: Any) -> None:  # noqa: ANN401
    """A single image, called so."""
    write(folder / "written", series(SpecificCharacterSet="ISO_IR 192", **tags)[:1])
    (path,) = (folder / "written").iterdir()
    path.rename(folder / name)
    path.parent.rmdir()


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("OKAFOR_CHI_1971", {"PatientName": "OKAFOR_CHI_1971"}),
        ("OKAFORX", {"PatientName": "OKAFORX2^CHIY3"}),
        ("RAD_2291847", {"AccessionNumber": "2291847"}),
        ("19710203", {"PatientBirthDate": "19710203"}),
        ("okafor", {"ReferringPhysicianName": "Okafor^C"}),
        ("qb7751", {"PatientID": ["31", "QB7751"]}),
        ("Orsós", {"PatientName": "ORSOS^A"}),
    ],
)
def test_a_lone_file_called_after_somebody(
    run: Run, small: Path, tmp_path: Path, name: str, tags: dict[str, Any]
) -> None:
    one_file(tmp_path / "in", f"{name}.dcm", **tags)
    told = everything(run, tmp_path / "in", tmp_path / "out", small)
    assert name.casefold() not in told
    assert re.search(r"series_\d+_[0-9a-f]{8}\.nii\.gz", told)
    assert name.casefold() not in run("inspect", tmp_path / "in").output.casefold()


def test_a_lone_file_with_a_name_of_its_own_keeps_it(run: Run, small: Path, tmp_path: Path) -> None:
    one_file(tmp_path / "in", "case_7.dcm", PatientName="Okafor^Chi")
    assert "case_7.nii.gz" in everything(run, tmp_path / "in", tmp_path / "out", small)


@pytest.mark.parametrize("folder", ["", "export/"])
def test_a_lone_file_in_a_zip_was_named_by_an_archive(
    run: Run, small: Path, tmp_path: Path, folder: str
) -> None:
    one_file(tmp_path / "in", "a.dcm", PatientName="ANON", PatientID="")
    data = (tmp_path / "in" / "a.dcm").read_bytes()
    archive = packed(
        tmp_path / "pacs.zip",
        (f"{folder}OKAFOR_CHI_5519.dcm", data),
        (f"{folder}report_OKAFOR.par", b"x"),
    )
    told = everything(run, archive, tmp_path / "out", small)
    assert "okafor" not in told
    assert "5519" not in re.sub(r"(series_\d+_)[0-9a-f]{8}", r"\1", told)
    assert "file_1: philips par/rec is not read" in told
    assert "report_OKAFOR.par" in run("inspect", archive).output


def test_other_files_are_counted_and_not_named(run: Run, small: Path, tmp_path: Path) -> None:
    archive = packed(
        tmp_path / "pacs.zip", ("befund_OKAFOR.pdf", b"%PDF"), ("OKAFOR/info.txt", b"5519")
    )
    told = everything(run, archive, tmp_path / "out", small)
    assert "okafor" not in told
    assert "2 other files; `shoulderseg inspect` names them" in told
    assert "befund_OKAFOR.pdf" in run("inspect", archive).output


@pytest.mark.parametrize(("number", "first"), [(8813, 8813), (7740021, 7740022)])
def test_numbers_of_series_and_images_that_are_the_patients(
    run: Run, small: Path, tmp_path: Path, number: int, first: int
) -> None:
    slices = series(PatientID=str(number), SeriesNumber=number)
    for index, item in enumerate(slices):
        item.dataset.InstanceNumber = first + index
    write(tmp_path / "in" / "s", slices)
    told = everything(run, tmp_path / "in", tmp_path / "out", small)
    told += run("inspect", tmp_path / "in").output
    assert str(first) not in told
    assert str(number) not in re.sub(r"(series_\d+_)[0-9a-f]{8}", r"\1", told)
    assert "series_0_" in told


@pytest.mark.parametrize(
    "tags",
    [
        {"PhotometricInterpretation": "OKAFOR CHI"},
        {"Modality": "OKAFOR"},
        {"ImageType": "ORIGINAL\\PRIMARY\\P\\OKAFOR CHI"},
        {"SOPClassUID": "1.2.3.5519"},
        {"FrameOfReferenceUID": "1.2.276.0.05519.OKAFOR"},
        {"SliceThickness": "OKAFOR"},
        {"SeriesNumber": "OKAFOR"},
        {"SpecificCharacterSet": "OKAFOR"},
        {"ProtocolName": "OKAFOR"},
    ],
)
def test_free_text_in_a_tag_reaches_no_message(
    run: Run,
    small: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    tags: dict[str, str],
) -> None:
    with silence_dicom_libraries():
        slices = series()
        for item in slices:
            for tag, value in tags.items():
                if tag != "SOPClassUID":
                    item.dataset[tag] = raw_element(tag, value)
        for path in write(tmp_path / "in" / "s", slices):
            if "SOPClassUID" in tags:
                data = path.read_bytes()
                path.write_bytes(data.replace(MRImageStorage.encode(), b"1.2.276.05519.1.2.3.4.77"))
    told = everything(run, tmp_path / "in", tmp_path / "out", small)
    told += "".join(capfd.readouterr()).casefold()
    told += run("inspect", tmp_path / "in").output.casefold()
    assert "okafor" not in told
    assert "5519" not in re.sub(r"(series_\d+_)[0-9a-f]{8}", r"\1", told)


def raw_element(tag: str, text: str) -> RawDataElement:
    """A value that breaks the rules of its kind."""
    data = text.encode() + b" " * (len(text) % 2)
    return RawDataElement(Tag(tag), dictionary_VR(tag), len(data), data, 0, False, True)


@pytest.mark.parametrize("suffix", [".nrrd", ".seg.nrrd"])
def test_a_segment_called_after_the_patient_is_not_quoted(
    run: Run, tmp_path: Path, suffix: str
) -> None:
    patient = tmp_path / "in" / "somebody"
    slices = series(PatientName="Okafor^Chi", PatientID="5519")
    write(patient / "s", slices)
    shape = (len(slices), *slices[0].pixels.shape)
    labels = np.ones(shape, np.uint8)
    labels[:, :4] = 2
    mask = SimpleITK.GetImageFromArray(labels)
    mask.SetMetaData("Segment1_Name", "humerus")
    mask.SetMetaData("Segment1_LabelValue", "2")
    mask.SetMetaData("Segment0_Name", "OKAFOR glenoid")
    mask.SetMetaData("Segment0_LabelValue", "1")
    SimpleITK.WriteImage(mask, str(patient / f"m{suffix}"))
    words = ["convert", "dicom-study", tmp_path / "in", tmp_path / "raw", "--map", "7=humerus"]
    told = run(*words, "--dry-run").output
    assert "okafor" not in told.casefold()
    assert "it holds a name that holds the patient's, expected" in told


@pytest.mark.parametrize(("value", "told"), [("YES", True), ("NO", False)])
def test_text_that_is_burnt_into_pixels_is_warned_of(
    run: Run, small: Path, tmp_path: Path, value: str, told: bool
) -> None:
    write(tmp_path / "in" / "s", series(BurnedInAnnotation=value))
    note = "text is burnt into its pixels (BurnedInAnnotation is YES)"
    assert (note in run("inspect", tmp_path / "in").output) is told
    text = everything(run, tmp_path / "in", tmp_path / "out", small)
    assert (note.casefold() in text) is told
    assert ("look at its pictures" in text) is told


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
def test_dicom_that_is_called_otherwise_is_dicom_all_the_same(
    run: Run, small: Path, tmp_path: Path, suffix: str
) -> None:
    one_file(tmp_path / "in", f"OKAFOR_CHI{suffix}", PatientName="Okafor^Chi")
    told = everything(run, tmp_path / "in", tmp_path / "out", small)
    assert "okafor" not in told
    assert "1 of 1 cases written" in told


@pytest.mark.parametrize(
    "tags",
    [
        {"ConcatenationUID": "1.2", "InConcatenationTotalNumber": "55449"},
        {"PixelSpacing": "55449\\55449"},
        {"HighBit": "9"},
    ],
)
def test_numbers_in_reasons_that_are_the_patients(
    run: Run, small: Path, tmp_path: Path, tags: dict[str, str]
) -> None:
    with silence_dicom_libraries():
        slices = series(PatientID="55449")
        for item in slices:
            for tag, value in tags.items():
                item.dataset[tag] = raw_element(tag, value)
        write(tmp_path / "in" / "s", slices)
    told = everything(run, tmp_path / "in", tmp_path / "out", small)
    assert "55449" not in told + run("inspect", tmp_path / "in").output


def test_half_a_name_at_the_end_of_a_long_description_is_not_told(run: Run, tmp_path: Path) -> None:
    words = "pd " * 163 + " Featherstonehaugh"
    with silence_dicom_libraries():
        slices = series(PatientName="Featherstonehaugh")
        for item in slices:
            item.dataset["SeriesDescription"] = raw_element("SeriesDescription", words)
        write(tmp_path / "in" / "s", slices)
    assert "Feather" not in run("inspect", tmp_path / "in").output
