"""Conversions as a program prepares them, without the command."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.cli.convert.options import read_test_cases
from shoulderseg.datasets.converters.source import Rejected
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image, write_label_map
from shoulderseg.workflows.conversion.conversion import Target, number_labels, without
from shoulderseg.workflows.conversion.pairs import pairs_conversion

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
STRUCTURES = {3: "humerus", 5: "glenoid"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pairs."""
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for number in range(2):
        rng = np.random.default_rng(number)
        image = Volume(
            rng.random((3, 20, 20)).astype(np.float32), (3.0, 1.0, 1.0), (0.0, 0.0, 0.0), IDENTITY
        )
        labels = np.zeros((3, 20, 20), np.uint8)
        labels[1, 2:9], labels[1, 12:15] = 3, 5
        write_image(tmp_path / "images" / f"p{number}.nii.gz", image)
        write_label_map(tmp_path / "labels" / f"p{number}.nii.gz", labels, image)
    return tmp_path


def test_two_patients_make_two_folds_unless_more_are_asked_for(folder: Path) -> None:
    target = Target(folder / "raw")
    parts = (folder / "images", folder / "labels", STRUCTURES)
    survey = pairs_conversion(*parts, target).survey()
    assert (survey.folds, survey.problems) == (2, ())
    # Nothing of it is written, so that files may be named.
    assert [case.source for case in survey.taken] == ["p0.nii.gz", "p1.nii.gz"]
    assert not (folder / "raw").exists()
    strict = pairs_conversion(*parts, replace(target, folds=5)).survey()
    assert strict.folds == 0
    assert "--folds 2" in strict.problems[0]
    report = pairs_conversion(*parts, target).run(lambda _: None)
    assert report.folds == 2
    assert len(json.loads((report.folder / "splits_final.json").read_text())) == 2
    assert "sha256:" in (report.folder / "conversion.csv").read_text()


def test_one_patient_makes_no_folds(folder: Path) -> None:
    (folder / "images/p1.nii.gz").unlink()
    (folder / "labels/p1.nii.gz").unlink()
    parts = (folder / "images", folder / "labels", STRUCTURES)
    survey = pairs_conversion(*parts, Target(folder / "raw")).survey()
    assert survey.folds == 0
    assert "Add patients." in survey.problems[0]
    # Nobody asked for a number of folds.
    assert "Found 1 patient (1 case), expected at least 2" in survey.problems[0]
    assert "for 2 folds" not in survey.problems[0]


def test_structures_are_numbered_in_their_order() -> None:
    assert number_labels(["b", "a"]) == {"background": 0, "b": 1, "a": 2}
    # The trainers' first bone, however it was asked for.
    assert number_labels(["glenoid", "humerus"]) == {"background": 0, "humerus": 1, "glenoid": 2}
    assert number_labels(["Glenoid", "Humerus"]) == {"background": 0, "Humerus": 1, "Glenoid": 2}


def test_a_list_of_cases_to_leave_out_that_fits_none_is_said() -> None:
    candidates = [Rejected(name, name, "cannot be read") for name in ("a", "b")]
    found = list(without(candidates, frozenset({"b", "c"})))
    assert [(one.name, one.fault) for one in found if isinstance(one, Rejected)] == [
        ("a", True),
        ("b", False),
    ]
    with pytest.raises(ValueError, match="none of the 1 names of cases to leave out is here"):
        list(without(candidates, frozenset({"c"})))
    assert list(without(candidates, frozenset())) == candidates


def test_a_name_of_digits_is_told_from_a_number_of_patients() -> None:
    assert read_test_cases("003") == ["003"]
    assert read_test_cases("3") == 3
    assert read_test_cases("3,") == ["3"]
