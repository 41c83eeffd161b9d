"""DICOM files that tell of made-up people: in headers, in descriptions, in names of files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import SimpleITK
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from benchmarks.fuzzing.identities import Person, make_person, respell

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_SIDE = 24


@dataclass
class Planted:
    """What was hidden in an input.

    Attributes:
        people: Those of the headers.
        spelt: How they are written in names and descriptions.
        attempts: How often something was hidden.
    """

    people: list[Person] = field(default_factory=list)
    spelt: list[str] = field(default_factory=list)
    attempts: int = 0


def plant_series(folder: Path, random: random.Random, planted: Planted, count: int) -> None:
    """Writes single images and short series, each with people of its own in header and name.

    Args:
        folder: The input of a command.
        random: Draws everything.
        planted: Is told what is hidden.
        count: Of the images and series.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        tag, hide = random.choice(list(_TAGS.items()))
        # Two letters of somebody else than the patient may be anything.
        person = make_person(random, 3 if tag in _OF_OTHERS else 2)
        spelt = _spell(random, person, tag)
        planted.people.append(person)
        planted.spelt.append(spelt)
        planted.attempts += 1
        slices = random.choice([1, 1, 1, 3])
        place = random.choice(list(_PLACES))
        # A file that lies where the user put it, deeper, or in a folder called after somebody.
        where = folder if slices == 1 and random.random() < 0.7 else folder / f"{spelt}_{index}"
        where.mkdir(exist_ok=True)
        series = generate_uid(entropy_srcs=[str(random.random())])
        for number in range(slices):
            dataset = _image(random, series, number)
            hide(dataset, person)
            _PLACES[place](dataset, spelt, person)
            path = where / (f"{spelt}.dcm" if where == folder else f"{spelt}_{number}.dcm")
            if not path.exists():
                _save(dataset, path)
    if random.random() < 0.5:
        (folder / f"report_{planted.spelt[-1]}.pdf").write_bytes(b"%PDF-1.4 of a patient")


def plant_study(folder: Path, random: random.Random, planted: Planted) -> Path:
    """Lays patients' folders out, with masks whose segments are called after people.

    Args:
        folder: With a folder `in` of `plant_series`, which becomes a patient's.
        random: Draws everything.
        planted: Is told what is hidden.

    Returns:
        The folder of the patients.
    """
    study = folder / "study"
    patient = study / f"patient {planted.spelt[0]}"
    study.mkdir()
    (folder / "in").rename(patient)
    for number, spelt in enumerate(random.sample(planted.spelt, min(3, len(planted.spelt)))):
        planted.attempts += 1
        labels = np.ones((1, _SIDE, _SIDE), np.uint8)
        labels[:, :4] = 2
        mask = SimpleITK.GetImageFromArray(labels)
        mask.SetMetaData("Segment1_Name", "glenoid")
        mask.SetMetaData("Segment1_LabelValue", "2")
        mask.SetSpacing((0.5, 0.7, 3.0))
        mask.SetMetaData("Segment0_Name", f"{spelt} humerus")
        mask.SetMetaData("Segment0_LabelValue", "1")
        SimpleITK.WriteImage(mask, str(patient / f"mask{number}.seg.nrrd"))
    return study


def _spell(random: random.Random, person: Person, tag: str) -> str:
    if tag in _OF_NUMBERS:
        return random.choice([person.number, person.digits])
    if tag == "PatientBirthDate":
        return person.birth_date
    if tag in _OF_OTHERS:
        return max(person.words, key=len)
    spelt = respell(random, person)
    return spelt if len(spelt) < 60 else spelt[:60]


def _image(random: random.Random, series: str, number: int) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[series, str(number)])
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SeriesInstanceUID = series
    dataset.StudyInstanceUID = dataset.FrameOfReferenceUID = f"{series[:50]}.1"
    dataset.Modality, dataset.ImageType = "MR", ["ORIGINAL", "PRIMARY", "M"]
    dataset.InstanceNumber, dataset.SeriesNumber = number + 1, 3
    dataset.EchoTime, dataset.RepetitionTime = 30, 3000
    dataset.PixelSpacing, dataset.SliceThickness = [0.7, 0.5], 3.0
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.ImagePositionPatient = [0, 0, 3.5 * number]
    dataset.Rows = dataset.Columns = _SIDE
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    rng = np.random.default_rng(random.randrange(2**31))
    dataset.PixelData = rng.integers(0, 4000, (_SIDE, _SIDE)).astype("<u2").tobytes()
    return dataset


def _save(dataset: Dataset, path: Path) -> None:
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)


def _write_raw(dataset: Dataset, keyword: str, text: str) -> None:
    """Puts a value in as it is, whatever its kind allows."""
    data = text.encode()
    data += b" " * (len(data) % 2)
    tag = Tag(keyword)
    dataset[tag] = RawDataElement(tag, dictionary_VR(tag), len(data), data, 0, False, True)


