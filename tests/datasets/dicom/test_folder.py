"""Folders of DICOM files with the faults that scanners, archives and people put into them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.datasets.dicom.folder import read_folder
from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.files import dangling_volumes, find_volumes

from .findings import only, used
from .writing import (
    ACROSS,
    ALONG_ROW,
    COLUMN_MM,
    COUNT,
    DOWN,
    ORIGIN_MM,
    ROW_MM,
    STEP_MM,
    series,
    voxels,
    write,
)

if TYPE_CHECKING:
    pass


def test_every_voxel_has_its_value_and_its_place(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "er", series())
    one = only(tmp_path)
    assert one.stack is not None
    volume = read_stack(one.stack)
    np.testing.assert_array_equal(volume.array, voxels())
    assert volume.spacing_mm == pytest.approx((STEP_MM, ROW_MM, COLUMN_MM))
    axes = np.reshape(volume.direction, (3, 3))
    np.testing.assert_allclose(axes, np.stack([ALONG_ROW, DOWN, ACROSS], axis=1), atol=1e-6)
    index = np.array([20, 5, 4])
    place = np.array(volume.origin_mm) + axes @ (index * volume.spacing_mm[::-1])
    wanted = ORIGIN_MM + 20 * COLUMN_MM * ALONG_ROW + 5 * ROW_MM * DOWN + 4 * STEP_MM * ACROSS
    np.testing.assert_allclose(place, wanted, atol=1e-6)
    assert [header.path.name for header in one.stack.slices] == [
        f"a{(5 * k) % 97:02d}_{k}.dcm" for k in range(COUNT)
    ]


@settings(max_examples=15)
@given(order=st.permutations(range(COUNT)), numbers=st.permutations(range(1, COUNT + 1)))
def test_neither_names_nor_instance_numbers_matter(
    order: list[int], numbers: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shuffled")
    slices = series()
    for item, number in zip(slices, numbers, strict=True):
        item.dataset.InstanceNumber = number
    write(folder, [slices[k] for k in order])
    np.testing.assert_array_equal(used(only(folder)), voxels())


def test_series_that_run_backwards_are_the_same_volume(tmp_path: Path) -> None:
    # Positions along the normal decide, whatever the order of acquisition.
    slices = series()
    for number, item in enumerate(reversed(slices), start=1):
        item.dataset.InstanceNumber = number
    write(tmp_path, slices[::-1])
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_links_are_followed_hidden_files_and_indices_are_not(tmp_path: Path) -> None:
    write(tmp_path / "in", series())
    write(tmp_path / "outside", series(seed=1))
    folder = tmp_path / "in"
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "out.dcm").symlink_to(next((tmp_path / "outside").iterdir()))
    (folder / "._a00_0.dcm").write_bytes(b"resource fork")
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM../../outside")
    (folder / "note.txt").write_text("x")
    findings = read_folder(folder)
    np.testing.assert_array_equal(used(findings.series[0]), voxels())
    assert len(findings.series) == 2
    assert findings.files == ()
    assert {path.name for path in findings.others} == {"DICOMDIR", "note.txt"}


def test_a_folder_that_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, series())
    (tmp_path / "closed").mkdir()
    real = os.scandir

    def scandir(path: Any) -> Any:  # noqa: ANN401
        # The tests may run as a user to whom nothing is closed.
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    findings = read_folder(tmp_path)
    np.testing.assert_array_equal(used(findings.series[0]), voxels())
    (finding,) = findings.files
    assert (finding.path.name, finding.refused) == ("closed", True)
    assert "Permission denied" in finding.reason


def test_what_may_not_be_looked_at_is_told_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "series", series())
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    real = os.stat

    def closed(path: Any, **words: Any) -> Any:  # noqa: ANN401
        # The tests may run as a user to whom nothing is closed.
        if Path(os.fsdecode(path)).name in ("link", "link.nii.gz"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **words)

    monkeypatch.setattr(os, "stat", closed)
    monkeypatch.setattr(
        "shoulderseg.datasets.dicom.folder._is_dicom",
        lambda file: closed(file) is not None,
    )
    findings = read_folder(tmp_path)
    np.testing.assert_array_equal(used(findings.series[0]), voxels())
    (finding,) = findings.files
    assert (finding.path.name, finding.refused) == ("link", True)
    assert "Permission denied" in finding.reason
    # Images that may be there are cases, which fail for themselves.
    (tmp_path / "link").rename(tmp_path / "link.nii.gz")
    assert dangling_volumes(tmp_path) == []
    assert [path.name for path in find_volumes(tmp_path)] == ["link.nii.gz"]


def test_names_of_any_kind_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "Übung $;| <b>"
    paths = write(folder, series())
    os.rename(os.fsencode(paths[0]), os.fsencode(folder) + b"/\xff\xfe odd")  # noqa: PTH104
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    findings = read_folder(tmp_path)
    assert (findings.series, findings.files, findings.others) == ((), (), ())
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        read_folder(tmp_path / "absent")
