"""One part of a run, where several processes or machines share its cases."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")
_PART = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,6})")


class Part(NamedTuple):
    """The K-th of N parts, K from 1."""

    number: int
    of: int


WHOLE = Part(1, 1)


def parse_part(text: str | None) -> Part:
    """Reads K/N, such as 3/8.

    Args:
        text: as the user wrote it; None or nothing for all.

    Raises:
        ValueError: if it is none, or K is beyond N.
    """
    if not text:
        return WHOLE
    found = _PART.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        msg = f"the part is {text!r}, expected K/N with K from 1 to N, such as 1/8"
        raise ValueError(msg)
    return Part(int(found[1]), int(found[2]))


def take_part(items: Iterable[Item], part: Part, name: Callable[[Item], str]) -> list[Item]:
    """Takes the items of a part, by a hash of their names; parts are about as long as each other.

    Whose an item is does not depend on the others: parts may begin while a folder grows.

    Args:
        items: in any order, which stays.
        part: which.
        name: of an item, the same in all parts.
    """
    return [item for item in items if _number(name(item), part.of) == part.number]


def _number(name: str, of: int) -> int:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % of + 1
