"""Tables that a spreadsheet opens and runs nothing of."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.csv_file import bare_cell, csv_text, read_csv, safe_cell, write_csv

FORMULAS = [
    "=A1",
    "+49",
    "-x",
    "@now",
    "\tx",
    "\rx",
    "\nx",
    "\N{FULLWIDTH EQUALS SIGN}A1",
    "\N{FULLWIDTH PLUS SIGN}1",
    "\N{FULLWIDTH HYPHEN-MINUS}1",
    "\N{FULLWIDTH COMMERCIAL AT}x",
    "\N{SMALL EQUALS SIGN}A1",
    "\N{MINUS SIGN}1",
    "  =A1",
    "\N{NO-BREAK SPACE}@x",
    "\N{ZERO WIDTH NO-BREAK SPACE}=A1",
    "\N{ZERO WIDTH SPACE}\N{LEFT-TO-RIGHT MARK}+1",
    "'=A1",
    "''-1",
]
PLAIN = [
    "",
    "a",
    "a=b",
    "case-1",
    "'",
    "'a",
    " a",
    "1-2",
    "\N{EN DASH}",
    "#x",
    '"',
    "a,b",
    "Müller",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_a_formula_gets_a_quote(text: str) -> None:
    assert safe_cell(text) == "'" + text
    assert bare_cell("'" + text) == text


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == bare_cell(text) == text


def test_numbers_stay_numbers() -> None:
    assert csv_text([[-1.5, -3, float("nan"), None, True, "-1.5"]]) == "-1.5,-3,nan,,True,'-1.5\n"


def test_what_is_no_text_becomes_one() -> None:
    assert csv_text([[Path("=x"), ["a"]]]) == "'=x,['a']\n"


def test_a_table_without_rows_is_empty() -> None:
    assert csv_text([]) == ""


@given(st.lists(st.lists(st.text(), min_size=1), min_size=1))
def test_every_text_comes_back(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    assert [[bare_cell(cell) for cell in row] for row in read] == rows


def test_a_file_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, [["case", "n"], ["=1", 2], ["\rÄ", None]])
    assert path.read_bytes() == "case,n\n'=1,2\n\"'\rÄ\",\n".encode()
    assert read_csv(path) == [["case", "n"], ["'=1", "2"], ["'\rÄ", ""]]


def test_what_is_no_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ValueError, match=r"b\.csv: not a CSV file in UTF-8"):
        read_csv(path)
