"""One part of a run, where several processes or machines share its cases."""

from __future__ import annotations

import re
from collections.abc import Sequence
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


def take_part(items: Sequence[Item], part: Part) -> list[Item]:
    """Every N-th item from the K-th on: parts are as long as each other, but for one item.

    Args:
        items: in an order that all parts share.
        part: which.
    """
    return list(items[part.number - 1 :: part.of])
