"""Masks of an examination that cannot be used take what they may spoil with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
import SimpleITK

from shoulderseg.datasets.converters.source import Rejected
from shoulderseg.datasets.dicom_seg import SegOptions, write_dicom_seg
from shoulderseg.datasets.labels import describe_labels
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_label_map
from tests.datasets.converters.drawn_study import (
    draw_mask,
    drawn_bones,
    outcomes,
    series_grid,
    shifted_series,
    surveyed,
)
from tests.datasets.dicom import writing

if TYPE_CHECKING:
    pass


def test_masks_that_overlap(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", writing.series())
    drawn = (drawn_bones() == 1).astype(np.uint8)
    write_label_map(tmp_path / "a/humerus.nii.gz", drawn, series_grid())
    drawn[:, 4:] = 0
    write_label_map(tmp_path / "a/glenoid.nii.gz", drawn, series_grid())
    (rejected,) = surveyed(tmp_path)
    assert isinstance(rejected, Rejected)
    # Rows 3 of columns 4 to 8 in slices 1 to 4.
    assert "its masks overlap in 20 voxels" in rejected.reason


def _write_bones(folder: Path, **change: Volume) -> None:
    """A sound humerus and a glenoid in files called so; `change` replaces one of them."""
    for value, name in enumerate(("humerus", "glenoid"), start=1):
        sound = replace(series_grid(), array=(drawn_bones() == value).astype(np.uint8))
        mask = change.get(name, sound)
        write_label_map(folder / f"{name}.nii.gz", mask.array, mask)


def _cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def test_a_mask_that_is_cut_off_takes_its_series_with_it(tmp_path: Path) -> None:
    """Its bone would be background in the label map of the others."""
    writing.write(tmp_path / "Doe", writing.series())
    _write_bones(tmp_path / "Doe")
    assert len(outcomes(tmp_path)[0]) == 1
    _cut(tmp_path / "Doe/glenoid.nii.gz")
    cases, (mask, series) = outcomes(tmp_path)
    assert cases == []
    assert (mask.name, mask.fault, series.fault) == ("p001_mask1", True, True)
    assert "p001_mask1 could not be used and may have been drawn on it" in series.reason


@pytest.mark.parametrize("kept", [200, 400, 700, 1500])
def test_a_seg_that_is_cut_off_takes_its_series_with_it(tmp_path: Path, kept: int) -> None:
    series = writing.write(tmp_path / "a", writing.series())
    humerus, glenoid = ((drawn_bones() == value) * np.uint8(value) for value in (1, 2))
    write_label_map(tmp_path / "a/humerus.nii.gz", humerus, series_grid())
    path = tmp_path / "a/glenoid.dcm"
    write_dicom_seg(path, glenoid, series_grid(), series, options=SegOptions("BINARY"))
    assert len(outcomes(tmp_path)[0]) == 1
    path.write_bytes(path.read_bytes()[:kept])
    cases, rejected = outcomes(tmp_path)
    assert cases == []
    assert any("could not be used" in entry.reason for entry in rejected)


def test_a_mask_on_another_grid_takes_all_series_with_masks(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", shifted_series(0, 0.0))
    second = writing.write(tmp_path / "a", shifted_series(1, 9.0), "b")
    writing.write(tmp_path / "a", shifted_series(2, 30.0), "c")
    draw_mask(tmp_path / "a/whole", "BINARY", second, series_grid(9.0))
    elsewhere = replace(series_grid(0.3), array=(drawn_bones() == 2).astype(np.uint8))
    _write_bones(tmp_path / "a", glenoid=elsewhere)
    cases, rejected = outcomes(tmp_path)
    assert cases == []
    assert "its grid fits no series" in rejected[0].reason
    told = {entry.name[5:13]: entry for entry in rejected[1:]}
    for name in ("series_5", "series_6"):
        assert told[name].fault
        assert "p001_mask2 could not be used" in told[name].reason
    assert told["series_7"].reason == "no mask was drawn on it."


@pytest.mark.parametrize("form", ["nii.gz", "BINARY"])
def test_a_label_without_meaning_takes_only_its_series(tmp_path: Path, form: str) -> None:
    first = writing.write(tmp_path / "a", shifted_series(0, 0.0))
    second = writing.write(tmp_path / "a", shifted_series(1, 9.0), "b")
    draw_mask(tmp_path / "a/whole", "BINARY", second, series_grid(9.0))
    stray = (drawn_bones() == 2) * np.uint8(2)
    stray[0, 0, 0] = 7
    _write_bones(tmp_path / "a")
    if form == "nii.gz":
        write_label_map(tmp_path / "a/glenoid.nii.gz", stray, series_grid())
    else:
        (tmp_path / "a/glenoid.nii.gz").unlink()
        labels = describe_labels({"glenoid": 2, "7": 7})
        write_dicom_seg(tmp_path / "a/g.dcm", stray, series_grid(), first, labels=labels)
    (case,), (mask, series) = outcomes(tmp_path)
    assert case.name.startswith("p001_series_6")
    assert "it holds '7', expected humerus, glenoid" in mask.reason
    assert series.name.startswith("p001_series_5")
    assert series.fault
    assert series.reason == f"a mask drawn on it could not be used: {mask.reason}"


def test_a_mask_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writing.write(tmp_path / "Doe", writing.series())
    _write_bones(tmp_path / "Doe")
    real = Path.open

    def locked(path: Path, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        if path.name == "glenoid.nii.gz":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(Path, "open", locked)
    cases, (mask, series) = outcomes(tmp_path)
    assert cases == []
    assert mask.name == "p001_mask1"
    assert "Permission denied" in mask.reason
    assert "Doe" not in mask.reason
    assert "p001_mask1 could not be used" in series.reason


@pytest.mark.parametrize("name", ["Doe.nhdr", "Doe.mgz", "Doe.hdr"])
def test_a_mask_in_a_format_that_is_not_read(tmp_path: Path, name: str) -> None:
    """Its bone would be background in the label map of the others."""
    writing.write(tmp_path / "a", writing.series())
    _write_bones(tmp_path / "a")
    assert len(outcomes(tmp_path)[0]) == 1
    (tmp_path / "a/glenoid.nii.gz").rename(tmp_path / "a" / name)
    (tmp_path / "a/Doe.img").write_bytes(b"voxels")
    cases, (mask, series) = outcomes(tmp_path)
    assert cases == []
    assert (mask.name, mask.fault) == ("p001_foreign1", True)
    assert "is not read. Convert it to .nii.gz or .nrrd" in mask.reason
    assert "p001_foreign1 could not be used and may have been drawn on it" in series.reason
    assert "Doe" not in mask.reason + mask.source


def test_files_beside_the_series_that_are_never_masks(tmp_path: Path) -> None:
    """What scanners and archives export with it, fetched or not."""
    writing.write(tmp_path / "a", writing.series())
    _write_bones(tmp_path / "a")
    for name in ("export.PAR", "export.REC"):
        (tmp_path / "a" / name).write_bytes(b"# export of the scanner")
    for name in ("video.avi", "report.doc", "viewer.exe", "viewer.dll", "other.par", "other.rec"):
        (tmp_path / "a" / name).symlink_to("nowhere")
    cases, rejected = outcomes(tmp_path)
    assert (len(cases), rejected) == (1, [])


def test_damaged_masks_and_images_that_are_no_masks(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", writing.series(0))
    (tmp_path / "a/Doe1.nii.gz").write_bytes(b"x" * 400)
    (tmp_path / "a/Doe2.nrrd").write_bytes(b"")
    draw_mask(tmp_path / "a/Doe4", "nii.gz", [])
    draw_mask(tmp_path / "a/Doe4", "nii", [])
    grey = SimpleITK.GetImageFromArray(writing.voxels())
    SimpleITK.WriteImage(grey, str(tmp_path / "a/Doe3.nii"))
    cases, rejected = outcomes(tmp_path)
    assert cases == []
    assert [entry.fault for entry in rejected] == [True, True, True, True, True, False]
    assert "a file of the same name with .nii lies beside it" in rejected[4].reason
    assert "if this is no mask, move it away" in rejected[2].reason
    assert not any("Doe" in entry.reason for entry in rejected)


def test_doubts_about_a_nifti_do_not_tell_its_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writing.write(tmp_path / "a", writing.series())
    draw_mask(tmp_path / "a/Doe", "nii", [])
    file = tmp_path / "a/Doe.nii"
    content = bytearray(file.read_bytes())
    # The qform's offset: it now contradicts the sform.
    content[268:272] = np.float32(77).tobytes()
    file.write_bytes(bytes(content))
    read_label_map(file)
    assert "Doe" in caplog.text
    caplog.clear()
    outcomes(tmp_path)
    assert caplog.text == ""


@pytest.mark.parametrize("first", ["humerus", "glenoid"])
def test_segments_of_one_file_that_overlap(tmp_path: Path, first: str) -> None:
    series = writing.write(tmp_path / "a", writing.series())
    second = {"humerus": "glenoid", "glenoid": "humerus"}[first]
    path = tmp_path / "a/s.dcm"
    labels = describe_labels({first: 1, second: 2})
    write_dicom_seg(path, drawn_bones(), series_grid(), series, labels=labels)
    (case,) = outcomes(tmp_path)[0]
    assert set(np.unique(case.load().label_map)) == {0, 1, 2}

    seg = pydicom.dcmread(path)
    assert seg.SegmentationType == "BINARY"
    # All pixels of all frames: where both have one, they overlap everywhere.
    seg.PixelData = b"\xff" * len(seg.PixelData)
    seg.save_as(path)

    (case,) = outcomes(tmp_path)[0]
    with pytest.raises(ValueError, match="two structures overlap in"):
        case.load()
