"""What a bundle from outside may hold, and how much of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\.(json|safetensors|md|txt)")


@dataclass(frozen=True)
class Limits:
    """What a bundle may take up.

    Attributes:
        entries: files and folders in it.
        size: bytes of all files together.
        ratio: bytes that one byte of an archive may become.
        ratio_from: bytes up to which the ratio does not matter.
        table: bytes of an archive's table of contents.
        of: what it is, in words.
    """

    entries: int = 200
    size: int = 2 * 2**30
    ratio: int = 100
    ratio_from: int = 2**20
    table: int = 2**20
    of: str = "a bundle"


LIMITS = Limits()


def check_file(source: str, name: str) -> None:
    """Refuses a file of a kind that no bundle holds.

    Raises:
        ValueError: if the name, which is all that is looked at, is not of a bundle's file.
    """
    if not _FILE.fullmatch(name):
        msg = (
            f"{source} holds {name!r}, which has no place in a bundle; expected names of letters, "
            "digits, dots, dashes and underscores that end in .json, .safetensors, .md or .txt"
        )
        raise ValueError(msg)


def check_count(source: str, count: int, limits: Limits) -> None:
    """Refuses too many entries.

    Raises:
        ValueError: if there are more than the limits allow.
    """
    if count > limits.entries:
        msg = f"{source} holds {count} entries; {limits.of} has {limits.entries} at most"
        raise ValueError(msg)


def check_size(source: str, size: int, limits: Limits) -> None:
    """Refuses too many bytes.

    Raises:
        ValueError: if there are more than the limits allow.
    """
    if size > limits.size:
        msg = f"{source} holds more than the {limits.size} bytes that {limits.of} may have"
        raise ValueError(msg)


def check_ratio(what: str, unpacked: int, packed: int, limits: Limits) -> None:
    """Refuses what grows too much when it is unpacked.

    Raises:
        ValueError: if it grows more than the limits allow.
    """
    if unpacked > max(limits.ratio * packed, limits.ratio_from):
        msg = (
            f"{what} unpacks to more than {limits.ratio} times its size, which is too much for "
            f"{limits.of}; "
            "get it from where it was made"
        )
        raise ValueError(msg)
