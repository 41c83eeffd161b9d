"""Series of an examination that cannot be used, and DICOM SEG drawn on them."""

from __future__ import annotations

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
