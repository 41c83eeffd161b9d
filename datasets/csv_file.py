"""Tables as CSV, for people who open them in a spreadsheet.

A spreadsheet takes a text that begins like a formula for one, and runs it. Names of files, and so
of cases, come from anywhere. OWASP ("CSV injection") advises a single quote before such a text.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from numbers import Number
from typing import TYPE_CHECKING

from shoulderseg.datasets.output_file import write_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_QUOTE = "'"
# The last one is the minus sign of typesetting; those of full width are normalised to the others.
_SIGNS = frozenset("=+-@\N{MINUS SIGN}")


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    r"""Gives a table as CSV; its lines end with `\n`.

    Args:
        rows: The rows, each with its cells. Numbers stay numbers, None is an empty cell, and what
            is neither goes through `safe_cell` as text.
    """
    lines = []
    for row in rows:
        line = io.StringIO()
        # With this end of line, text that holds either of the two is put in quotation marks.
        csv.writer(line, lineterminator="\r\n").writerow(map(_cell, row))
        lines.append(line.getvalue().removesuffix("\r\n") + "\n")
    return "".join(lines)


def write_csv(path: Path, rows: Iterable[Iterable[object]]) -> None:
    """Writes a table, complete or not at all.

    Args:
        path: As for `replaced_file`.
        rows: As for `csv_text`.

    Raises:
        OSError: If the file cannot be written.
    """
    write_text(path, csv_text(rows))


def read_csv(path: Path) -> list[list[str]]:
    """Reads a table in UTF-8; rows without any text are left out.

    Args:
        path: The file.

    Returns:
        The cells of each row, as they are written; `bare_cell` undoes `safe_cell`.

    Raises:
        ValueError: If it is no CSV file in UTF-8.
        OSError: If it cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            return [row for row in csv.reader(stream) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error):
        msg = f"{path.name}: not a CSV file in UTF-8; expected rows of cells with commas between"
        raise ValueError(msg) from None


def safe_cell(text: str) -> str:
    """Puts a single quote before a text that a spreadsheet would take for a formula.

    That is one with a sign such as `=` or `@` first, also of full width, or after characters that
    a spreadsheet passes over; and one with a tab or the end of a line first.

    Args:
        text: Any text.

    Returns:
        A text from which `bare_cell` gives the one that came in.
    """
    # Quotes that were there before count too, or they could not be told from ours.
    return _QUOTE + text if _is_formula(text.lstrip(_QUOTE)) else text


def bare_cell(text: str) -> str:
    """Takes away the single quote that `safe_cell` may have put before a text."""
    bare = text.removeprefix(_QUOTE)
    return bare if safe_cell(bare) == text else text


def _cell(value: object) -> object:
    return value if value is None or isinstance(value, Number) else safe_cell(str(value))


def _is_formula(text: str) -> bool:
    if not text:
        return False
    if unicodedata.category(text[0]) == "Cc":
        return True
    # Spaces, marks of byte order and characters without width hide what comes after them.
    first = next((letter for letter in text if unicodedata.category(letter)[0] not in "ZC"), "")
    return unicodedata.normalize("NFKC", first)[:1] in _SIGNS
