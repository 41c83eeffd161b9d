"""Series of an examination of which every file is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from shoulderseg.datasets.converters.source import Rejected
from tests.datasets.converters.drawn_study import draw_mask, outcomes, shifted_series
from tests.datasets.dicom import writing

if TYPE_CHECKING:
    from shoulderseg.datasets.converters.source import SourceCase

_FAULTS: dict[str, dict[str, Any]] = {
    "bits": {"BitsStored": 12},
    "palette": {"PhotometricInterpretation": "PALETTE COLOR"},
    "place": {"ImagePositionPatient": []},
}


def _outcomes_beside(
    folder: Path, lost: list[writing.Slice]
) -> tuple[list[SourceCase], list[Rejected]]:
    """A sound series and a mask on its grid, beside other slices."""
    writing.write(folder / "a/pd", writing.series(1))
    if lost:
        writing.write(folder / "a/t1", lost)
    draw_mask(folder / "a/mask", "nii.gz", [])
    return outcomes(folder)


@pytest.mark.parametrize("fault", [*_FAULTS, "frames", "cut off", "cut off early"])
def test_a_mask_that_may_be_of_a_series_without_a_sound_file(tmp_path: Path, fault: str) -> None:
    """It would be taken for that of the other series, on the same grid."""
    slices = writing.series(0, **_FAULTS.get(fault, {}))
    if fault == "frames":
        item = slices[3]
        item.dataset.NumberOfFrames, item.pixels = 7, writing.voxels()
        slices = [item]
    paths = writing.write(tmp_path / "a/t1", slices)
    for path in paths if fault.startswith("cut") else []:
        content = path.read_bytes()
        tag = b"\x08\x00\x60\x00" if fault.endswith("early") else b"\x28\x00\x02\x00"
        path.write_bytes(content[: content.index(tag)])
    cases, rejected = _outcomes_beside(tmp_path, [])
    assert cases == []
    (mask,) = [one for one in rejected if one.name == "p001_mask1"]
    assert mask.fault
    assert "its grid fits series_6_" in mask.reason
    count = f"{len(paths)} DICOM file{'s' * (len(paths) > 1)} of another series, which is not taken"
    assert f"may have been drawn on {count}: " in mask.reason
    assert "Doe" not in str(rejected)


def test_refused_series_that_are_in_nobodys_way(tmp_path: Path) -> None:
    """One that lies elsewhere, and a derived map in colour."""
    lost = shifted_series(0, 4.0)
    for item in lost:
        item.dataset.BitsStored = 12
    colour = writing.series(2, **_FAULTS["palette"], ImageType=["DERIVED", "PRIMARY", "FA"])
    writing.write(tmp_path / "a/colour", colour)
    (case,), rejected = _outcomes_beside(tmp_path, lost)
    assert case.name.startswith("p001_series_6_")
    assert len(rejected) == 2


def test_a_folder_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hold the series that the mask was drawn on, or another mask."""
    assert len(_outcomes_beside(tmp_path, [])[0]) == 1
    (tmp_path / "a/closed").mkdir()
    real = os.scandir

    def scan(path: Any) -> Any:  # noqa: ANN401
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scan)
    cases, (closed, series) = outcomes(tmp_path)
    assert cases == []
    assert (closed.name, closed.fault) == ("p001_closed", True)
    assert "1 file or folder: folder cannot be opened (Permission denied)." in closed.reason
    assert "p001_closed could not be used and may have been drawn on it" in series.reason


def test_a_damaged_copy_of_a_slice_that_is_here(tmp_path: Path) -> None:
    """Its series is known, and whole."""
    cases, rejected = _outcomes_beside(tmp_path, [])
    copy = next((tmp_path / "a/pd").iterdir())
    (tmp_path / "a/copies").mkdir()
    content = copy.read_bytes()
    cut = content[: content.index(b"\x28\x00\x02\x00")]
    (tmp_path / "a/copies/x.dcm").write_bytes(cut)
    found, told = outcomes(tmp_path)
    assert [case.name for case in found] == [case.name for case in cases]
    assert len(told) == len(rejected) + 1
    assert np.all([one.fault for one in told])
