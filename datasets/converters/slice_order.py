"""The order of slices by their names alone, where these hold more than counted numbers."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEXADECIMAL = re.compile(r"[0-9a-f]{1,15}")
# A number that may have a point, and nothing else with digits.
_ONE_NUMBER = re.compile(r"(\D*?)(\d+)(?:\.(\d+))?(\D*)")
# A minus right before a number that no digit stands before.
_NEGATIVE = re.compile(r"(?<![0-9-])-(?=\d)")
_RENAME = "Rename the files 001, 002, ... in the order of the slices."


def read_order(stems: Sequence[str]) -> dict[str, Decimal] | None:
    """Reads names as hexadecimal numbers, or as numbers with a fraction.

    Args:
        stems: File names without their suffixes, none twice.

    Returns:
        Each name's number; None where they are neither, and digits are whole numbers.
    """
    names = {stem: stem.casefold() for stem in stems}
    return _hexadecimal(names) or _with_fractions(names)


def refuse_signs(stems: Sequence[str]) -> None:
    """Refuses names of which some hold a minus and others a plain number in the same place.

    Where all have it, it is a dash.

    Raises:
        ValueError: With a name of either kind, and what to do.
    """
    kinds: dict[str, dict[bool, str]] = {}
    for stem in stems:
        sign = _NEGATIVE.search(stem)
        number = re.search(r"\d", stem)
        before = stem[: sign.start()] if sign else stem[: number.start()] if number else stem
        kinds.setdefault(before.casefold(), {}).setdefault(bool(sign), stem)
    for found in kinds.values():
        if len(found) > 1:
            msg = (
                f"{found[True]} has a minus before its number and {found[False]} has none: a "
                f"negative number, or a dash. {_RENAME}"
            )
            raise ValueError(msg)


def refuse_mixture(stems: Sequence[str], keys: Sequence[tuple[tuple[int, str], ...]]) -> None:
    """Refuses names of several kinds, unless their first numbers alone put them in order.

    Args:
        stems: The names in their order.
        keys: From `natural_key`.

    Raises:
        ValueError: With two names that cannot be ordered, and what to do.
    """
    heads = [_head(key) for key in keys]
    for (one, other), (first, second) in zip(pairwise(heads), pairwise(stems), strict=True):
        if one is None or other is None or one[0] != other[0] or one[1] >= other[1]:
            msg = (
                f"{first} and {second} are named in different ways, so that the order of the "
                f"slices cannot be told. {_RENAME}"
            )
            raise ValueError(msg)


def _head(key: tuple[tuple[int, str], ...]) -> tuple[str, int] | None:
    """The text before the first number, and the number; None where there is none."""
    before = ""
    for number, text in key:
        if not text:
            return before, number
        before += text
    return None


def _hexadecimal(names: dict[str, str]) -> dict[str, Decimal] | None:
    """Whole numbers of base 16 that count evenly, in letters and digits."""
    if len(names) < 3:
        return None
    before = _shared(names.values())
    after = _shared([name[before:][::-1] for name in names.values()])
    parts = {stem: name[before : len(name) - after] for stem, name in names.items()}
    if not all(map(_HEXADECIMAL.fullmatch, parts.values())):
        return None
    together = "".join(parts.values())
    padded = len({len(part) for part in parts.values()}) == 1
    plain = not any(len(part) > 1 and part.startswith("0") for part in parts.values())
    if together.isdecimal() or together.isalpha() or not (padded or plain):
        return None
    keys = {stem: Decimal(int(part, 16)) for stem, part in parts.items()}
    steps = {later - earlier for earlier, later in pairwise(sorted(keys.values()))}
    return keys if len(steps) == 1 and min(steps) > 0 else None


def _shared(texts: Iterable[str]) -> int:
    """How many letters all texts begin with."""
    return sum(
        1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    )


def _with_fractions(names: dict[str, str]) -> dict[str, Decimal] | None:
    """Numbers such as places in mm, with as many digits behind the point as each needs.

    A counter behind a point has 10 after 9, and an identifier has several points.
    """
    found = {stem: _ONE_NUMBER.fullmatch(name) for stem, name in names.items()}
    numbers = [match for match in found.values() if match]
    if len(numbers) < len(found) or len({(it[1], it[4]) for it in numbers}) > 1:
        return None
    fractions = [match[3] for match in numbers if match[3] is not None]
    fixed = len({len(fraction) for fraction in fractions}) == 1
    if len({match[2] for match in numbers}) == 1:
        return None
    if not fractions or not (fixed or not any(it.endswith("0") for it in fractions)):
        return None
    keys = {stem: Decimal(f"{match[2]}.{match[3] or 0}") for stem, match in found.items() if match}
    return keys if len(set(keys.values())) == len(keys) else None
