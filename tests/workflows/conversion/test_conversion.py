"""Conversions as a program prepares them, without the command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.cli.convert.options import read_test_cases
from shoulderseg.datasets.converters.source import Rejected
from shoulderseg.datasets.reader import read_image
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image, write_label_map
from shoulderseg.workflows.conversion.conversion import Target, number_labels
from shoulderseg.workflows.conversion.folders import slices_conversion
from shoulderseg.workflows.conversion.names import unmoved, without
from shoulderseg.workflows.conversion.pairs import pairs_conversion
from tests.datasets.converters.slice_folders import save_slice

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
    assert [(one.name, one.fault) for one in found[:-1] if isinstance(one, Rejected)] == [
        ("a", True),
        ("b", False),
    ]
    # Under another name the case that was meant is taken.
    told = found[-1]
    assert isinstance(told, Rejected)
    assert told.reason.startswith("1 name of a case to leave out is not here: c.")
    assert told.is_remark
    with pytest.raises(ValueError, match="none of the 1 names of cases to leave out is here"):
        list(without(candidates, frozenset({"c"})))
    assert list(without(candidates, frozenset())) == candidates


def test_names_to_leave_out_that_no_pair_has_are_told(folder: Path) -> None:
    target = Target(folder / "raw", folds=2, exclude=frozenset({"p0", "p7"}))
    shutil.copy(folder / "labels/p1.nii.gz", folder / "labels/p2.nii.gz")
    image = read_image(folder / "images/p1.nii.gz")
    write_image(folder / "images/p2.nii.gz", replace(image, array=image.array + 1))
    conversion = pairs_conversion(folder / "images", folder / "labels", STRUCTURES, target)
    for rejected in (conversion.survey().rejected, conversion.run(lambda _: None).rejected):
        (told,) = rejected
        assert told.is_remark
        assert told.reason.startswith("1 name of a case to leave out is not here: p7.")


def _write_patients(source: Path, names: Sequence[str]) -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[2:6], mask[9:12] = 3, 5
    for name in names:
        rng = np.random.default_rng(sum(name.encode()))
        for number in range(3):
            values = rng.integers(0, 250, (20, 20), np.uint8)
            save_slice(source / name / "images" / f"{number}.png", values)
            save_slice(source / name / "masks" / f"{number}.png", mask)


@pytest.mark.parametrize("keep", [False, True])
def test_numbers_of_patients_that_have_moved(tmp_path: Path, keep: bool) -> None:
    """A new folder comes first: p002 is another patient, and who was meant would be trained on."""
    source = tmp_path / "in"
    _write_patients(source, ["b", "c", "d", "e"])
    prepare = partial(slices_conversion, source, STRUCTURES, (3.0, 1.0, 1.0))
    prepare(Target(tmp_path / "raw", keep_source_names=keep)).run(lambda _: None)
    again = Target(tmp_path / "raw", overwrite=True)
    ways = [replace(again, exclude=frozenset({"p002"})), replace(again, test_cases=("p002",))]
    for target in ways:
        assert prepare(target).survey().problems == ()
    _write_patients(source, ["a"])
    for target in ways:
        with pytest.raises(ValueError, match=r"p00\d was another folder in the dataset"):
            prepare(target).survey()
        with pytest.raises(ValueError, match="--dry-run --keep-source-names"):
            prepare(target).run(lambda _: None)
    # Nobody is called by a number.
    assert len(prepare(again).survey().taken) == 5


def test_a_number_that_the_dataset_there_does_not_have() -> None:
    """It may have been left out then; whether it has moved, the others tell."""
    candidates = [Rejected(f"p{number}", f"folder {number}", "-") for number in range(3)]
    earlier = {"p0": "folder 0", "p2": "folder 2"}
    assert list(unmoved(candidates, frozenset({"p1"}), earlier)) == candidates
    moved = {"p0": "folder 0", "p2": "folder 1"}
    assert list(unmoved(candidates, frozenset({"p0"}), moved)) == candidates
    with pytest.raises(ValueError, match=r"p2 was another folder .*, and so may p1 of the names"):
        list(unmoved(candidates, frozenset({"p1"}), moved))


def test_a_name_of_digits_is_told_from_a_number_of_patients() -> None:
    assert read_test_cases("003") == ["003"]
    assert read_test_cases("3") == 3
    assert read_test_cases("3,") == ["3"]
