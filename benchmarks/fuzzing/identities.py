"""Made-up people: their names and numbers in many scripts, and as they are spelt in other places.

Words are of letters that stand together nowhere else, so each one found in an output is a leak.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_SCRIPTS = {
    "latin": "qxzjvkw",
    "accents": "éñšžçřůâ",
    "umlauts": "üöäßø",
    "cyrillic": "жщэюъфы",
    "greek": "ξψζωφ",
    "arabic": "ضظغذ",
    "hebrew": "צץטק",
}
_SYLLABIC = {
    "han": "龘齾麤灪厵鬱",
    "kana": "ヱヲヂヅヰヴ",
    "hangul": "뷁쀍쮉퓅휗",
}
_VOWELS = {"cyrillic": "ыюэ", "greek": "ωη", "arabic": "اوي", "hebrew": "אוי"}
_SEPARATORS = ("_", "-", ".", " ", "", ",", "+", "__")
_TRANSLITERATED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe"})


@dataclass(frozen=True)
class Person:
    """Someone who is not there.

    Attributes:
        words: Parts of the name.
        number: Digits, perhaps with letters before them.
        birth_date: YYYYMMDD.
    """

    words: tuple[str, ...]
    number: str
    birth_date: str

    @property
    def name(self) -> str:
        """As in a DICOM header."""
        return "^".join(self.words)

    @property
    def digits(self) -> str:
        """Those of the number."""
        return "".join(sign for sign in self.number if sign.isdecimal())


def make_person(random: random.Random, shortest: int = 2) -> Person:
    """Makes somebody up.

    Args:
        random: Draws everything.
        shortest: Letters of the shortest part of a name, but in scripts of syllables and words.
    """
    script = random.choice([*_SCRIPTS, *_SYLLABIC, "latin", "latin"])
    words = tuple(_word(random, script, shortest) for _ in range(random.choice([1, 2, 2, 2, 3])))
    digits = str(random.randrange(9 * 10**5, 10 ** random.choice([6, 7, 8, 10])))
    number = random.choice(["", "", "MRN", "QX-"]) + digits.zfill(random.choice([6, 8, 11]))
    year, month, day = (
        random.randrange(1921, 2019),
        random.randrange(1, 13),
        random.randrange(1, 29),
    )
    return Person(words, number, f"{year:04d}{month:02d}{day:02d}")


def _word(random: random.Random, script: str, shortest: int) -> str:
    if script in _SYLLABIC:
        return "".join(random.choice(_SYLLABIC[script]) for _ in range(random.choice([1, 2, 3])))
    letters, vowels = _SCRIPTS[script], _VOWELS.get(script, "aeiou")
    if script in ("umlauts", "accents"):
        # Marks alone would leave nothing to tell words apart by.
        letters += "qxzj"
    length = max(shortest, random.choice([2, 3, 4, 6, 9]))
    word = random.choice("qxz") if script in ("latin", "accents", "umlauts") else ""
    while len(word) < length:
        word += random.choice(letters) + (random.choice(vowels) if random.random() < 0.5 else "")
    cased = random.choice([str.upper, str.title, str.lower])
    return cased(word)


def respell(random: random.Random, person: Person) -> str:
    """Writes a name, a number, both or a birth date as people and archives call files."""
    kind = random.choice(["name", "name", "name", "number", "both", "birth"])
    separator = random.choice(_SEPARATORS)
    if kind == "birth":
        year, month, day = person.birth_date[:4], person.birth_date[4:6], person.birth_date[6:]
        order = random.choice([(year, month, day), (day, month, year), (month, day, year)])
        return random.choice(["", ".", "-", "_"]).join(order)
    words = list(person.words)
    random.shuffle(words)
    if len(words) > 1 and random.random() < 0.3 and len(max(words, key=len)) > 2:
        # One name alone, the longest: two letters may be anything.
        words = [max(words, key=len)]
    parts = [_as_in_a_file(random, word) for word in words] if kind != "number" else []
    if kind in ("number", "both"):
        parts.append(_renumbered(random, person))
    if kind == "name" and random.random() < 0.3:
        parts.append(str(random.randrange(1, 99)))
    return separator.join(parts)


def _as_in_a_file(random: random.Random, word: str) -> str:
    ways: list[Callable[[str], str]] = [
        str,
        str.upper,
        str.lower,
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: text.lower().translate(_TRANSLITERATED),
        _unmarked,
    ]
    return random.choice(ways)(word)


def _unmarked(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.replace("ß", "ss").replace("ø", "o"))
    kept = "".join(sign for sign in apart if not unicodedata.combining(sign))
    # Marks of kana are parts of them.
    return kept if text.isascii() or not any("\u3040" < sign < "\u30ff" for sign in text) else text


def _renumbered(random: random.Random, person: Person) -> str:
    digits = person.digits
    ways = [person.number, digits, digits.lstrip("0"), digits.zfill(12), person.number.lower()]
    middle = len(digits) // 2
    return random.choice([*ways, f"{digits[:middle]}-{digits[middle:]}"])