def _names(tag: str) -> Callable[[Dataset, Person], None]:
    def hide(dataset: Dataset, person: Person) -> None:
        setattr(dataset, tag, person.name)
        dataset.PatientID, dataset.PatientBirthDate = person.number, person.birth_date

    return hide


def _numbers(tag: str) -> Callable[[Dataset, Person], None]:
    def hide(dataset: Dataset, person: Person) -> None:
        setattr(dataset, tag, person.number[:16])

    return hide


def _others(tag: str) -> Callable[[Dataset, Person], None]:
    def hide(dataset: Dataset, person: Person) -> None:
        setattr(dataset, tag, f"Dr {' '.join(person.words)}")

    return hide


def _under_another_name(dataset: Dataset, person: Person) -> None:
    """Unicode without saying so."""
    _names("PatientName")(dataset, person)
    _write_raw(dataset, "PatientName", person.name)
    del dataset.SpecificCharacterSet


def _in_two_writings(dataset: Dataset, person: Person) -> None:
    _names("PatientName")(dataset, person)
    dataset.PatientName = f"Anonymous={person.name}"


def _several_numbers(dataset: Dataset, person: Person) -> None:
    dataset.PatientID = ["77", person.number]


def _nested(dataset: Dataset, person: Person) -> None:
    item = Dataset()
    item.PatientID = person.number
    dataset.OtherPatientIDsSequence = Sequence([item])


def _before_it_was_changed(dataset: Dataset, person: Person) -> None:
    before, item = Dataset(), Dataset()
    _names("PatientName")(before, person)
    item.ModifiedAttributesSequence = Sequence([before])
    dataset.OriginalAttributesSequence = Sequence([item])
    dataset.PatientName = "Anonymous"


def _birth_date(dataset: Dataset, person: Person) -> None:
    dataset.PatientBirthDate = person.birth_date


_OF_NUMBERS = (
    *("PatientID", "AccessionNumber", "StudyID", "AdmissionID", "RequestedProcedureID"),
    *("several numbers", "nested"),
)
_OF_OTHERS = (
    *("ReferringPhysicianName", "OperatorsName", "PerformingPhysicianName", "InstitutionName"),
    *("InstitutionAddress", "RequestingPhysician"),
)
_TAGS: dict[str, Callable[[Dataset, Person], None]] = {
    **{tag: _names(tag) for tag in ("PatientName", "OtherPatientNames", "PatientBirthName")},
    **{tag: _numbers(tag) for tag in _OF_NUMBERS[:5]},
    **{tag: _others(tag) for tag in _OF_OTHERS},
    "several numbers": _several_numbers,
    "nested": _nested,
    "no character set": _under_another_name,
    "two writings": _in_two_writings,
    "original attributes": _before_it_was_changed,
    "PatientBirthDate": _birth_date,
}


def _described(dataset: Dataset, spelt: str, _: Person) -> None:
    dataset.SeriesDescription = f"{spelt} t2"


def _in_words(tag: str) -> Callable[[Dataset, str, Person], None]:
    def hide(dataset: Dataset, spelt: str, _: Person) -> None:
        _write_raw(dataset, tag, spelt)

    return hide


def _among_types(dataset: Dataset, spelt: str, _: Person) -> None:
    _write_raw(dataset, "ImageType", "\\".join(["ORIGINAL", "PRIMARY", "P", spelt]))


def _counted(tag: str) -> Callable[[Dataset, str, Person], None]:
    def hide(dataset: Dataset, _: str, person: Person) -> None:
        setattr(dataset, tag, str(int(person.digits[:9])))
        dataset.PatientID = str(int(person.digits[:9]))

    return hide


def _in_a_uid(tag: str) -> Callable[[Dataset, str, Person], None]:
    def hide(dataset: Dataset, _: str, person: Person) -> None:
        setattr(dataset, tag, f"1.2.276.0.0{person.digits}.{person.birth_date}")

    return hide


def _nowhere(dataset: Dataset, spelt: str, person: Person) -> None:
    """In the name of the file alone."""


_PLACES: dict[str, Callable[[Dataset, str, Person], None]] = {
    "file name": _nowhere,
    "description": _described,
    "image types": _among_types,
    **{
        tag: _in_words(tag)
        for tag in (
            *("ProtocolName", "Modality", "PhotometricInterpretation", "SequenceName"),
            *("BodyPartExamined", "ScanOptions", "Laterality", "Manufacturer", "StackID"),
        )
    },
    **{tag: _counted(tag) for tag in ("SeriesNumber", "InstanceNumber")},
    **{
        tag: _in_a_uid(tag)
        for tag in ("FrameOfReferenceUID", "SeriesInstanceUID", "StudyInstanceUID")
    },
}
