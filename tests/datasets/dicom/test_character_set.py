"""Patients of all scripts keep their names in a DICOM SEG and a DICOM SR."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pydicom
import pytest
from pydicom.dataset import Dataset

from shoulderseg.datasets.dicom.character_set import settle_character_set
from shoulderseg.datasets.dicom.enhanced import flat_frames
from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from shoulderseg.datasets.dicom_seg import write_dicom_seg
from shoulderseg.datasets.dicom_sr import SourceSeries, write_dicom_sr
from tests.datasets.dicom.enhanced_writing import enhanced, frames_of, save
from tests.datasets.dicom.writing import series
from tests.datasets.oblique_case import lopsided_labels
from tests.datasets.reported_bones import bones

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume

JAPANESE = "Yamada^Tarou=山田^太郎=やまだ^たろう"
KOREAN = "Hong^Gildong=洪^吉洞=홍^길동"
UNICODE = "ISO_IR 192"
SETS = [
    (["", "ISO 2022 IR 87"], JAPANESE, UNICODE),
    (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう", UNICODE),
    (["", "ISO 2022 IR 149"], KOREAN, UNICODE),
    ("ISO 2022 IR 149", KOREAN, UNICODE),
    ("ISO 2022 IR 100", "Müller^Jörg", UNICODE),
    ("ISO IR 144", "Лукьянов^Иван", UNICODE),
    ("ISO_IR 100", "Müller^Jörg", "ISO_IR 100"),
    (UNICODE, JAPANESE, UNICODE),
    ("ISO_IR 6", "Doe^Jane", None),
    ("", "Doe^Jane", None),
    ("OKAFOR", "Doe^Jane", None),
]


@pytest.mark.parametrize(("stated", "name", "written"), SETS)
def test_names_are_those_of_the_source(
    image: Volume,
    sources: list[Path],
    tmp_path: Path,
    stated: str | list[str],
    name: str,
    written: str | None,
) -> None:
    with silence_dicom_libraries():
        for path in sources:
            dataset = pydicom.dcmread(path)
            _write_in(dataset, stated, name)
            dataset.save_as(path)
    write_dicom_seg(tmp_path / "seg.dcm", lopsided_labels(), image, sources)
    write_dicom_sr(tmp_path / "sr.dcm", bones(), [SourceSeries(image, sources)])

    for out in ("seg.dcm", "sr.dcm"):
        with silence_dicom_libraries():
            read = pydicom.dcmread(tmp_path / out)
            assert read.get("SpecificCharacterSet") == written
            assert _texts(read) == [name, name.partition("^")[0], name]


def test_frames_of_an_enhanced_image(tmp_path: Path) -> None:
    dataset = enhanced(frames_of(series()))
    _write_in(dataset, ["", "ISO 2022 IR 87"], JAPANESE)

    [first, *_] = flat_frames(read_dataset(save(tmp_path, dataset)))
    settle_character_set(first)
    first.save_as(tmp_path / "a", implicit_vr=False, little_endian=True)

    read = pydicom.dcmread(tmp_path / "a", force=True)
    assert read.SpecificCharacterSet == UNICODE
    assert _texts(read) == [JAPANESE, "Yamada", JAPANESE]


def _write_in(dataset: Dataset, stated: str | list[str], name: str) -> None:
    """A name at the top, a text, and a name in a sequence that states its character set again."""
    dataset.SpecificCharacterSet = stated
    dataset.PatientName = name
    dataset.StudyDescription = name.partition("^")[0]
    item = Dataset()
    item.SpecificCharacterSet = stated
    item.PatientID = name
    dataset.OtherPatientIDsSequence = [item]


def _texts(dataset: Dataset) -> list[str]:
    nested = dataset.OtherPatientIDsSequence[0].PatientID
    return [str(dataset.PatientName), str(dataset.StudyDescription), str(nested)]
