"""Repeats of a scan in one series, and what only looks like them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import generate_uid

from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.errors import UnreadableVolumeError

from .findings import found, only, used
from .writing import COUNT, Slice, series, voxels, write


@pytest.mark.parametrize(
    ("tag", "first", "second"),
    [
        ("AcquisitionNumber", 9, 10),
        ("FlipAngle", 5, 15),
        ("InversionTime", 100, 2000),
        ("TriggerTime", 0, 400),
        ("SeriesNumber", 5, 11),
    ],
)
def test_repeats_that_no_counter_of_repeats_tells_apart(
    tmp_path: Path, tag: str, first: int, second: int
) -> None:
    other = series(**{tag: second})
    for item in other:
        item.pixels = item.pixels + 7
        item.dataset.SOPInstanceUID = generate_uid()
    write(tmp_path, series(**{tag: first}))
    write(tmp_path, other, "b")
    one, two = found(tmp_path)
    np.testing.assert_array_equal(used(one), voxels())
    np.testing.assert_array_equal(used(two), voxels() + 7)


def test_acquisitions_of_every_other_slice_are_no_scans(tmp_path: Path) -> None:
    """Two scans of two acquisitions each, taken in turns; the distance of slices is not stated."""
    for scan in range(2):
        slices = series()
        for index, item in enumerate(slices):
            item.dataset.AcquisitionNumber = 1 + 2 * scan + index % 2
            item.dataset.SOPInstanceUID = generate_uid()
            item.pixels = item.pixels + 7 * scan
            del item.dataset.SpacingBetweenSlices
        write(tmp_path, slices, "ab"[scan])
    stack = only(tmp_path).stack
    assert stack is not None
    assert len(stack.duplicates) == COUNT
    # One scan of that kind is whole.
    for path in tmp_path.glob("b*"):
        path.unlink()
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def _again(numbers: range, add: int = 0, **tags: Any) -> list[Slice]:  # noqa: ANN401
    """Some slices of a series under other numbers of their own."""
    slices = [series(**tags)[k] for k in numbers]
    for item in slices:
        item.pixels = item.pixels + add
        item.dataset.SOPInstanceUID = generate_uid()
    return slices


def test_slabs_of_one_scan_that_share_a_slice_are_one_volume(tmp_path: Path) -> None:
    write(tmp_path, _again(range(4), AcquisitionNumber=1))
    write(tmp_path, _again(range(3, 7), AcquisitionNumber=2), "b")
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_slices_that_were_sent_once_more_make_no_volume(tmp_path: Path) -> None:
    write(tmp_path, series(AcquisitionNumber=1))
    write(tmp_path, _again(range(2, 5), AcquisitionNumber=2), "b")
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([(range(4), 0), (range(3, 7), 5)], id="slabs"),
        pytest.param([(range(7), 0), (range(4), 5)], id="stopped"),
        pytest.param(
            [(range(4), 0), (range(4, 7), 0), (range(4), 5), (range(4, 7), 5)], id="blocks"
        ),
    ],
)
def test_parts_of_scans_are_no_volumes(tmp_path: Path, parts: list[tuple[range, int]]) -> None:
    for number, (numbers, add) in enumerate(parts):
        write(tmp_path, _again(numbers, add, AcquisitionNumber=number), "abcd"[number])
    stack = only(tmp_path).stack
    assert stack is not None
    with pytest.raises(UnreadableVolumeError, match="Two scans were mixed"):
        read_stack(stack)


def test_copies_of_slices_are_no_repeats(tmp_path: Path) -> None:
    write(tmp_path, series())
    write(tmp_path, series(AcquisitionNumber=2)[2:4], "b")
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())
