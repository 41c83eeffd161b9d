"""Pairs that make no dataset: every problem is told at once."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.converters.source import Rejected
from shoulderseg.datasets.pair_match import match_files
from shoulderseg.datasets.pairs import ConversionError, survey_pairs
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image
from tests.datasets.mixed_pairs import SPEC, VALUES, convert

if TYPE_CHECKING:
    from pathlib import Path


def _problems(pairs: Path, **change: object) -> tuple[str, ...]:
    with pytest.raises(ConversionError) as caught:
        convert(pairs, **change)
    assert not (pairs / "out").exists()
    for problem in caught.value.problems:
        assert problem in str(caught.value)
    return caught.value.problems


def _surveyed(pairs: Path, *, allow_missing: bool = False) -> list[Rejected]:
    folders = pairs / "images", pairs / "labels"
    found = survey_pairs(*folders, SPEC, VALUES, allow_missing=allow_missing)
    return [entry for entry in found if isinstance(entry, Rejected)]


def test_all_problems_are_listed_at_once(pairs: Path, labels: Volume) -> None:
    (pairs / "labels/p2_a.nii.gz").unlink()
    write_image(pairs / "labels/p9_a.nii.gz", labels)
    cut = pairs / "images/p1_a_0000.nii.gz"
    cut.write_bytes(cut.read_bytes()[:-9])
    shifted = replace(labels, origin_mm=(0.0, 0.0, 0.0))
    write_image(pairs / "labels/p1_b.nii.gz", shifted)
    odd = labels.array.copy()
    odd[0, 0, :2] = (9, 4)
    write_image(pairs / "labels/p3_a.nii.gz", replace(labels, array=odd))
    found = "\n".join(_problems(pairs, test_cases=["zz"]))
    assert "image p2_a_0000.nii.gz: there is no label map named p2_a" in found
    assert "label map p9_a.nii.gz: there is no image named p9_a" in found
    assert "image p1_a_0000.nii.gz: file ends early" in found
    assert "label map p1_b.nii.gz: grid differs from its image. voxels lie up to" in found
    assert "found (0, 0, 0), expected (-180.0582, -97.14777, 112.828)" in found
    assert "label map p3_a.nii.gz: unknown label values [4, 9], expected [0, 3, 5]" in found
    assert "test case zz: there is no such case" in found
    assert len(found.splitlines()) == 6


def test_pairs_without_a_structure(pairs: Path, labels: Volume) -> None:
    partly = replace(labels, array=np.where(labels.array == 5, 0, labels.array))
    write_image(pairs / "labels/p2_a.nii.gz", partly)
    (problem,) = _problems(pairs)
    assert problem.startswith("label map p2_a.nii.gz: no voxel of it is glenoid.")
    (found,) = _surveyed(pairs)
    assert (found.name, found.reason, found.fault) == ("p2_a", problem, True)
    assert _surveyed(pairs, allow_missing=True) == []
    assert "p2_a" in convert(pairs, allow_missing=True).training_cases


def test_pairs_without_any_label(pairs: Path, labels: Volume) -> None:
    write_image(pairs / "labels/p2_a.nii.gz", replace(labels, array=np.zeros_like(labels.array)))
    for allowed in (False, True):
        (problem,) = _problems(pairs, allow_missing=allowed)
        assert problem.startswith("label map p2_a.nii.gz: no voxel of it is labelled.")
        (found,) = _surveyed(pairs, allow_missing=allowed)
        assert (found.name, found.reason) == ("p2_a", problem)


def test_doubled_case_and_doubled_content(pairs: Path, oblique: Volume, labels: Volume) -> None:
    write_image(pairs / "images/p2_a.nrrd", replace(oblique, array=oblique.array + 50))
    write_image(pairs / "images/p8_a.nrrd", oblique)
    write_image(pairs / "labels/p8_a.nrrd", labels)
    doubled, same = _problems(pairs)
    assert doubled == "image p2_a_0000.nii.gz: same case name as p2_a.nrrd. Remove one."
    assert same == "image p8_a.nrrd: same voxels as p1_a_0000.nii.gz. Remove one."


def test_patient_in_test_and_training(pairs: Path) -> None:
    (problem,) = _problems(pairs, test_cases=["p1_a"])
    assert problem.startswith("test case p1_a: its patient is also in training with p1_b")


def test_fewer_patients_than_folds(pairs: Path) -> None:
    (problem,) = _problems(pairs, folds=5)
    assert "4 patients (5 cases) for 5 folds" in problem


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [(r"p\d", "has 0 groups"), (r"(p", "no regular expression"), (r"^(p[1-3])_", "case p4_a")],
)
def test_patient_pattern_that_does_not_work(pairs: Path, pattern: str, reason: str) -> None:
    assert any(reason in problem for problem in _problems(pairs, patient_pattern=pattern))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({3: "humerus", 5: "scapula"}, "mapped to 'scapula'"),
        ({3: "humerus"}, "'glenoid' has no label value"),
        ({0: "humerus", 3: "humerus", 5: "glenoid"}, "0 is mapped"),
        ({-1: "background", 3: "humerus", 5: "glenoid"}, "-1 is mapped"),
        ({}, "has no label value"),
    ],
)
def test_label_map_of_values_that_does_not_work(
    pairs: Path, values: dict[int, str], reason: str
) -> None:
    assert any(reason in problem for problem in _problems(pairs, label_values=values))


def test_empty_and_missing_folders(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/notes.txt").touch()
    found = "\n".join(_problems(tmp_path))
    assert "image folder images: no images found. It holds notes.txt" in found
    assert "label map folder labels: there is no such file or folder" in found


def test_names_that_a_disk_takes_for_one(pairs: Path, oblique: Volume) -> None:
    write_image(pairs / "images/P2_a.nrrd", replace(oblique, array=oblique.array + 50))
    expected = "image p2_a_0000.nii.gz: same case name as P2_a.nrrd. Remove one."
    assert expected in _problems(pairs)


def test_names_meet_whatever_the_capitals_and_the_form_of_accents(
    pairs: Path, oblique: Volume, labels: Volume
) -> None:
    """Macs write an accent as a sign of its own."""
    composed, apart = (unicodedata.normalize(form, "P5_ü") for form in ("NFC", "NFD"))
    write_image(pairs / f"images/{apart}.nrrd", replace(oblique, array=oblique.array + 50))
    write_image(pairs / f"labels/{composed.lower()}.nrrd", labels)
    folders = pairs / "images", pairs / "labels"
    found, problems = match_files(*folders)
    assert problems == []
    assert apart in [pair.case for pair in found]
    left, problems = match_files(*folders, [composed])
    assert problems == []
    assert len(left) == len(found) - 1
