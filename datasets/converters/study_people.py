"""Which folders of examinations are of one patient, by the headers of their DICOM files.

Archives often give each examination a folder of its own. Taken for patients, images of one person
would be trained on and tested with.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.folder import MAX_FILES
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from shoulderseg.datasets.dicom.walk import Walk, walk_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_TAGS = ("StudyInstanceUID", "PatientID", "PatientBirthDate")
# What anonymisers and scanners put in place of a number, in small letters without other signs.
_NO_NUMBER = re.compile(
    r"0*|x*|id|no|none|null|na|nan|unknown|patient|patientid|test|anonym\w*|anon|noname|noid"
    r"|deidentified|deid|removed|redacted|blinded"
)
# What each of more folders than this holds is an anonymiser's, unless number and birth date agree.
_FEW = 2
# Folders that a remark names.
_LISTED = 5
# Dates that anonymisers and scanners put in place of one.
_NO_BIRTH = re.compile(r"0*|1[89]000101|00010101|1+|9+|x*")


class _Facts(NamedTuple):
    """Hashes of what a header says; empty where it says nothing."""

    examination: str
    number: str
    birth: str


class People(NamedTuple):
    """Who the folders are of.

    Attributes:
        first: Of each folder the place of the first one of the same patient, its own perhaps.
        remarks: What is to be told, without anything of a header.
    """

    first: list[int]
    remarks: list[str]


def find_people(folders: Sequence[Path], names: Sequence[str]) -> People:
    """Tells which folders hold the same examination, or examinations of the same patient.

    An examination is known by its UID, a patient by number and birth date. Two that disagree in
    what else is known, patient number or birth date, are not the same, and what anonymisers put in
    place of a value counts for nothing. So does what more than two folders have in common, unless
    number and birth date are known and the same in all of them; that is told.

    Args:
        folders: One a patient, as it seems.
        names: What the folders are called in remarks.
    """
    facts = [_read_facts(folder) for folder in folders]
    told = sum(map(bool, facts))
    first = list(range(len(folders)))
    remarks: list[str] = []
    kinds = {
        "StudyInstanceUID": [{(one.examination, one.number) for one in found} for found in facts],
        "PatientID": [{(one.number, one.birth) for one in found} for found in facts],
    }
    shared: dict[tuple[int, int], str] = {}
    for tag, keys in kinds.items():
        for places in _same(keys):
            if len(places) > _FEW and (len(places) == told or not _is_one_person(facts, places)):
                remarks.append(_doubt(tag, [names[place] for place in places]))
                continue
            for place in places[1:]:
                shared.setdefault((places[0], place), tag)
                _join(first, places[0], place)
    remarks += [
        f"{names[one]} and {names[other]} have the same {tag} and count as one patient. Put them "
        "into one folder."
        for (one, other), tag in sorted(shared.items())
    ]
    return People(first, remarks)


def _doubt(tag: str, names: Sequence[str]) -> str:
    listed = ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")
    return (
        f"{len(names)} folders ({listed}) have one {tag}, which is taken for an anonymiser's. If "
        "they are of one patient, put them into one folder."
    )


def _is_one_person(facts: Sequence[set[_Facts]], places: Sequence[int]) -> bool:
    """Tells whether all headers of some folders have one patient number and one birth date."""
    people = {(one.number, one.birth) for place in places for one in facts[place]}
    return len(people) == 1 and all(next(iter(people)))


def _read_facts(folder: Path) -> set[_Facts]:
    found: set[_Facts] = set()
    for path in islice(walk_files(folder, Walk()), MAX_FILES):
        try:
            with silence_dicom_libraries():
                dataset = read_dataset(path, _TAGS)
                texts = [str(dataset.get(tag) or "").strip(" \0") for tag in _TAGS]
        except Exception:
            # No DICOM, or damaged: it is told of when it is read as an image.
            continue
        number = re.sub(r"[\W_]", "", texts[1].casefold())
        texts[1] = "" if _NO_NUMBER.fullmatch(number) else texts[1]
        birth = re.sub(r"[\W_]", "", texts[2].casefold())
        texts[2] = "" if _NO_BIRTH.fullmatch(birth) else texts[2]
        found.add(_Facts(*(_hashed(text) for text in texts)))
    return found


def _hashed(text: str) -> str:
    """Nothing of the patient stays in memory."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest() if text else ""


def _same(keys: Sequence[set[tuple[str, str]]]) -> Iterable[list[int]]:
    """Lists folders with one value whose details do not contradict, two or more in order."""
    by_value: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for place, pairs in enumerate(keys):
        for value, detail in pairs:
            if value:
                by_value[value][place].add(detail)
    for details_of in by_value.values():
        yield from (places for places in _agreeing(details_of) if len(places) > 1)


def _agreeing(details_of: Mapping[int, set[str]]) -> Iterable[list[int]]:
    known = set().union(*details_of.values()) - {""}
    if len(known) < 2:
        yield sorted(details_of)
        return
    for detail in known:
        yield sorted(place for place, details in details_of.items() if detail in details)


def _join(first: list[int], one: int, other: int) -> None:
    low, high = sorted((first[one], first[other]))
    first[:] = [low if place == high else place for place in first]
