"""DICOM files that are links into a store, as DataLad and stores without doubles keep them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shoulderseg.datasets.dicom.folder import read_folder
from shoulderseg.workflows.inputs.discover import find_inputs
from tests.datasets.dicom.findings import found, only, refusal, used
from tests.datasets.dicom.writing import series, voxels, write


def _linked(tmp_path: Path, count: int) -> Path:
    """Seven slices, of which the last ones are links out of the folder."""
    folder = tmp_path / "in"
    folder.mkdir()
    for index, path in enumerate(write(tmp_path / "store", series())):
        if index >= 7 - count:
            (folder / path.name).symlink_to(path)
        else:
            path.rename(folder / path.name)
    return folder


@pytest.mark.parametrize("count", [1, 2, 7])
def test_slices_behind_links_are_read(tmp_path: Path, count: int) -> None:
    np.testing.assert_array_equal(used(only(_linked(tmp_path, count))), voxels())


def test_a_patient_behind_a_link_is_read(tmp_path: Path) -> None:
    write(tmp_path / "in" / "one", series())
    write(tmp_path / "store" / "two", series(seed=1))
    (tmp_path / "in" / "two").symlink_to(tmp_path / "store" / "two", target_is_directory=True)
    first, second = found(tmp_path / "in")
    np.testing.assert_array_equal(used(first), voxels())
    np.testing.assert_array_equal(used(second), voxels(1))


def test_loops_end_and_doubles_count_once(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "deep" / "er"
    paths = write(folder, series())
    (folder / "up").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "in" / "again").symlink_to(folder, target_is_directory=True)
    (tmp_path / "in" / "one.dcm").symlink_to(paths[3])
    (folder / "self").symlink_to(folder / "self")
    findings = read_folder(tmp_path / "in")
    (one,) = findings.series
    assert len(one.slices) == 7
    # A link to itself leads nowhere.
    assert [entry.path.name for entry in findings.files] == ["self"]
    assert one.verdict == "refuse"


@pytest.mark.parametrize(
    "name", ["IM9", "z.dcm", "1.2.840.9", "z.IMA", "z.dicom", "z.MR", "z.dcm.bak", "b.more"]
)
def test_a_series_beside_a_link_that_leads_nowhere_is_refused(tmp_path: Path, name: str) -> None:
    """As git-annex leaves a file whose content was not fetched."""
    folder = _linked(tmp_path, 0)
    (folder / name).symlink_to(tmp_path / ".git/annex/objects/MD5-s9--1")
    assert "1 link beside its slices leads to no file" in refusal(folder)
    (finding,) = read_folder(folder).files
    assert finding.refused
    assert "git annex get" in finding.reason
    inputs = find_inputs(folder)
    assert inputs.cases == ()
    assert all(item.refused for item in inputs.skipped)
    assert name not in " ".join(f"{item.name} {item.reason}" for item in inputs.skipped)


@pytest.mark.parametrize(
    "content", [b"/annex/objects/MD5-s9--1\n", b"version https://git-lfs.github.com/spec/v1\n"]
)
@pytest.mark.parametrize("name", ["a30_6.dcm", "DOE_JANE_4"])
def test_pointers_in_place_of_slices_are_links(tmp_path: Path, name: str, content: bytes) -> None:
    """What unlocked git-annex and git-LFS leave of a file that was not fetched."""
    folder = _linked(tmp_path, 0)
    (folder / name).write_bytes(content)
    assert "1 link beside its slices leads to no file" in refusal(folder)
    told = " ".join(f"{item.name} {item.reason}" for item in find_inputs(folder).skipped)
    assert name not in told
    assert find_inputs(folder).ignored == ()


def test_one_folder_a_slice(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for index, path in enumerate(write(tmp_path / "store", series())):
        place = folder / f"{index}"
        place.mkdir(parents=True)
        (place / "IM").symlink_to(path if index < 5 else tmp_path / "nowhere")
    assert "2 links beside its slices lead to no file" in refusal(folder)


def test_links_that_cannot_be_slices_are_nobodys_loss(tmp_path: Path) -> None:
    folder = _linked(tmp_path, 2)
    (folder / "notes.txt").symlink_to(tmp_path / "nowhere.txt")
    (tmp_path / "in" / "other").mkdir()
    (tmp_path / "in" / "other" / "x.dcm").symlink_to(tmp_path / "nowhere.dcm")
    np.testing.assert_array_equal(used(only(folder)), voxels())


def test_a_volume_behind_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "scan.nii.gz").symlink_to(tmp_path / "nowhere")
    (item,) = find_inputs(tmp_path).skipped
    assert (item.name, item.refused) == ("scan.nii.gz", True)
    assert "link to a file that is not there" in item.reason
