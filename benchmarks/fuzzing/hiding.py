"""Where people are hidden in a DICOM header: tags that identify, and tags that should not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.fuzzing.identities import Person


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


OF_NUMBERS = (
    *("PatientID", "AccessionNumber", "StudyID", "AdmissionID", "RequestedProcedureID"),
    *("several numbers", "nested"),
)
OF_OTHERS = (
    *("ReferringPhysicianName", "OperatorsName", "PerformingPhysicianName", "InstitutionName"),
    *("InstitutionAddress", "RequestingPhysician"),
)
HEADERS: dict[str, Callable[[Dataset, Person], None]] = {
    **{tag: _names(tag) for tag in ("PatientName", "OtherPatientNames", "PatientBirthName")},
    **{tag: _numbers(tag) for tag in OF_NUMBERS[:5]},
    **{tag: _others(tag) for tag in OF_OTHERS},
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


PLACES: dict[str, Callable[[Dataset, str, Person], None]] = {
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
