"""Names and numbers of people as they are spelt in names of files and descriptions."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from shoulderseg.datasets.dicom.letters import (
    bare_letters,
    forms_of,
    is_syllabic,
    is_word,
    joined_signs,
    runs_of,
    without_zeros,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Shorter ones are found in too many words once these are joined.
_SHORTEST_JOINED = 4
_SHORTEST_NUMBER = 3
_SHORTEST_NAME = 2
# Two letters are a part of too many words.
_SHORTEST_ANYWHERE = 3
# Two letters beside digits are no name: MR1, T2.
_SHORTEST_BESIDE_DIGITS = 3
# Of addresses; shorter numbers are those of houses and wards.
_SHORTEST_OF_PLACE = 5
# What stands where a name was taken away, and what every image here shows.
_NOBODY = frozenset(
    {
        *("anon", "anonym", "anonymous", "anonymized", "anonymised", "anonymisiert", "unknown"),
        *("patient", "subject", "volunteer", "proband", "phantom", "test", "none", "shoulder"),
        "schulter",
    }
)
# Words of descriptions that are also those of hospitals, streets and initials of operators.
_ORDINARY = frozenset(
    {
        *("left", "right", "links", "rechts", "axial", "coronal", "sagittal", "oblique", "tra"),
        *("cor", "sag", "mrt", "mri", "tse", "fse", "stir", "joint", "gelenk", "arm"),
    }
)
_DATE = re.compile(r"(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})")


@dataclass(frozen=True)
class Spellings:
    """What to look for in a text; letters are bare, in lower case.

    Attributes:
        apart: Found anywhere in the text as it is.
        joined: Found anywhere in its letters and digits, whatever stands between them.
        whole: Found as a word of its own.
    """

    apart: frozenset[str] = field(default_factory=frozenset)
    joined: frozenset[str] = field(default_factory=frozenset)
    whole: frozenset[str] = field(default_factory=frozenset)

    def are_in(self, text: str) -> bool:
        """Tells whether a text holds one of them."""
        forms = dict.fromkeys(
            variant for form in forms_of(text) for variant in (form, without_zeros(form))
        )
        for form in forms:
            if any(wanted in form for wanted in self.apart):
                return True
            joined = joined_signs(form)
            if any(wanted in joined for wanted in self.joined):
                return True
            if self.whole and not self.whole.isdisjoint(runs_of(form)):
                return True
        return False


def spell_names(names: Iterable[str]) -> Spellings:
    """Spells the names of a patient.

    Args:
        names: As in a header, with `^` between parts and `=` between writings.

    Returns:
        Each part of two letters and more (in scripts of syllables and words of one), digits that
        are part of a name, and neighbouring parts together, in either order.
    """
    apart: set[str] = set()
    joined: set[str] = set()
    whole: set[str] = set()
    for name in names:
        for writing in name.split("="):
            runs = runs_of(unicodedata.normalize("NFC", writing))
            for form in (form for run in _name_words(writing) for form in forms_of(run)):
                if len(form) >= _SHORTEST_ANYWHERE or is_syllabic(form):
                    apart.add(form)
                else:
                    whole.add(form)
                joined |= {form} if len(form) >= _SHORTEST_JOINED else set()
            numbers = map(without_zeros, filter(str.isdecimal, runs))
            apart |= {number for number in numbers if len(number) >= _SHORTEST_NUMBER}
            pairs = [*pairwise(runs), *((two, one) for one, two in pairwise(runs)), runs]
            told = [pair for pair in pairs if len(pair) > 1 and not _is_nobody(pair)]
            together = {form for pair in told for form in forms_of("".join(pair))}
            joined |= {form for form in together if len(form) >= _SHORTEST_JOINED}
    return Spellings(frozenset(apart), frozenset(joined), frozenset(whole))


def spell_numbers(numbers: Iterable[str], shortest: int = _SHORTEST_NUMBER) -> Spellings:
    """Spells the numbers of a patient, which may hold letters.

    Args:
        numbers: As in a header.
        shortest: Signs of the shortest to look for.

    Returns:
        Each number, also without zeros before it, and its parts of four signs and more.
    """
    apart: set[str] = set()
    joined: set[str] = set()
    for number in numbers:
        plain = bare_letters(number.strip())
        if _is_nobody(runs_of(plain)):
            continue
        bare = without_zeros(plain)
        apart |= {form for form in (plain, bare) if len(bare) >= shortest and bare.strip("0")}
        parts = [without_zeros(run) for run in runs_of(plain) if run not in _NOBODY]
        together = (joined_signs(plain), joined_signs(bare), *parts)
        joined |= {part for part in together if len(part.lstrip("0")) >= _SHORTEST_JOINED}
    joined -= _NOBODY
    return Spellings(frozenset(apart), frozenset(joined))


def spell_dates(dates: Iterable[str]) -> Spellings:
    """Spells dates (YYYYMMDD) in the orders in which people write them."""
    joined: set[str] = set()
    for date in dates:
        # A time may follow.
        found = _DATE.match(date.strip())
        if found is None:
            continue
        try:
            day = datetime(*map(int, found.groups()))  # type: ignore[arg-type]
        except ValueError:
            joined.add("".join(found.groups()))
            continue
        orders = ("%Y%m%d", "%d%m%Y", "%m%d%Y", "%y%m%d", "%d%m%y", "%m%d%y", "%Y%d%m")
        joined |= {day.strftime(order) for order in orders}
    return Spellings(joined=frozenset(joined))


def spell_others(texts: Iterable[str]) -> Spellings:
    """Spells names of other persons, of institutions and addresses.

    Returns:
        Words of three letters by themselves, longer ones anywhere, numbers of five digits and more.
    """
    joined: set[str] = set()
    whole: set[str] = set()
    for text in texts:
        for run in runs_of(unicodedata.normalize("NFC", text)):
            if run.isdecimal():
                joined |= {run} if len(run) >= _SHORTEST_OF_PLACE else set()
                continue
            for form in set(forms_of(run)) - _NOBODY - _ORDINARY:
                if len(form) >= _SHORTEST_JOINED or is_syllabic(form[:1]):
                    joined.add(form)
                elif len(form) >= _SHORTEST_BESIDE_DIGITS:
                    whole.add(form)
    return Spellings(joined=frozenset(joined), whole=frozenset(whole))


def merge(found: Iterable[Spellings]) -> Spellings:
    """Puts together what to look for."""
    apart: set[str] = set()
    joined: set[str] = set()
    whole: set[str] = set()
    for one in found:
        apart |= one.apart
        joined |= one.joined
        whole |= one.whole
    return Spellings(frozenset(apart), frozenset(joined), frozenset(whole))


def _name_words(text: str) -> Iterator[str]:
    runs = runs_of(unicodedata.normalize("NFC", text), parted=True)
    for before, run, after in zip(["", *runs], runs, [*runs[1:], ""], strict=False):
        if not is_word(run):
            continue
        beside_digits = before.isdecimal() or after.isdecimal()
        shortest = _SHORTEST_BESIDE_DIGITS if beside_digits else _SHORTEST_NAME
        if (len(run) >= shortest or is_syllabic(run)) and bare_letters(run) not in _NOBODY:
            yield run


def _is_nobody(runs: Iterable[str]) -> bool:
    return all(bare_letters(run) in _NOBODY for run in runs)
