"""Parts of a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.workflows.cohort.part import WHOLE, Part, parse_part, take_part


@given(items=st.lists(st.integers(), unique=True), count=st.integers(1, 12))
def test_parts_are_all_of_it_and_as_long_as_each_other(items: list[int], count: int) -> None:
    parts = [take_part(items, Part(number, count)) for number in range(1, count + 1)]

    assert sorted(item for part in parts for item in part) == sorted(items)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_what_a_part_is_called() -> None:
    assert parse_part("3/8") == Part(3, 8)
    assert parse_part(None) == parse_part("") == WHOLE


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "-1/2", "1/2/3", "a/b", " 1/2", "1/2x"])
def test_what_is_no_part(text: str) -> None:
    with pytest.raises(ValueError, match="expected K/N"):
        parse_part(text)
