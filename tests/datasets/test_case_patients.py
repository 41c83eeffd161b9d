"""Which cases of a dataset are of one patient."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.datasets.case_patients import PATIENTS_FILE, read_patients, write_patients


def test_patients_are_called_after_their_first_case(tmp_path: Path) -> None:
    write_patients(tmp_path, {"b_2": "Miller", "b_1": "Miller", "c": "Smith"})
    assert read_patients(tmp_path, ["c", "b_2"]) == {"b_2": "b_1", "c": "c"}
    assert "Miller" not in (tmp_path / PATIENTS_FILE).read_text()
    assert read_patients(tmp_path, []) == {}


def test_where_nobody_told_the_patients_there_is_no_file(tmp_path: Path) -> None:
    write_patients(tmp_path, {"s1_left": "s1_left", "s1_right": "s1_right"})
    assert read_patients(tmp_path, ["s1_left"]) is None


def test_a_dataset_without_the_file_tells_nothing(tmp_path: Path) -> None:
    assert read_patients(tmp_path, ["a"]) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', "[" * 100_000, "\xff"])
def test_what_is_no_such_file_is_said(text: str, tmp_path: Path) -> None:
    (tmp_path / PATIENTS_FILE).write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=PATIENTS_FILE):
        read_patients(tmp_path, ["a"])


def test_a_case_that_was_added_by_hand_is_named(tmp_path: Path) -> None:
    write_patients(tmp_path, {"a": "Miller"})
    with pytest.raises(ValueError, match="does not tell the patient of new"):
        read_patients(tmp_path, ["a", "new"])
