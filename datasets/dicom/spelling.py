"""Names and numbers of people as they are spelt in names of files and descriptions."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# How letters are written where only A to Z are at hand; other marks are left out.
_SPELT_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "oe", "å": "aa"}
)
_BARE = str.maketrans(
    {
        **{"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "\u0131": "i"},
        **{"þ": "th", "ð": "d", "ħ": "h", "ŧ": "t", "ŋ": "n"},
    }
)
# Shorter ones are found in too many words once these are joined.
_SHORTEST_JOINED = 4
_SHORTEST_NUMBER = 3
_SHORTEST_NAME = 2
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
        for form in _forms(text):
            if any(wanted in form for wanted in self.apart):
                return True
            joined = _joined(form)
            if any(wanted in joined for wanted in self.joined):
                return True
            if self.whole and not self.whole.isdisjoint(_runs(form)):
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
    for name in names:
        for writing in name.split("="):
            runs = _runs(unicodedata.normalize("NFC", writing))
            for run in _name_words(writing):
                forms = {form for form in _forms(run) if len(form) >= _shortest(form)}
                apart |= forms
                joined |= {form for form in forms if len(form) >= _SHORTEST_JOINED}
            for number in filter(str.isdecimal, runs):
                apart |= {number} if len(number) >= _SHORTEST_NUMBER and number.strip("0") else {""}
            pairs = [*pairwise(runs), *((two, one) for one, two in pairwise(runs)), runs]
            told = [pair for pair in pairs if len(pair) > 1 and not _is_nobody(pair)]
            together = {form for pair in told for form in _forms("".join(pair))}
            joined |= {form for form in together if len(form) >= _SHORTEST_JOINED}
    return Spellings(frozenset(apart - {""}), frozenset(joined))


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
        plain = _bare(number.strip())
        if _is_nobody(_runs(plain)):
            continue
        if len(plain) >= shortest and plain.strip("0"):
            apart.add(plain)
        parts = [run for run in _runs(plain) if run not in _NOBODY]
        for part in (_joined(plain), *parts):
            short = part.lstrip("0") if part.isdecimal() else part
            if len(short) >= _SHORTEST_JOINED and short not in _NOBODY:
                joined.add(short)
    return Spellings(frozenset(apart), frozenset(joined))


def spell_dates(dates: Iterable[str]) -> Spellings:
    """Spells dates (YYYYMMDD) in the orders in which people write them."""
    joined: set[str] = set()
    for date in dates:
        found = _DATE.fullmatch(date.strip())
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
        for run in _runs(unicodedata.normalize("NFC", text)):
            if run.isdecimal():
                joined |= {run} if len(run) >= _SHORTEST_OF_PLACE else set()
                continue
            for form in set(_forms(run)) - _NOBODY:
                if len(form) >= _SHORTEST_JOINED or _is_syllabic(form[:1]):
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
    composed = unicodedata.normalize("NFC", text)
    for found in re.finditer(r"[^\W\d_]+", composed):
        around = composed[max(0, found.start() - 1) : found.start()], composed[found.end() :][:1]
        beside_digits = any(sign.isdecimal() for sign in around)
        shortest = _SHORTEST_BESIDE_DIGITS if beside_digits else _SHORTEST_NAME
        long_enough = len(found[0]) >= shortest or _is_syllabic(found[0])
        if long_enough and _bare(found[0]) not in _NOBODY:
            yield found[0]


def _is_nobody(runs: Iterable[str]) -> bool:
    return all(_bare(run) in _NOBODY for run in runs)


def _shortest(form: str) -> int:
    return 1 if _is_syllabic(form) else _SHORTEST_NAME


def _is_syllabic(text: str) -> bool:
    """Tells whether one sign may be a name: Chinese, Japanese and Korean ones."""
    return bool(text) and all(
        unicodedata.name(sign, "").startswith(("CJK", "HANGUL", "HIRAGANA", "KATAKANA"))
        for sign in text
    )


def _runs(text: str) -> list[str]:
    """Runs of letters and of digits; every other sign parts them."""
    return re.findall(r"\d+|[^\W\d_]+", text)


def _forms(text: str) -> tuple[str, ...]:
    """A text as it may be written with the letters A to Z, in lower case."""
    composed = unicodedata.normalize("NFC", text).casefold()
    bare = _bare(composed)
    spelt = _bare(composed.translate(_SPELT_OUT))
    # Mueller and Muller are one name; the same is done to texts.
    short = re.sub(r"(?<=[aou])e", "", spelt.replace("ss", "s"))
    return tuple(dict.fromkeys((bare, spelt, *([short] if len(short) >= _SHORTEST_JOINED else []))))


def _bare(text: str) -> str:
    """In lower case, without marks on letters."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_BARE))
    # Letters of mathematics become plain ones, capitals too.
    kept = (sign for sign in apart if not unicodedata.combining(sign))
    # Signs without a width, which part nothing that can be seen.
    return "".join(sign for sign in kept if unicodedata.category(sign) != "Cf").casefold()


def _joined(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())
