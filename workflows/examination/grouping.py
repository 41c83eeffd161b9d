"""Which cases are series of one examination."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.case_input import CaseInput

Item = TypeVar("Item")
_LOGGER = logging.getLogger(__name__)
Mode = Literal["auto", "on", "off"]
_SUBJECT = "sub-"
_IN_NAME = re.compile(r"sub-[^_]+(?=_[a-z]+-|_[^_]+$)")
SIDES = ("left", "right")
# How much of a hash a name has, if that tells the examinations apart.
_DIGITS = 8
# What results of an examination without a name of its own are called.
NAME = "examination"


class Group(NamedTuple):
    """The series of one examination.

    Attributes:
        name: of its results; tells nothing about the patient.
        cases: names of the series, at least two.
        why: what says that they belong together.
    """

    name: str
    cases: tuple[str, ...]
    why: str


class _Key(NamedTuple):
    """What the series of an examination share: a name, or else a hash; a side where that counts."""

    name: str
    digest: str
    why: str
    side: str = ""

    def shown(self, digits: int) -> str:
        """The examination's name, with so much of its hash."""
        name = self.name or f"{NAME}_{self.digest[:digits]}"
        return f"{name}_{self.side}" if self.side else name


def group_cases(cases: Sequence[CaseInput], mode: Mode = "auto") -> list[Group]:
    """Finds the cases that belong together.

    Args:
        cases: of one input.
        mode: `auto` takes DICOM series of one patient, study and frame of reference; `on` also
            says that all other images are of one examination, or in a BIDS dataset those of a
            session; `off` takes none.

    Returns:
        The examinations of two series or more, by name.
    """
    groups: dict[_Key, list[CaseInput]] = {}
    alone: list[str] = []
    for case in cases if mode != "off" else ():
        key = _key(case, mode)
        if key is not None:
            groups.setdefault(key, []).append(case)
        elif mode == "on":
            alone.append(case.name)
    if alone:
        _LOGGER.warning(
            "%s: no study is stated, so that nothing tells with whom they vote", ", ".join(alone)
        )
    found = [
        (key, tuple(case.name for case in series))
        for shared, together in groups.items()
        for key, series in _by_side(shared, together)
        if len(series) > 1
    ]
    digits = _telling_digits([key for key, _ in found])
    taken = {case.name.casefold() for case in cases}
    given: set[str] = set()
    named = []
    for key, series in found:
        name = _free(key.shown(digits), series, taken, given)
        named.append(Group(name, series, key.why))
        given.add(name.casefold())
    return sorted(named)


def _by_side(key: _Key, series: list[CaseInput]) -> list[tuple[_Key, list[CaseInput]]]:
    """Parts an examination of both shoulders, where series state the side; others stay alone."""
    sides = {side: [c for c in series if c.about.get("side") == side] for side in SIDES}
    if not all(sides.values()):
        return [(key, series)]
    silent = [case.name for case in series if case.about.get("side") not in SIDES]
    _LOGGER.warning(
        "%s show both shoulders of one examination: each side votes by itself%s",
        *(", ".join(case.name for case in series if case.name not in silent),),
        f"; {', '.join(silent)} state none and stay alone" if silent else "",
    )
    return [(key._replace(side=side), those) for side, those in sides.items()]


def _telling_digits(keys: Sequence[_Key]) -> int:
    """How much of their hashes tells examinations apart."""
    hashes = {key.digest for key in keys}
    digits = _DIGITS
    while len({digest[:digits] for digest in hashes}) < len(hashes):
        digits += 1
    return digits


def batches(
    pairs: Sequence[tuple[CaseInput, Item]], groups: Sequence[Group]
) -> Iterator[tuple[Group | None, list[tuple[CaseInput, Item]]]]:
    """Parts cases into those that are worked on together.

    Args:
        pairs: cases, each with anything that goes with it.
        groups: of `group_cases`.

    Yields:
        An examination with its series, where the first of them stands, or None with a single case.
    """
    of_case = {name: group for group in groups for name in group.cases}
    series: dict[str, list[tuple[CaseInput, Item]]] = {}
    for pair in pairs:
        if pair[0].name in of_case:
            series.setdefault(of_case[pair[0].name].name, []).append(pair)
    for pair in pairs:
        group = of_case.get(pair[0].name)
        if group is None:
            yield None, [pair]
        elif group.name in series:
            yield group, series.pop(group.name)


def _key(case: CaseInput, mode: Mode) -> _Key | None:
    """What the case shares with those of its examination; None where nothing is known."""
    if case.examination:
        return _Key("", case.examination, "one patient, study and frame of reference")
    if mode != "on":
        return None
    if case.source_files:
        said = "one patient and study, as --examination on says"
        return _Key("", case.visit, said) if case.visit else None
    session = _session(case)
    if session:
        return _Key(session, "", "one BIDS session, as --examination on says")
    return _Key(NAME, "", "one folder, as --examination on says")


def _session(case: CaseInput) -> str:
    """Subject and session of an image in an `anat` folder; empty for any other.

    Where the folder of a subject or a session was given, the file's name still tells the subject.
    """
    *folders, kind, _ = ("", "", *case.below.split("/"))
    if kind != "anat":
        return ""
    session = folders.pop() if folders[-1].startswith("ses-") else ""
    subject = folders[-1]
    if not subject.startswith(_SUBJECT):
        # The file's name, up to what BIDS calls an entity or a suffix.
        found = _IN_NAME.match(case.name)
        subject = found[0] if found else ""
    return "_".join(part for part in (subject, session) if part)


def _free(name: str, series: Sequence[str], taken: set[str], given: set[str]) -> str:
    """A name for the files of an examination that begins no case's, and is no other's."""
    if name == NAME:
        # Another folder's examination is another one.
        digits = hashlib.sha256("\n".join(sorted(series)).encode()).hexdigest()[:8]
        name = f"{NAME}_{digits}"
    while name.casefold() in given or any(
        f"{case}_".startswith(f"{name.casefold()}_") for case in taken
    ):
        name += "_1"
    return name
