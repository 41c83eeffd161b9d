"""Folders of examinations that are of one patient."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from shoulderseg.datasets.converters.convert import Order, convert_cases
from shoulderseg.datasets.converters.study import study_cases, study_settings
from shoulderseg.datasets.converters.study_people import People, find_people
from shoulderseg.datasets.nnunet_raw import DatasetSpec
from tests.datasets.converters.drawn_study import draw_mask, of_patient, study_of
from tests.datasets.dicom import writing

_ANONYMOUS = {"PatientID": "ANON"}


def _people(folder: Path, *headers: dict[str, str]) -> People:
    """One slice a folder; what is not given is another patient's in each."""
    folders = [folder / str(number) for number in range(len(headers))]
    for number, tags in enumerate(headers):
        writing.write(folders[number], of_patient(writing.series(number)[:1], number, **tags))
    return find_people(folders, [f"p{number}" for number in range(len(headers))])


def test_two_folders_of_one_examination_count_as_one_patient(tmp_path: Path) -> None:
    """Folds would separate images of one person."""
    for number, patient in enumerate((0, 1, 0)):
        slices = of_patient(writing.series(number), patient)
        writing.write(tmp_path / f"in/{number}", slices)
        draw_mask(tmp_path / f"in/{number}/mask", "nii.gz", [])
    study = study_of(tmp_path / "in")
    order = Order(tmp_path / "raw", DatasetSpec(7, "Shoulder"), study_settings(study), folds=2)
    report = convert_cases(study_cases(study), order)
    assert report.training_patients == 2
    (remark,) = report.rejected
    assert remark.is_remark
    assert remark.reason.startswith("p001 and p003 have the same StudyInstanceUID")
    assert "Put them into one folder." in remark.reason
    first, second, third = report.training_cases
    patients = json.loads((report.folder / "case_patients.json").read_text())
    assert patients == {first: first, second: second, third: first}
    for fold in json.loads((report.folder / "splits_final.json").read_text()):
        assert (first in fold["val"]) == (third in fold["val"])


@pytest.mark.parametrize(
    ("headers", "first"),
    [
        # Two examinations of a patient; the birth date need not be there.
        (({"PatientID": "A1"}, {}, {"PatientID": "A1"}), [0, 1, 0]),
        (({"PatientID": "A1", "PatientBirthDate": "19500101"}, {}, {"PatientID": "A1"}), [0, 1, 0]),
        # One number of two hospitals.
        (
            (
                {"PatientID": "17", "PatientBirthDate": "19500101"},
                {},
                {"PatientID": "17", "PatientBirthDate": "19600101"},
            ),
            [0, 1, 2],
        ),
        # What anonymisers write says nothing, known or not.
        ((_ANONYMOUS, _ANONYMOUS, {}), [0, 1, 2]),
        (({"PatientID": ""}, {"PatientID": ""}, {}), [0, 1, 2]),
        (({"PatientID": "0000"}, {"PatientID": "0000"}, {}), [0, 1, 2]),
        (({"PatientID": "S"},) * 3, [0, 1, 2]),
        # Poor ones give several patients one examination.
        (({"StudyInstanceUID": "1.2.3"}, {"StudyInstanceUID": "1.2.3"}, {}), [0, 1, 2]),
        (({"StudyInstanceUID": "1.2.3", "PatientID": ""},) * 2 + ({},), [0, 0, 2]),
        # Others of many, of whom one differs; two hospitals with one constant each.
        (({"StudyInstanceUID": "1.2.3", "PatientID": ""},) * 3 + ({},), [0, 1, 2, 3]),
        (({"PatientID": "STUDY"},) * 3 + ({},), [0, 1, 2, 3]),
        (({"PatientID": "A"},) * 3 + ({"PatientID": "B"},) * 3, [0, 1, 2, 3, 4, 5]),
        (({"PatientID": "A", "PatientBirthDate": "19000101"},) * 3 + ({},), [0, 1, 2, 3]),
        # Three examinations of one person.
        (({"PatientID": "A1", "PatientBirthDate": "19500101"},) * 3 + ({},), [0, 0, 0, 3]),
        # The second one joins the others.
        (
            (
                {"StudyInstanceUID": "1.2.3", "PatientID": ""},
                {"StudyInstanceUID": "1.2.3", "PatientID": "B"},
                {"PatientID": "B"},
                {},
            ),
            [0, 0, 0, 3],
        ),
    ],
)
def test_who_is_one_patient(
    tmp_path: Path, headers: tuple[dict[str, str], ...], first: list[int]
) -> None:
    people = _people(tmp_path, *headers)
    assert people.first == first
    told = " ".join(people.remarks)
    many = max(Counter(tags.get("PatientID") for tags in headers if tags).values()) > 2
    assert bool(told) == (first != list(range(len(first))) or many)
    assert "A1" not in told


def test_a_folder_without_dicom_is_no_witness(tmp_path: Path) -> None:
    """All folders that hold DICOM have one examination, patient number and birth date."""
    same = {"StudyInstanceUID": "1.2.3", "PatientID": "A", "PatientBirthDate": "19500101"}
    for number in range(3):
        writing.write(tmp_path / str(number), of_patient(writing.series(number)[:1], 1, **same))
    (tmp_path / "3").mkdir()
    (tmp_path / "3/notes.txt").touch()
    names = ["p0", "p1", "p2", "p3"]
    people = find_people([tmp_path / str(number) for number in range(4)], names)
    assert people.first == [0, 1, 2, 3]
    assert "3 folders (p0, p1, p2) have one StudyInstanceUID" in people.remarks[0]
