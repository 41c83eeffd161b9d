"""Which slices of a folder become one volume."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom.uid import generate_uid

from shoulderseg.datasets.dicom.grouping import group_slices
from shoulderseg.datasets.dicom.header import read_headers
from shoulderseg.datasets.dicom.verdict import judge

from .findings import found, only, refusal, used
from .writing import (
    ACROSS,
    ALONG_ROW,
    COLUMN_MM,
    COLUMNS,
    COUNT,
    DOWN,
    ORIGIN_MM,
    ROW_MM,
    ROWS,
    STEP_MM,
    changed,
    series,
    voxels,
    write,
)

if TYPE_CHECKING:
    from pydicom import Dataset


def test_two_series_are_two_volumes(tmp_path: Path) -> None:
    write(tmp_path, series() + series(seed=1))
    first, second = found(tmp_path)
    np.testing.assert_array_equal(used(first), voxels())
    np.testing.assert_array_equal(used(second), voxels(1))
    assert first.name.startswith("series_5_")
    assert second.name.startswith("series_6_")


@pytest.mark.parametrize(
    "tags",
    [
        {"EchoNumbers": 2, "EchoTime": 60},
        {"EchoTime": 60},
        {"ImageType": ["ORIGINAL", "PRIMARY", "W"]},
        {"TemporalPositionIdentifier": 2},
    ],
)
def test_what_one_series_mixes_is_parted(tmp_path: Path, tags: dict[str, Any]) -> None:
    other = series(**tags)
    for item in other:
        item.pixels = item.pixels + 7
        item.dataset.SOPInstanceUID = generate_uid()
    write(tmp_path, series())
    write(tmp_path, other, "b")
    arrays = [used(one) for one in found(tmp_path)]
    assert len(arrays) == 2
    wanted = [voxels(), voxels() + 7]
    assert any(
        all(np.array_equal(a, b) for a, b in zip(order, wanted, strict=True))
        for order in (arrays, arrays[::-1])
    )
    names = [one.name for one in found(tmp_path)]
    assert [name[-2:] for name in names] == ["_1", "_2"]


def test_mixed_matrices_are_parted(tmp_path: Path) -> None:
    small = series()
    for item in small:
        item.pixels = np.ascontiguousarray(item.pixels[:20])
        item.dataset.Rows = 20
    write(tmp_path, series())
    write(tmp_path, small, "b")
    assert {used(one).shape for one in found(tmp_path)} == {
        (COUNT, ROWS, COLUMNS),
        (COUNT, 20, COLUMNS),
    }


def test_two_runs_half_a_step_apart_are_not_one_stack(tmp_path: Path) -> None:
    def shift(dataset: Dataset, index: int) -> None:
        place = ORIGIN_MM + (index + 0.5) * STEP_MM * ACROSS
        dataset.ImagePositionPatient = [*place.round(9)]
        dataset.SOPInstanceUID = generate_uid()

    write(tmp_path, series())
    write(tmp_path, changed(series(), shift), "b")
    assert "2 stacks seem to be mixed" in refusal(tmp_path)


def test_stacks_side_by_side_are_refused(tmp_path: Path) -> None:
    def aside(dataset: Dataset, index: int) -> None:
        place = ORIGIN_MM + index * STEP_MM * ACROSS + 250 * ALONG_ROW
        dataset.ImagePositionPatient = [*place.round(9)]

    write(tmp_path, series())
    write(tmp_path, changed(series(), aside), "b")
    assert "two stacks in one series" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("EchoTime", [30, 30.01] * 4),
        ("EchoTime", [30] * 4 + [31] * 3),
        ("PixelSpacing", [[ROW_MM, COLUMN_MM], [ROW_MM, COLUMN_MM + 1e-6]] * 4),
        ("TemporalPositionIdentifier", list(range(1, 9))),
        ("EchoNumbers", [1, 1, 1, 7, 1, 1, 1]),
        ("ImageType", [["ORIGINAL", "PRIMARY", "M"]] * 6 + [["ORIGINAL", "PRIMARY", "OTHER"]]),
    ],
)
def test_what_differs_from_slice_to_slice_parts_no_volume(
    tmp_path: Path, name: str, values: list[Any]
) -> None:
    write(tmp_path, changed(series(), lambda dataset, k: setattr(dataset, name, values[k])))
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


@pytest.mark.parametrize("tag", ["PatientID", "StudyInstanceUID"])
def test_patients_with_one_series_number_are_not_mixed(tmp_path: Path, tag: str) -> None:
    def other(dataset: Dataset, index: int) -> None:
        place = ORIGIN_MM + (index + COUNT) * STEP_MM * ACROSS
        dataset.ImagePositionPatient = [*place.round(9)]
        setattr(dataset, tag, "1.2.3")

    write(tmp_path, series())
    write(tmp_path, changed(series(), other), "b")
    assert [used(one).shape for one in found(tmp_path)] == [voxels().shape] * 2


def test_a_patients_series_says_nothing_of_anothers(tmp_path: Path) -> None:
    """An anonymiser gave three patients one series; one of them is derived."""
    turns = [(ALONG_ROW, DOWN), (DOWN, ACROSS), (ACROSS, ALONG_ROW)]
    for number, (row, column) in enumerate(turns):

        def turn(dataset: Dataset, index: int) -> None:
            dataset.ImageOrientationPatient = [*row.round(9), *column.round(9)]  # noqa: B023
            across = np.cross(row, column)  # noqa: B023
            dataset.ImagePositionPatient = [*(index * STEP_MM * across).round(9)]
            dataset.PatientID = f"P{number}"  # noqa: B023

        write(tmp_path, changed(series(), turn), "abc"[number])

    def derive(dataset: Dataset, _: int) -> None:
        dataset.PatientID, dataset.ImageType = "P3", ["DERIVED", "PRIMARY", "M"]
        dataset.SeriesInstanceUID = "1.2.3"

    write(tmp_path, changed(series(), derive), "d")
    assert [one.verdict for one in found(tmp_path)] == ["use"] * 4


def test_planes_of_series_without_a_number_are_no_scout(tmp_path: Path) -> None:
    for number, (row, column) in enumerate([(ALONG_ROW, DOWN), (DOWN, ACROSS)]):

        def turn(dataset: Dataset, index: int) -> None:
            dataset.ImageOrientationPatient = [*row.round(9), *column.round(9)]  # noqa: B023
            across = np.cross(row, column)  # noqa: B023
            dataset.ImagePositionPatient = [*(index * STEP_MM * across).round(9)]
            dataset.SeriesInstanceUID = ""

        write(tmp_path, changed(series()[:4], turn), "ab"[number])
    assert [one.verdict for one in found(tmp_path)] == ["use"] * 2


def test_the_work_on_many_series_grows_with_their_number_alone(tmp_path: Path) -> None:
    (path,) = write(tmp_path, series()[:1])
    (header,) = read_headers(path)

    def calls(number: int) -> int:
        """Function calls that judging this many series takes: on a busy machine no more."""
        many = [
            replace(
                header,
                texts={**header.texts, "SeriesInstanceUID": f"1.{k // 2}", "EchoTime": str(k)},
            )
            for k in range(number)
        ]
        counted = Counter[str]()
        before = sys.getprofile()
        sys.setprofile(lambda _frame, event, _argument: counted.update([event]))
        try:
            judged = judge(group_slices(many))
        finally:
            sys.setprofile(before)
        assert len(judged) == number
        return counted.total()

    calls(2)
    assert calls(600) < 3.1 * calls(200)
