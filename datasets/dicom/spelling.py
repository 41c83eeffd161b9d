"""Names and numbers of patients as they are spelt in names of files and descriptions."""

from __future__ import annotations

import re
import unicodedata

# How letters are written where only A to Z are at hand; other marks are left out.
_SPELT_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "oe", "å": "aa"}
)
_BARE = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "\u0131": "i"}
)
# Shorter ones are found in too many words once these are joined.
_SHORTEST_JOINED = 4
_SHORTEST_NUMBER = 3


def holds_identity(text: str, name: str, number: str) -> bool:
    """Tells whether a text holds a word of a patient's name, or the number.

    Case, composed or decomposed letters, spelt-out umlauts, and signs between letters and digits
    make no difference, nor do zeros before a number.

    Args:
        text: Name of a file, or a description.
        name: As in the header, with `^` between its parts.
        number: As in the header.

    Returns:
        False where name and number are empty. Single letters, words with digits (no names, as of
        the samples of a test set) and numbers of two signs are not looked for.
    """
    composed = unicodedata.normalize("NFC", name)
    words = re.findall(r"[^\W\d_]{2,}(?![\w])", composed)
    spellings = list(zip(_spellings(text), map(_joined, _spellings(text)), strict=True))
    for word in words:
        for spelt, (apart, joined) in zip(_spellings(word), spellings, strict=True):
            if spelt in apart or (len(spelt) >= _SHORTEST_JOINED and spelt in joined):
                return True
    return _holds_number(_bare(text), number)


def _holds_number(text: str, number: str) -> bool:
    plain = _bare(number)
    if len(plain) >= _SHORTEST_NUMBER and plain in text:
        return True
    joined = _joined(plain)
    short = joined.lstrip("0") if joined.isdecimal() else joined
    return len(short) >= _SHORTEST_JOINED and short in _joined(text)


def _spellings(text: str) -> tuple[str, str]:
    return _spelt_out(text), _bare(text)


def _spelt_out(text: str) -> str:
    """In lower case, with `ue` for ü."""
    return _bare(unicodedata.normalize("NFC", text).casefold().translate(_SPELT_OUT))


def _bare(text: str) -> str:
    """In lower case, without marks on letters."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_BARE))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _joined(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())
