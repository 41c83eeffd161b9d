"""Letters and digits of names, however they are written."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

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
# Accents of European letters, points of Hebrew and Arabic, voice marks of kana. Marks of other
# scripts are vowels, and parts of words.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670\u3099\u309a]"
)
# A name of fewer letters without its e would be no name.
_SHORTEST_SHORTENED = 4


def is_syllabic(text: str) -> bool:
    """Tells whether one sign may be a name: Chinese, Japanese and Korean ones."""
    return bool(text) and all(
        unicodedata.name(sign, "").startswith(("CJK", "HANGUL", "HIRAGANA", "KATAKANA"))
        for sign in text
    )


def runs_of(text: str, *, parted: bool = False) -> list[str]:
    """Runs of letters, with their marks, and of digits; every other sign parts them.

    Args:
        text: Any text.
        parted: Whether the signs between them are given too.
    """
    # Signs without a width part nothing that can be seen.
    seen = (sign for sign in text if unicodedata.category(sign) != "Cf")
    runs = ["".join(run) for _, run in groupby(seen, _kind)]
    return runs if parted else [run for run in runs if run.isdecimal() or is_word(run)]


def _kind(sign: str) -> str:
    if sign.isdecimal():
        return "digit"
    return "letter" if sign.isalpha() or _is_mark(sign) else "other"


def _is_mark(sign: str) -> bool:
    return unicodedata.category(sign)[0] == "M"


def is_word(run: str) -> bool:
    """Tells whether a run is one of letters."""
    return _kind(run[0]) == "letter"


def without_zeros(text: str) -> str:
    """Without zeros before numbers."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", text)


def forms_of(text: str) -> tuple[str, ...]:
    """A text as it may be written with the letters A to Z, in lower case."""
    composed = unicodedata.normalize("NFC", text).casefold()
    bare = bare_letters(composed)
    spelt = bare_letters(composed.translate(_SPELT_OUT))
    # Mueller and Muller are one name; the same is done to texts.
    short = re.sub(r"(?<=[aou])e", "", spelt.replace("ss", "s"))
    return tuple(
        dict.fromkeys((bare, spelt, *([short] if len(short) >= _SHORTEST_SHORTENED else [])))
    )


def bare_letters(text: str) -> str:
    """In lower case, without marks on letters."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_BARE))
    # Letters of mathematics become plain ones, capitals too.
    kept = _ACCENTS.sub("", apart)
    # Signs without a width, which part nothing that can be seen.
    return "".join(sign for sign in kept if unicodedata.category(sign) != "Cf").casefold()


def joined_signs(text: str) -> str:
    """Its letters, marks and digits without what stands between them."""
    return "".join(sign for sign in text if sign.isalnum() or _is_mark(sign))
