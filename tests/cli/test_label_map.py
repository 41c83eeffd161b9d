"""Entries of `--map`."""

from __future__ import annotations

import pytest

from shoulderseg.cli.label_map import parse_label_map, parse_structures, split_entries


@pytest.mark.parametrize("entries", [["humerus"], ["0=a"], ["x=a"], ["1="], ["1=a", "1=b"]])
def test_wrong_map_entries(entries: list[str]) -> None:
    with pytest.raises(ValueError, match="--map"):
        parse_label_map(entries)


def test_entries_of_a_map_are_repeated_or_separated_by_commas() -> None:
    expected = {3: "humerus", 5: "glenoid"}
    assert parse_label_map(["3=humerus,5=glenoid"]) == expected
    assert parse_label_map(["3=humerus", "5=glenoid"]) == expected
    assert list(parse_label_map(["5=glenoid, 3=humerus"])) == [5, 3]
    # Commas in names of segments.
    assert split_entries(["Bone, left=humerus,2=glenoid"]) == ["Bone, left=humerus", "2=glenoid"]
    assert split_entries(["1=humerus, all of it"]) == ["1=humerus, all of it"]


def test_structures_of_map_entries() -> None:
    keys, labels = parse_structures(["1=glenoid", "Arm  Bone=humerus", "2=humerus", "x=background"])
    assert keys == {"1": "glenoid", "arm bone": "humerus", "2": "humerus", "x": "background"}
    # Trainers take the first bone for the humerus.
    assert labels == {"background": 0, "humerus": 1, "glenoid": 2}
    assert parse_structures([])[1] == {"background": 0, "humerus": 1, "glenoid": 2}


@pytest.mark.parametrize(
    "entries", [["a"], ["=a"], ["0=a"], ["1="], ["A=b", "a=c"], ["1=background"]]
)
def test_wrong_structures(entries: list[str]) -> None:
    with pytest.raises(ValueError, match="--map"):
        parse_structures(entries)
