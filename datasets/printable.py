"""Text from files as a terminal may show it: nothing in it is obeyed."""

from __future__ import annotations

import unicodedata

# Marks that turn the order of what is shown round; other signs without a width are part of words.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROLS = frozenset({"Cc", "Zl", "Zp"})


def one_line(text: str) -> str:
    r"""Writes controls, line ends and marks of direction as escapes.

    Args:
        text: Anything, as the name of a file or a description.

    Returns:
        The text in one line.

    Example:
        >>> one_line("a\x1b[2Jb\nc")
        'a\\x1b[2Jb\\nc'
    """
    return "".join(_escaped(sign) if _is_obeyed(sign) else sign for sign in text)


def _is_obeyed(sign: str) -> bool:
    return unicodedata.category(sign) in _CONTROLS or sign in _DIRECTIONS


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
