"""Series of an examination that cannot be used, and DICOM SEG drawn on them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest

from shoulderseg.datasets.converters.source import Rejected
from tests.datasets.converters.drawn_study import draw_mask, outcomes, surveyed
from tests.datasets.dicom import writing

if TYPE_CHECKING:
    pass


def test_scouts_are_skipped_and_gaps_rejected(tmp_path: Path) -> None:
    good = writing.write(tmp_path / "a", writing.series(0))
    draw_mask(tmp_path / "a/mask", "BINARY", good)
    writing.write(tmp_path / "a", writing.series(1, SeriesDescription="Localizer"), "b")
    gap = writing.series(2)
    del gap[3]
    writing.write(tmp_path / "a", gap, "c")
    (tmp_path / "a/Doe.dcm").write_bytes(b"nothing")
    _, rejected = outcomes(tmp_path)
    told = {entry.reason: entry.fault for entry in rejected}
    assert told.pop("localizer") is False
    assert told.pop("1 DICOM file: DICOM header is damaged. Export it again.") is True
    ((reason, fault),) = told.items()
    assert fault
    assert "1 slice missing after slice 3" in reason


def test_a_seg_of_a_series_that_is_not_there_or_not_taken(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series(0))
    draw_mask(tmp_path / "a/mask", "BINARY", series)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    for path in (tmp_path / "b").glob("a*.dcm"):
        path.unlink()
    next((tmp_path / "a").glob("a*_3.dcm")).unlink()
    reasons = [entry.reason for entry in outcomes(tmp_path)[1]]
    assert any("which is not taken: 1 slice missing" in reason for reason in reasons)
    assert any("is not in the patient's folder" in reason for reason in reasons)
    assert "it holds no MR series that can be read. Add it." in reasons


def test_a_seg_of_a_series_with_a_slice_that_is_cut_off_names_no_file(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series(0))
    draw_mask(tmp_path / "a/mask", "BINARY", series)
    slice_ = series[2].rename(series[2].with_name("DOE_JANE.dcm"))
    slice_.write_bytes(slice_.read_bytes()[:-900])
    reasons = [entry.reason for entry in outcomes(tmp_path)[1]]
    assert any("which is not taken: " in reason for reason in reasons)
    assert "DOE" not in str(reasons)


def test_a_seg_whose_frames_lie_elsewhere(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series(0))
    draw_mask(tmp_path / "a/mask", "BINARY", series)
    seg = pydicom.dcmread(tmp_path / "a/mask.dcm")
    plane = seg.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence[0]
    plane.ImagePositionPatient = [*(np.array(plane.ImagePositionPatient) + writing.DOWN * 0.6)]
    seg.save_as(tmp_path / "a/mask.dcm")
    (outcome,) = surveyed(tmp_path)
    assert isinstance(outcome, Rejected)
    assert "frame 3 of this DICOM SEG lies" in outcome.reason


@pytest.mark.parametrize("fault", ["missing", "cut off", "uneven"])
def test_a_mask_is_not_taken_for_that_of_another_series(tmp_path: Path, fault: str) -> None:
    """Drawn on the first of two series on one grid, of which the first is refused."""
    slices = writing.series(0)
    if fault == "uneven":
        place = np.array(slices[3].dataset.ImagePositionPatient) + 0.9 * writing.ACROSS
        slices[3].dataset.ImagePositionPatient = [*place.round(9)]
    paths = writing.write(tmp_path / "a", slices)
    if fault == "missing":
        paths[3].unlink()
    elif fault == "cut off":
        paths[3].write_bytes(paths[3].read_bytes()[:-900])
    writing.write(tmp_path / "a", writing.series(1), "b")
    draw_mask(tmp_path / "a/mask", "nii.gz", [])
    cases, (mask, *_) = outcomes(tmp_path)
    assert cases == []
    assert mask.fault
    said = (
        "its grid fits series_6_.*, but it may have been drawn on series_5_.*, which is not taken"
    )
    assert re.match(said, mask.reason)


def test_series_that_are_not_taken_and_are_in_nobodys_way(tmp_path: Path) -> None:
    """A phase image of the very series, and one whose slices lie at another distance."""
    writing.write(tmp_path / "a", writing.series(0))
    uid = writing.series(0)[0].dataset.SeriesInstanceUID
    phase = writing.series(1, SeriesInstanceUID=uid, ImageType=["ORIGINAL", "PRIMARY", "P"])
    writing.write(tmp_path / "a", phase, "b")
    other = writing.series(2)
    for index, item in enumerate(other):
        place = writing.ORIGIN_MM + index * 4.5 * writing.ACROSS
        item.dataset.ImagePositionPatient = [*place.round(9)]
    del other[3]
    writing.write(tmp_path / "a", other, "c")
    draw_mask(tmp_path / "a/mask", "nii.gz", [])
    (case,), rejected = outcomes(tmp_path)
    assert case.name.startswith("p001_series_5_")
    assert len(rejected) == 2


@pytest.mark.parametrize("kind", ["derived", "phase", "mip", "localizer", "stray"])
def test_what_ordinary_examinations_hold_beside_the_series(tmp_path: Path, kind: str) -> None:
    """All on the grid of the series that the mask was drawn on."""
    slices = writing.series(0)
    writing.write(tmp_path / "a", slices)
    types = {
        "derived": ["DERIVED", "PRIMARY", "M", "FILTERED"],
        "mip": ["DERIVED", "SECONDARY", "MIP"],
    }
    types["phase"] = ["ORIGINAL", "PRIMARY", "P"]
    other = writing.series(1, ImageType=types.get(kind, ["ORIGINAL", "PRIMARY", "M"]))
    if kind in ("mip", "stray"):
        other = other[3:4]
    for item in other:
        if kind == "localizer":
            item.dataset.SeriesDescription = "Localizer"
        elif kind == "stray":
            item.dataset.SeriesInstanceUID = slices[0].dataset.SeriesInstanceUID
            item.dataset.EchoTime = 90
    writing.write(tmp_path / "a", other, "b")
    draw_mask(tmp_path / "a/mask", "nii.gz", [])
    (case,), (skipped,) = outcomes(tmp_path)
    assert case.name.startswith("p001_series_5_")
    assert skipped.fault == (kind == "stray")


@pytest.mark.parametrize("name", ["DOE.dcm", "DOE.nii.gz", "DOE"])
def test_files_beside_the_folders_of_patients_are_told_of(tmp_path: Path, name: str) -> None:
    series = writing.write(tmp_path / "a", writing.series())
    draw_mask(tmp_path / "a/mask", "nii.gz", [])
    (tmp_path / "notes.txt").touch()
    assert outcomes(tmp_path)[1] == []
    shutil.copy(series[0], tmp_path / name)
    (case,), (loose,) = outcomes(tmp_path)
    assert case.name.startswith("p001_")
    assert loose.fault
    assert "1 file lies beside the folders of the patients" in loose.reason
    assert "DOE" not in str(loose)
