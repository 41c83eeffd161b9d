"""Who a header tells of, and in which texts these people are found again."""

from __future__ import annotations

import io
import random
import tempfile
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage

from benchmarks.fuzzing.identities import make_person, respell
from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.identity import IDENTIFYING_TAGS, Identity, join, read_identity
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries


def written(dataset: Dataset, syntax: UID = ExplicitVRLittleEndian) -> bytes:
    """A file with this header."""
    dataset.SOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = "1.2.3"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    stream = io.BytesIO()
    with silence_dicom_libraries():
        pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def read_back(data: bytes) -> Identity:
    """Who a file tells of; its values are still bytes, as those of a file of a scanner."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "image.dcm")
        path.write_bytes(data)
        return read_identity(read_dataset(path, list(IDENTIFYING_TAGS)))


def identity(**tags: Any) -> Identity:  # noqa: ANN401
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for tag, value in tags.items():
        setattr(dataset, tag, value)
    return read_back(written(dataset))


def test_every_tag_of_a_persons_name_is_on_the_list() -> None:
    names = {entry[4] for entry in DicomDictionary.values() if entry[0] == "PN"}
    # Holds what a hanging protocol selects by.
    assert names - set(IDENTIFYING_TAGS) == {"SelectorPNValue"}


@pytest.mark.parametrize(
    ("tag", "value", "text"),
    [
        ("PatientName", "KOWALSKA_EWA_1958", "ewa 2"),
        ("PatientName", "KOWALSKA_EWA_1958", "1958"),
        ("PatientName", "Roux4^Luc7", "roux"),
        ("PatientName", "Anonymous=김^철수", "scan_철수"),
        ("PatientName", "이^훈", "훈이"),
        ("PatientName", "\uff33\uff4d\uff49\uff54\uff48^Jo", "smith.dcm"),
        ("PatientName", "Groß^Änne", "GROSS"),
        ("PatientName", "Groß^Änne", "Aenne"),
        ("PatientName", "Schroeder", "Schröder-1"),
        ("PatientName", "Schroeder", "SCHRODER"),
        ("PatientName", "Le^Bo", "lebo_3"),
        ("PatientName", "Le^Bo", "bole"),
        ("PatientName", "Dvořák^Ota", "D\u200bvorak"),
        ("PatientName", "राजेश^कुमार", "राजेश_1"),
        ("PatientName", "မောင်^အေး", "အေး"),
        ("PatientName", "สมชาย^น้ำ", "scan น้ำ"),
        ("PatientName", "Li^Xu", "li_3"),
        ("OtherPatientNames", "Weiss^Mia", "weiß"),
        ("InsurancePlanIdentification", "INS9988", "ins 9988"),
        ("PatientID", "0000123", "MR 123"),
        ("PatientID", "0000123", "00123"),
        ("PatientID", "A0000123", "a123"),
        ("PatientID", "A123", "A000123.dcm"),
        ("PatientBirthName", "Okafor", "t1 OKAFOR"),
        ("PatientMotherBirthName", "Silva", "silva"),
        ("ResponsiblePerson", "Novak^Jan", "novak"),
        ("PatientID", ["31-7", "HX-90817"], "hx90817"),
        ("PatientID", "HX-90817", "image 90817"),
        ("PatientID", "0070815", "70815"),
        ("OtherPatientIDs", "A-5519-3", "A55193"),
        ("AccessionNumber", "RAD20-4471", "rad20 4471"),
        ("StudyID", "48213", "MR48213"),
        ("AdmissionID", "E771203", "e771203"),
        ("RequestedProcedureID", "RP99012", "99012"),
        ("PatientBirthDate", "19580704", "1958-07-04"),
        ("PatientBirthDate", "19580704", "04.07.1958"),
        ("PatientBirthDate", "19580704", "07041958"),
        ("PatientBirthDate", "19580704", "580704"),
        ("ReferringPhysicianName", "Abramovic^Tea", "for Dr Abramović"),
        ("ReferringPhysicianName", "Fux^Ida", "fux pd"),
        ("OperatorsName", ["Lindqvist", "Maeda"], "maeda"),
        ("InstitutionName", "Klinik Rothenfels", "rothenfels t2"),
        ("InstitutionAddress", "Lindenallee 3, 79312 Emmendingen", "79312"),
        ("PatientAddress", "12 Harrow Lane", "harrow"),
    ],
)
def test_people_are_found_in_names_and_descriptions(tag: str, value: object, text: str) -> None:
    found = identity(**{tag: value})
    assert found.is_in(text)
    assert join([Identity(), found]).is_in(text)
    assert not Identity().is_in(text)


@pytest.mark.parametrize(
    ("tag", "value", "text"),
    [
        ("PatientName", "Anonymous^Patient", "anonymous_patient_t1"),
        ("PatientName", "SHOULDER_07", "t1 shoulder sag"),
        ("PatientName", "CompressedSamples^MR1", "MR_small"),
        ("PatientID", "anon", "anon"),
        ("PatientID", "0000", "series 0000"),
        ("StudyID", "1", "t1 tse"),
        ("StudyID", "100", "fov 100"),
        ("PatientName", "Li^Xu", "localizer"),
        ("PatientName", "Ritt^Se", "pd tse fs cor"),
        ("OperatorsName", "TRA", "t1 tra"),
        ("InstitutionName", "Center Right Shoulder", "right shoulder"),
        ("InstitutionalDepartmentName", "MR Axial", "AXIAL PD"),
        ("OperatorsName", "PD", "pd fs"),
        ("OperatorsName", "Ste", "stereo"),
        ("PatientBirthDate", "", "1958"),
        ("InstitutionAddress", "Weg 3", "echo 3"),
    ],
)
def test_ordinary_words_are_nobodys(tag: str, value: str, text: str) -> None:
    assert not identity(**{tag: value}).is_in(text)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_people_in_sequences_are_found(syntax: UID) -> None:
    dataset, before, number, person = Dataset(), Dataset(), Dataset(), Dataset()
    number.PatientID = "ZK-33182"
    dataset.OtherPatientIDsSequence = Sequence([number])
    before.PatientName = "Hrabal^Bohumil"
    person.ModifiedAttributesSequence = Sequence([before])
    dataset.OriginalAttributesSequence = Sequence([person])
    found = read_back(written(dataset, syntax))
    assert found.is_in("zk33182")
    assert found.is_in("hrabal")
    assert not found.is_in("kafka")


@pytest.mark.parametrize(
    ("encoding", "name", "text"),
    [
        ("utf-8", "Fürst^Zoë", "FUERST"),
        ("utf-8", "Иванова^Ольга", "иванова_1"),
        ("cp1251", "Иванова^Ольга", "Ольга"),
        ("gb18030", "王^小明", "小明"),
        ("shift_jis", "山本^耕史", "山本.dcm"),
        ("euc_kr", "박^지성", "지성"),
        ("latin-1", "Fürst^Zoë", "furst"),
        ("iso2022_jp", "山田^太郎", "山田"),
        ("big5", "王^小明", "小明"),
        ("tis_620", "สมชาย^ใจดี", "สมชาย"),
        ("iso8859_8", "לוי^דוד", "לוי"),
        ("iso8859_6", "محمد^علي", "محمد"),
        ("cp1250", "Dvořák^Žofie", "zofie"),
    ],
)
@pytest.mark.parametrize("stated", [None, "ISO_IR 6", "ISO_IR 100", "nonsense"])
def test_names_in_an_encoding_that_is_not_stated(
    encoding: str, name: str, text: str, stated: str | None
) -> None:
    dataset = Dataset()
    dataset.PatientName = "X" * len(name.encode(encoding))
    if stated is not None:
        with silence_dicom_libraries():
            dataset.SpecificCharacterSet = stated
    data = written(dataset).replace(b"X" * len(name.encode(encoding)), name.encode(encoding))
    assert read_back(data).is_in(text)


@given(st.integers(0, 2**32))
@settings(max_examples=300)
def test_a_person_is_found_however_spelt(seed: int) -> None:
    drawn = random.Random(seed)
    person = make_person(drawn)
    found = identity(
        PatientName=person.name, PatientID=person.number, PatientBirthDate=person.birth_date
    )
    for _ in range(5):
        spelt = respell(drawn, person)
        assert found.is_in(spelt), (person, spelt)
        assert found.is_in(f"t2_{spelt}_sag"), (person, spelt)


@given(st.integers(0, 2**32))
@settings(max_examples=100)
def test_another_person_is_not_found(seed: int) -> None:
    drawn = random.Random(seed)
    person, other = make_person(drawn, 4), make_person(drawn, 4)
    found = identity(PatientName=person.name, PatientID=person.number)
    texts = [f"case {other.number}", "pd tse fs cor", "T1 SE oblique sagittal", "series_4"]
    shared = set("".join(person.words)) & set("".join(other.words))
    if len(person.number) > 3 and not shared:
        texts.append(other.name)
    for text in texts:
        assert not found.is_in(text), (person, text)
