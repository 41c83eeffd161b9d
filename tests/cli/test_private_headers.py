"""What a header holds beside names reaches no message, however wrong it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK
from pydicom.uid import MRImageStorage

from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from tests.cli.private_inputs import everything, raw_element
from tests.datasets.dicom.writing import series, write

if TYPE_CHECKING:
    from tests.cli.conftest import Run


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
    untrained: Path,
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
    told = everything(run, tmp_path / "in", tmp_path / "out", untrained)
    told += "".join(capfd.readouterr()).casefold()
    told += run("inspect", tmp_path / "in").output.casefold()
    assert "okafor" not in told
    assert "5519" not in re.sub(r"(series_\d+_)[0-9a-f]{8}", r"\1", told)


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
    run: Run, untrained: Path, tmp_path: Path, value: str, told: bool
) -> None:
    write(tmp_path / "in" / "s", series(BurnedInAnnotation=value))
    note = "text is burnt into its pixels (BurnedInAnnotation is YES)"
    assert (note in run("inspect", tmp_path / "in").output) is told
    text = everything(run, tmp_path / "in", tmp_path / "out", untrained)
    assert (note.casefold() in text) is told
    assert ("look at its pictures" in text) is told


@pytest.mark.parametrize(
    "tags",
    [
        {"ConcatenationUID": "1.2", "InConcatenationTotalNumber": "55449"},
        {"PixelSpacing": "55449\\55449"},
        {"HighBit": "9"},
    ],
)
def test_numbers_in_reasons_that_are_the_patients(
    run: Run, untrained: Path, tmp_path: Path, tags: dict[str, str]
) -> None:
    with silence_dicom_libraries():
        slices = series(PatientID="55449")
        for item in slices:
            for tag, value in tags.items():
                item.dataset[tag] = raw_element(tag, value)
        write(tmp_path / "in" / "s", slices)
    told = everything(run, tmp_path / "in", tmp_path / "out", untrained)
    assert "55449" not in told + run("inspect", tmp_path / "in").output


def test_half_a_name_at_the_end_of_a_long_description_is_not_told(run: Run, tmp_path: Path) -> None:
    words = "pd " * 163 + " Featherstonehaugh"
    with silence_dicom_libraries():
        slices = series(PatientName="Featherstonehaugh")
        for item in slices:
            item.dataset["SeriesDescription"] = raw_element("SeriesDescription", words)
        write(tmp_path / "in" / "s", slices)
    assert "Feather" not in run("inspect", tmp_path / "in").output


@pytest.mark.parametrize(("number", "first"), [(8813, 8813), (7740021, 7740022)])
def test_numbers_of_series_and_images_that_are_the_patients(
    run: Run, untrained: Path, tmp_path: Path, number: int, first: int
) -> None:
    slices = series(PatientID=str(number), SeriesNumber=number)
    for index, item in enumerate(slices):
        item.dataset.InstanceNumber = first + index
    write(tmp_path / "in" / "s", slices)
    told = everything(run, tmp_path / "in", tmp_path / "out", untrained)
    told += run("inspect", tmp_path / "in").output
    assert str(first) not in told
    assert str(number) not in re.sub(r"(series_\d+_)[0-9a-f]{8}", r"\1", told)
    assert "series_0_" in told
