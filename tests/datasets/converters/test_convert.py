"""Cases become a dataset; faulty ones are rejected."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoulderseg.datasets.converters.convert import Order, convert_cases, survey
from shoulderseg.datasets.converters.source import (
    Labelled,
    NothingToTakeError,
    Rejected,
    source_name,
)
from shoulderseg.datasets.converters.target import ConversionError
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.volume import same_grid
from tests.datasets.converters.six_cases import NAMES, SPEC, SixCases


def test_dataset_is_complete_and_patients_stay_together(source: SixCases, order: Order) -> None:
    report = convert_cases(source.cases(), order)
    tests = {case[:2] for case in report.test_cases}
    assert len(report.test_cases) == 2
    assert len(tests) == 1
    assert not tests & {case[:2] for case in report.training_cases}
    splits = json.loads((report.folder / "splits_final.json").read_text())
    for split in splits:
        assert len({case[:2] for case in split["val"]}) == 1
        assert len(split["val"]) == 2
    for part, cases in (("Tr", report.training_cases), ("Ts", report.test_cases)):
        images = sorted(path.name for path in (report.folder / f"images{part}").iterdir())
        assert images == [f"{case}_0000.nii.gz" for case in cases]
        labels = sorted(path.name for path in (report.folder / f"labels{part}").iterdir())
        assert labels == [f"{case}.nii.gz" for case in cases]
        for case in cases:
            image = read_image(report.folder / f"images{part}/{case}_0000.nii.gz")
            assert same_grid(image, source.oblique)
            np.testing.assert_array_equal(image.array, source.image(case).array)
            written = read_label_map(report.folder / f"labels{part}/{case}.nii.gz").array
            assert np.count_nonzero(written == 1) == 2 * (NAMES.index(case) + 1)
    assert json.loads((report.folder / "dataset.json").read_text())["numTraining"] == 4
    with (report.folder / "conversion.csv").open() as stream:
        assert list(csv.reader(stream)) == [
            ["case", "source"],
            *([name, f"{name} here"] for name in NAMES),
        ]
    assert [entry.name for entry in order.out.iterdir()] == ["Dataset007_Shoulder"]


def test_faulty_cases_are_rejected_and_the_others_go_on(source: SixCases, order: Order) -> None:
    source.faults = {
        "s1_left": ValueError("IM1.png: damaged."),
        "s2_left": NothingToTakeError("no shoulder."),
        "s2_right": OSError(5, "Input/output error", "/home/secret/name"),
    }
    told: list[str] = []
    order = replace(order, test_cases=(), on_case=lambda outcome: told.append(outcome.name))
    report = convert_cases(source.cases(), order)
    assert told == NAMES
    assert report.training_cases == ("s1_right", "s3_left", "s3_right")
    assert [(entry.name, entry.fault) for entry in report.rejected] == [
        ("s1_left", True),
        ("s2_left", False),
        ("s2_right", True),
    ]
    assert "secret" not in str(report.rejected)


def test_what_shows_nothing_is_not_read_again_but_faults_are(
    source: SixCases, order: Order
) -> None:
    source.faults = {"s1_left": ValueError("bad."), "s1_right": NothingToTakeError("empty.")}
    with pytest.raises(ConversionError, match="Finished cases are kept"):
        convert_cases(source.cases(), replace(order, folds=5))
    source.loaded.clear()
    report = convert_cases(source.cases(), replace(order, test_cases=0))
    assert source.loaded == ["s1_left"]
    assert [entry.reason for entry in report.rejected] == ["bad.", "empty."]


def test_cases_without_a_structure_are_rejected_unless_allowed(
    source: SixCases, order: Order
) -> None:
    """The annotation is unfinished, or the bone lies outside: only the user knows."""
    source.undrawn = {"s1_left": [1, 2], "s2_left": [2]}
    order = replace(order, test_cases=(), folds=9)
    with pytest.raises(ConversionError, match="for 9 folds"):
        convert_cases(source.cases(), replace(order, allow_missing=True))
    surveyed = list(survey(source.cases(), SPEC.labels, allow_missing=True))
    assert [entry.name for entry in surveyed if isinstance(entry, Rejected)] == ["s1_left"]
    # What was written while it was allowed is not taken now.
    source.loaded.clear()
    report = convert_cases(source.cases(), replace(order, folds=2))
    assert source.loaded == []
    empty, partly = report.rejected
    assert (empty.name, empty.fault) == ("s1_left", False)
    assert "no voxel of it is labelled (humerus, glenoid)" in empty.reason
    assert (partly.name, partly.fault) == ("s2_left", True)
    assert "no voxel of it is glenoid. Draw what is missing" in partly.reason
    assert "--allow-missing" in partly.reason
    assert not list(report.folder.rglob("s2_left*"))
    again = replace(order, folds=2, allow_missing=True, overwrite=True)
    report = convert_cases(source.cases(), again)
    assert "s2_left" in report.training_cases
    assert [entry.name for entry in report.rejected] == ["s1_left"]


def test_cases_without_a_structure_are_not_written(source: SixCases, order: Order) -> None:
    source.undrawn = {"s2_left": [2]}
    report = convert_cases(source.cases(), replace(order, test_cases=()))
    assert [entry.name for entry in report.rejected] == ["s2_left"]
    surveyed = list(survey(source.cases(), SPEC.labels))
    assert [entry for entry in surveyed if isinstance(entry, Rejected)] == list(report.rejected)


def test_the_same_image_twice(source: SixCases, order: Order) -> None:
    cases = source.cases()
    cases[3] = replace(cases[3], load=cases[2].load)
    report = convert_cases(cases, replace(order, test_cases=()))
    (twin,) = report.rejected
    assert twin.reason == "its image has the same voxels as that of s2_left. Remove one."
    assert "s2_right" not in report.training_cases
    assert not list(report.folder.rglob("s2_right*"))


def test_label_map_of_another_shape(source: SixCases, order: Order) -> None:
    cases = source.cases()
    wrong = Labelled(source.oblique, np.zeros((5, 11, 7), np.uint8))
    cases[0] = replace(cases[0], load=lambda: wrong)
    (rejected,) = convert_cases(cases, replace(order, test_cases=())).rejected
    assert "shape (5, 11, 7) and its image (5, 7, 11)" in rejected.reason


def test_nothing_can_be_taken(source: SixCases, order: Order) -> None:
    source.faults = dict.fromkeys(NAMES, ValueError("bad."))
    with pytest.raises(ConversionError, match=r"no case can be taken\.\n- s1_left: bad"):
        convert_cases(source.cases(), order)
    assert not (order.out / "Dataset007_Shoulder").exists()


def test_existing_dataset_is_replaced_only_on_request(source: SixCases, order: Order) -> None:
    folder = convert_cases(source.cases(), order).folder
    before = (folder / "conversion.csv").read_bytes()
    with pytest.raises(ConversionError, match="not empty"):
        convert_cases(source.cases()[:4], order)
    assert (folder / "conversion.csv").read_bytes() == before
    report = convert_cases(source.cases()[:4], replace(order, overwrite=True, test_cases=()))
    assert len(report.training_cases) == 4
    assert not list(folder.rglob("s3*"))


def test_survey_writes_nothing(source: SixCases, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    source.faults = {"s1_left": ValueError("bad.")}
    bad = Rejected("x", "y", "from the start.")
    outcomes = list(survey([bad, *source.cases()], SPEC.labels))
    assert [outcome.name for outcome in outcomes] == ["x", *NAMES]
    assert sum(isinstance(outcome, Rejected) for outcome in outcomes) == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_source_names(tmp_path: Path) -> None:
    path = tmp_path / "Meier Anna" / "scan"
    assert source_name(path, tmp_path, keep=True) == "Meier Anna/scan"
    hidden = source_name(path, tmp_path, keep=False)
    # sha256 of the path's text, which does not depend on where the folder lies.
    assert hidden == source_name(tmp_path / "b" / "Meier Anna" / "scan", tmp_path / "b", keep=False)
    assert hidden.startswith("sha256:")
    assert len(hidden) == 7 + 16
