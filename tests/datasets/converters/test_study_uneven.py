"""What is read though it is not quite regular gets a DICOM SEG and an SR, and the SEG is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.dicom.folder import read_folder
from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.dicom_seg import write_dicom_seg
from shoulderseg.datasets.dicom_sr import SourceSeries, write_dicom_sr
from tests.datasets.converters.drawn_study import drawn_bones, outcomes
from tests.datasets.dicom import writing
from tests.datasets.dicom.writing import ACROSS, ALONG_ROW, DOWN, ORIGIN_MM, STEP_MM
from tests.datasets.reported_bones import bones

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom import Dataset

    from shoulderseg.datasets.dicom.stack import Stack


def _rounded(dataset: Dataset, index: int) -> None:
    # Along the row 1.0069 long; two digits are what some archives keep.
    dataset.ImageOrientationPatient = [0.87, 0.5, 0, 0, 0, -1]
    dataset.ImagePositionPatient = [0.5 * STEP_MM * index, -0.87 * STEP_MM * index, 0]


def _shifted(dataset: Dataset, index: int) -> None:
    dataset.ImagePositionPatient = [
        *(ORIGIN_MM + index * STEP_MM * (ACROSS + np.radians(0.45) * ALONG_ROW)).round(9)
    ]


def _turned(dataset: Dataset, index: int) -> None:
    by = 9e-4 * (-1) ** index
    dataset.ImageOrientationPatient = [*(ALONG_ROW + by * DOWN), *(DOWN - by * ALONG_ROW)]


def _large(slices: list[writing.Slice]) -> list[writing.Slice]:
    """As large a matrix as scanners make, where small angles move the far corner most."""
    for item in slices:
        item.pixels = np.pad(item.pixels, ((0, 1000), (0, 1000)), mode="edge")
        item.dataset.Rows, item.dataset.Columns = item.pixels.shape
        item.dataset.PixelSpacing = [0.2, 0.15]
    return slices


def _stack(folder: Path) -> Stack:
    (series,) = read_folder(folder).series
    assert series.stack is not None, series.reason
    return series.stack


@pytest.mark.parametrize("change", [_rounded, _shifted, _turned])
def test_what_is_read_can_be_referred_to(
    tmp_path: Path, change: Callable[[Dataset, int], None]
) -> None:
    folder, seg = tmp_path / "in/a", tmp_path / "in/a/mask.dcm"
    writing.write(folder, _large(writing.changed(writing.series(), change)))
    stack = _stack(folder)
    files, image = [one.path for one in stack.slices], read_stack(stack)
    drawn = np.zeros(image.array.shape, np.uint8)
    drawn[:, : writing.ROWS, : writing.COLUMNS] = drawn_bones()

    write_dicom_sr(tmp_path / "sr.dcm", bones(), [SourceSeries(image, files)])
    write_dicom_seg(seg, drawn, image, files)

    [case], rejected = outcomes(tmp_path / "in")
    assert rejected == []
    np.testing.assert_array_equal(case.load().label_map, drawn)


@pytest.mark.parametrize("change", [_rounded, _shifted, _turned])
def test_slices_in_another_order_are_refused_as_before(
    tmp_path: Path, change: Callable[[Dataset, int], None]
) -> None:
    writing.write(tmp_path, _large(writing.changed(writing.series(), change)))
    stack = _stack(tmp_path)
    image = read_stack(stack)
    files = [one.path for one in stack.slices]
    files[2], files[3] = files[3], files[2]
    with pytest.raises(ValueError, match=r"slice 3 of 7: lies 1[.0-9]* voxels away"):
        write_dicom_seg(tmp_path / "a.dcm", image.array.astype(np.uint8) * 0, image, files)
