"""Parts of a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.workflows.cohort.part import WHOLE, Part, parse_part, take_part


def parts_of(items: list[str], count: int) -> list[list[str]]:
    return [take_part(items, Part(number, count), str) for number in range(1, count + 1)]


@given(items=st.lists(st.text(), unique=True), count=st.integers(1, 12))
def test_parts_are_all_of_it_in_its_order(items: list[str], count: int) -> None:
    parts = parts_of(items, count)
    assert sorted(item for part in parts for item in part) == sorted(items)
    assert all(part == sorted(part, key=items.index) for part in parts)


@given(items=st.lists(st.text(), unique=True, min_size=1), count=st.integers(1, 12))
def test_what_is_added_to_a_folder_moves_no_other_case(items: list[str], count: int) -> None:
    *before, added = items
    grown = parts_of([added, *before], count)
    assert [[one for one in part if one != added] for part in grown] == parts_of(before, count)


def test_parts_are_about_as_long_as_each_other() -> None:
    lengths = list(map(len, parts_of([f"case_{number}" for number in range(8000)], 8)))
    assert max(lengths) - min(lengths) < 200


def test_what_a_part_is_called() -> None:
    assert parse_part("3/8") == Part(3, 8)
    assert parse_part(None) == parse_part("") == WHOLE


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "-1/2", "1/2/3", "a/b", " 1/2", "1/2x"])
def test_what_is_no_part(text: str) -> None:
    with pytest.raises(ValueError, match="expected K/N"):
        parse_part(text)
