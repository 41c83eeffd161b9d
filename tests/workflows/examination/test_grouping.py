from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shoulderseg.workflows.examination.grouping import Mode, batches, group_cases
from shoulderseg.workflows.inputs.case_input import CaseInput


def case(name: str, *, examination: str = "", below: str = "") -> CaseInput:
    source = (Path("IM1.dcm"),) if examination or name.startswith("series") else ()
    return CaseInput(
        name,
        Path(name),
        lambda: pytest.fail("read"),
        source_files=source,
        examination=examination,
        below=below,
    )


def names(cases: list[CaseInput], mode: Mode) -> dict[str, tuple[str, ...]]:
    return {group.name: group.cases for group in group_cases(cases, mode)}


def test_dicom_series_of_one_frame_of_reference(caplog: pytest.LogCaptureFixture) -> None:
    cases = [
        case("series_1", examination="aa"),
        case("series_2", examination="bb"),
        case("series_3", examination="aa"),
        case("series_4"),
        case("scan"),
    ]

    assert names(cases, "auto") == {"examination_aa": ("series_1", "series_3")}
    with caplog.at_level("WARNING"):
        assert names(cases, "on") == {"examination_aa": ("series_1", "series_3")}
    assert "series_4: no study is stated" in caplog.text
    assert names(cases, "off") == {}


def test_series_without_a_frame_vote_with_their_study_if_that_is_said() -> None:
    cases = [replace(case(f"series_{n}"), visit=visit) for n, visit in enumerate("aab")]
    assert names(cases, "auto") == {}
    assert names(cases, "on") == {"examination_a": ("series_0", "series_1")}


def test_hashes_that_begin_alike_are_two_examinations() -> None:
    keys = [f"12345678{end}" for end in ("a", "a", "b", "b")]
    cases = [case(f"series_{n}", examination=key) for n, key in enumerate(keys)]
    assert names(cases, "auto") == {
        "examination_12345678a": ("series_0", "series_1"),
        "examination_12345678b": ("series_2", "series_3"),
    }
    assert list(names(cases[:2], "auto")) == ["examination_12345678"]


def test_both_shoulders_of_a_study_are_two_examinations() -> None:
    sides = ["left", "right", "unknown", "left", "right"]
    cases = [
        replace(case(f"series_{n}", examination="x"), about={"side": side})
        for n, side in enumerate(sides)
    ]
    assert names(cases, "auto") == {
        "examination_x_left": ("series_0", "series_3"),
        "examination_x_right": ("series_1", "series_4"),
    }
    # One side alone is not told from those that say nothing.
    assert list(names([cases[0], *cases[2:4]], "auto").values()) == [
        ("series_0", "series_2", "series_3")
    ]


@pytest.mark.parametrize("dash", ["-", "_", ""])
def test_subjects_are_told_apart_whatever_they_are_called(dash: str) -> None:
    subjects = [f"sub-MR{dash}{number}" for number in ("001", "002")]
    cases = [
        case(f"{subject}_{kind}", below=f"{subject}/anat/{subject}_{kind}.nii")
        for subject in subjects
        for kind in ("T1w", "T2w")
    ]
    found = names(cases, "on")
    assert sorted(found) == [f"{subject}_1" for subject in subjects]
    assert all(len(series) == 2 for series in found.values())


def test_two_subjects_never_get_one_name() -> None:
    subjects = ("sub-01", "sub-01_1")
    cases = [
        case(f"{subject}_{kind}", below=f"{subject}/anat/{subject}_{kind}.nii")
        for subject in subjects
        for kind in ("T1w", "T2w")
    ]
    found = names(cases, "on")
    assert sorted(found.values()) == [
        ("sub-01_1_T1w", "sub-01_1_T2w"),
        ("sub-01_T1w", "sub-01_T2w"),
    ]


def test_images_of_a_folder_only_if_that_is_said() -> None:
    cases = [case("axial"), case("coronal")]

    assert names(cases, "auto") == {}
    [(name, grouped)] = names(cases, "on").items()
    assert name.startswith("examination_")
    assert grouped == ("axial", "coronal")
    assert names([case("axial"), case("sagittal")], "on").keys() != {name}


def test_bids_sessions() -> None:
    paths = {
        "a": "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz",
        "b": "sub-01/ses-1/anat/sub-01_ses-1_T2w.nii.gz",
        "c": "sub-01/ses-2/anat/sub-01_ses-2_T1w.nii.gz",
        "d": "sub-02/anat/sub-02_T1w.nii.gz",
        "e": "sub-02/anat/sub-02_PDw.nii.gz",
    }
    cases = [case(name, below=below) for name, below in paths.items()]

    assert names(cases, "on") == {"sub-01_ses-1": ("a", "b"), "sub-02": ("d", "e")}


def test_sessions_are_told_apart_below_a_subjects_folder_too() -> None:
    cases = [
        case(f"sub-01_ses-{session}_{kind}", below=f"{folder}anat/sub-01_ses-{session}_{kind}.nii")
        for session, folder in ((1, "ses-1/"), (2, "ses-2/"))
        for kind in ("T1w", "T2w")
    ]
    found = names(cases, "on")
    # Not the beginning of an image's name.
    assert list(found) == ["sub-01_ses-1_1", "sub-01_ses-2_1"]
    # Where the folder of a session was given, its images are below `anat` alone.
    alone = [case(name, below=f"anat/{name}.nii") for name in ("sub-01_T1w", "sub-01_T2w")]
    assert names(alone, "on") == {"sub-01_1": ("sub-01_T1w", "sub-01_T2w")}


def test_a_name_that_a_case_has_is_not_taken_again() -> None:
    cases = [
        case("series_1", examination="aa"),
        case("series_2", examination="aa"),
        case("Examination_aa_bones"),
    ]

    assert names(cases, "auto") == {"examination_aa_1": ("series_1", "series_2")}


def test_batches_keep_an_examination_together_where_its_first_series_stands() -> None:
    cases = [
        case(name, examination=key) for name, key in zip("abcd", ("", "x", "", "x"), strict=True)
    ]
    groups = group_cases(cases, "auto")

    found = [
        (None if group is None else group.name, [pair[0].name for pair in batch])
        for group, batch in batches([(one, None) for one in cases], groups)
    ]

    assert found == [(None, ["a"]), ("examination_x", ["b", "d"]), (None, ["c"])]
