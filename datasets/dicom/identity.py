"""Who a patient is: all that tells of people in a DICOM header, in one place.

The list is that of the confidentiality profile of DICOM (PS3.15, table E.1-1), as far as it goes:
names, numbers, birth date and addresses of the patient, the numbers of the examination, by which
archives call their files, and other persons and institutions.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import pydicom
from pydicom.datadict import dictionary_VR

from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from shoulderseg.datasets.dicom.spelling import (
    Spellings,
    merge,
    spell_dates,
    spell_names,
    spell_numbers,
    spell_others,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pydicom import Dataset

_LOGGER = logging.getLogger(__name__)
_NAMES = (
    *("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName"),
    "ResponsiblePerson",
)
_NUMBERS = (
    *("PatientID", "OtherPatientIDs", "MedicalRecordLocator", "InsurancePlanIdentification"),
    "PatientBirthDateInAlternativeCalendar",
)
# Archives name files by them. Scanners count studies from 1, so short ones are no numbers here.
_EXAMINATION = (
    *("AccessionNumber", "StudyID", "AdmissionID", "ServiceEpisodeID", "RequestedProcedureID"),
    *("ScheduledProcedureStepID", "PerformedProcedureStepID", "SpecimenAccessionNumber"),
    *("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"),
    *("PatientTelephoneNumbers", "PersonTelephoneNumbers", "ReferringPhysicianTelephoneNumbers"),
)
_DATES = ("PatientBirthDate",)
_OTHERS = (
    *("ReferringPhysicianName", "ConsultingPhysicianName", "PhysiciansOfRecord"),
    *("PerformingPhysicianName", "NameOfPhysiciansReadingStudy", "OperatorsName"),
    *("RequestingPhysician", "ScheduledPerformingPhysicianName", "HumanPerformerName"),
    *("NamesOfIntendedRecipientsOfResults", "OrderEnteredBy", "VerifyingObserverName"),
    *("PersonName", "ContentCreatorName", "SecondaryReviewerName", "EvaluatorName"),
    *("ReviewerName", "ROIInterpreter", "InterpretationRecorder", "InterpretationTranscriber"),
    *("InterpretationAuthor", "PhysicianApprovingInterpretation", "DistributionName"),
    *("DocumentAuthorTrial", "CurrentObserverTrial", "VerbalSourceTrial"),
    *("InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName"),
    *("ResponsibleOrganization", "RequestingService", "ReferringPhysicianAddress"),
    *("PatientAddress", "PersonAddress", "PatientTelecomInformation", "PersonTelecomInformation"),
    *("CurrentPatientLocation", "PatientInstitutionResidence", "RegionOfResidence"),
)
# Hold the same tags again; the last one what an archive has put something else for.
_SEQUENCES = (
    *("OtherPatientIDsSequence", "RequestAttributesSequence", "OperatorIdentificationSequence"),
    *("ReferringPhysicianIdentificationSequence", "ConsultingPhysicianIdentificationSequence"),
    *("PhysiciansOfRecordIdentificationSequence", "PerformingPhysicianIdentificationSequence"),
    *("PhysiciansReadingStudyIdentificationSequence", "RequestingPhysicianIdentificationSequence"),
    *("OriginalAttributesSequence", "ModifiedAttributesSequence"),
)
IDENTIFYING_TAGS = (*_NAMES, *_NUMBERS, *_EXAMINATION, *_DATES, *_OTHERS, *_SEQUENCES)
# What devices write without saying so, or beside what they say.
_ENCODINGS = (
    *("gb18030", "big5", "euc_kr", "shift_jis", "euc_jp", "tis_620", "cp1250", "cp1251"),
    *("cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "iso8859_2", "iso8859_5"),
    *("iso8859_6", "iso8859_7", "iso8859_8"),
)
# These have no bytes but those of ASCII, and begin their signs with an escape.
_ESCAPED = ("iso2022_jp_2", "iso2022_kr", "hz")
_ESCAPE = b"\x1b"
_SHORTEST_OF_EXAMINATION = 4
_MOST_NESTED = 4


class _Value(NamedTuple):
    tag: str
    text: str


@dataclass(frozen=True)
class Identity:
    """The people and numbers that a header tells of.

    Attributes:
        values: Tags and their values, each in every encoding that it may be meant in.
    """

    values: frozenset[_Value] = field(default_factory=frozenset)

    def is_in(self, text: str) -> bool:
        """Tells whether a text holds a name or a number, however spelt.

        Capitals, accents, spelt-out umlauts, order, and signs between letters and digits make no
        difference, nor do zeros before a number. Nothing is found for an empty header.

        Args:
            text: Name of a file, a description, a number.
        """
        return _spellings(self.values).are_in(text)

    def hide_numbers(self, text: str) -> str:
        """Takes those numbers out of a message that are the patient's.

        Args:
            text: A message of our own, which quotes nothing of a header but numbers.
        """
        return re.sub(r"\d{3,}", lambda it: "..." if self.is_in(it[0]) else it[0], text)


def read_identity(dataset: Dataset) -> Identity:
    """Reads who a header tells of.

    Args:
        dataset: Read with at least `IDENTIFYING_TAGS`, and not used before: odd encodings are only
            seen in values that are still bytes.
    """
    return Identity(frozenset(_values(dataset, IDENTIFYING_TAGS, _MOST_NESTED)))


def identity_of_file(path: Path) -> Identity:
    """Reads who a file tells of; nobody where it is no DICOM, or cannot be read."""
    with silence_dicom_libraries():
        try:
            return read_identity(read_dataset(path, IDENTIFYING_TAGS))
        except Exception:
            # Whatever is wrong with it: nothing of it was shown either.
            return Identity()


def join(identities: Iterable[Identity]) -> Identity:
    """Puts together those of several headers."""
    return Identity(frozenset().union(*(identity.values for identity in identities)))


@lru_cache(maxsize=256)
def _spellings(values: frozenset[_Value]) -> Spellings:
    def of(tags: Iterable[str]) -> list[str]:
        return sorted(value.text for value in values if value.tag in tags)

    return merge(
        [
            spell_names(of(_NAMES)),
            spell_numbers(of(_NUMBERS)),
            spell_numbers(of(_EXAMINATION), _SHORTEST_OF_EXAMINATION),
            spell_dates(of(_DATES)),
            spell_others(of(_OTHERS)),
        ]
    )


def _values(dataset: Dataset, tags: Iterable[str], depth: int) -> Iterator[_Value]:
    for tag in tags:
        if tag not in dataset:
            continue
        try:
            if dictionary_VR(tag) != "SQ":
                yield from (_Value(tag, text) for text in _texts(dataset, tag) if text)
            elif depth:
                for item in dataset[tag].value:
                    yield from _values(item, IDENTIFYING_TAGS, depth - 1)
        except Exception:
            # Whatever an odd value does: what it looks like as bytes has been noted.
            _LOGGER.debug("tag %s cannot be read", tag)


def _texts(dataset: Dataset, tag: str) -> Iterator[str]:
    raw = getattr(dataset.get_item(tag), "value", None)
    if isinstance(raw, bytes) and (not raw.isascii() or _ESCAPE in raw):
        for encoding in _encodings(raw):
            try:
                yield from _parts(raw.decode(encoding))
            except UnicodeDecodeError:
                continue
    elif isinstance(raw, bytes):
        yield from _parts(raw.decode("ascii"))
    value = dataset[tag].value
    many = value if isinstance(value, list | tuple | pydicom.multival.MultiValue) else [value]
    for item in many:
        if item is not None:
            yield from _parts(str(item))


def _encodings(raw: bytes) -> tuple[str, ...]:
    """Encodings that signs beyond ASCII may be in."""
    if raw.isascii():
        return _ESCAPED
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return _ENCODINGS
    # What is sound as this is nothing else, but by a rare chance.
    return ("utf-8",)


def _parts(text: str) -> list[str]:
    """Several values in one tag are parted by backslashes, also where only one is allowed."""
    return [part.strip(" \0") for part in text.split("\\")]
