"""Sets that are made again, interrupted, changed or grown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shoulderseg.datasets.nnunet_raw import write_json
from shoulderseg.datasets.phantom import case_files
from shoulderseg.datasets.phantom.dataset import CaseReport, Writing, write_dataset, write_dicom
from tests.datasets.phantom.three_cases import THREE, TINY, contents


@pytest.mark.usefixtures("quick")
def test_rerun_makes_what_is_missing(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, THREE).folder
    before = contents(folder)
    kept = folder / "imagesTr" / "phantom_0001_0000.nii.gz"
    written_at = kept.stat().st_mtime_ns
    (folder / "labelsTr" / "phantom_0002.nii.gz").unlink()
    reports: list[CaseReport] = []
    write_dataset(tmp_path, THREE, Writing(on_case=reports.append))
    assert [report.seconds is None for report in reports] == [True, False, True]
    assert contents(folder) == before
    assert kept.stat().st_mtime_ns == written_at


@pytest.mark.usefixtures("quick")
def test_rerun_replaces_a_series_that_stands_alone(tmp_path: Path) -> None:
    write_dicom(tmp_path, THREE)
    before = contents(tmp_path)
    (tmp_path / "parameters" / "phantom_0002.json").unlink()
    (tmp_path / "dicom" / "phantom_0002" / "IM0001.dcm").unlink()
    (tmp_path / "dicom" / "phantom_0002" / "IM0009.dcm").write_text("of another run")
    write_dicom(tmp_path, THREE)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("write", [write_dataset, write_dicom])
@pytest.mark.usefixtures("quick")
def test_interrupted_set_is_finished(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Any,  # noqa: ANN401
) -> None:
    whole = contents(write(tmp_path / "whole", THREE).folder)

    def stop(path: Path, content: Any) -> None:  # noqa: ANN401
        if path.name == "phantom_0002.json":
            raise KeyboardInterrupt
        write_json(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(case_files, "write_json", stop)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "cut", THREE)
    left = contents(tmp_path / "cut")
    assert not [name for name in left if "phantom_0002" in name]
    assert not [name for name in left if name.endswith("dataset.json")]
    report = write(tmp_path / "cut", THREE)
    assert contents(report.folder) == whole


@pytest.mark.usefixtures("quick")
def test_other_options_are_refused_unless_overwritten(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, THREE).folder
    before = contents(folder)
    other = replace(THREE, seed=2, options=replace(TINY, sex="female"))
    with pytest.raises(ValueError, match=r'seed 1 \(now 2\), sex null \(now "female"\)'):
        write_dataset(tmp_path, other)
    with pytest.raises(ValueError, match='format "nifti"'):
        write_dicom(folder, THREE)
    assert contents(folder) == before
    write_dataset(tmp_path, other, Writing(overwrite=True))
    fresh = write_dataset(tmp_path / "fresh", other).folder
    assert contents(folder) == contents(fresh)


@pytest.mark.usefixtures("quick")
def test_a_set_grows_where_no_case_moves(tmp_path: Path) -> None:
    two = replace(THREE, cases=2, test_cases=0)
    write_dataset(tmp_path, two)
    reports: list[CaseReport] = []
    four = replace(two, cases=4)
    report = write_dataset(tmp_path, four, Writing(on_case=reports.append))
    assert [report.seconds is None for report in reports] == [True, True, False, False]
    assert contents(report.folder) == contents(write_dataset(tmp_path / "new", four).folder)
    with pytest.raises(ValueError, match=r"cases 4 \(now 2\)"):
        write_dataset(tmp_path, two)
    with pytest.raises(ValueError, match=r"cases 4 \(now 5\), seed 1 \(now 2\)"):
        write_dataset(tmp_path, replace(four, cases=5, seed=2))
    with pytest.raises(ValueError, match=r"cases 4 \(now 5\), test_cases 0 \(now 1\)"):
        write_dataset(tmp_path, replace(four, cases=5, test_cases=1))


@pytest.mark.usefixtures("quick")
def test_dataset_that_grows_looks_unfinished(tmp_path: Path) -> None:
    two = replace(THREE, cases=2, test_cases=0)
    folder = write_dataset(tmp_path, two).folder
    ends = ("dataset.json", "splits_final.json")
    seen: list[bool] = []

    def look(_: CaseReport) -> None:
        seen.append(any((folder / name).exists() for name in ends))

    write_dataset(tmp_path, replace(two, cases=3), Writing(on_case=look))
    assert seen == [False, False, False]
    assert all((folder / name).exists() for name in ends)


@pytest.mark.usefixtures("quick")
def test_test_cases_do_not_move(tmp_path: Path) -> None:
    write_dataset(tmp_path, THREE)
    with pytest.raises(ValueError, match=r"cases 3 \(now 4\)"):
        write_dataset(tmp_path, replace(THREE, cases=4))


def test_what_is_not_ours_is_spared(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(ValueError, match="not a set of phantoms"):
        write_dicom(tmp_path, THREE, Writing(overwrite=True))
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]
    folder = write_dataset(tmp_path, THREE).folder
    (folder / "thesis.txt").write_text("all of it")
    before = contents(folder)
    with pytest.raises(ValueError, match=r"also holds thesis\.txt"):
        write_dataset(tmp_path, THREE, Writing(overwrite=True))
    assert contents(folder) == before
    write_dataset(tmp_path, THREE)


@pytest.mark.usefixtures("quick")
def test_damaged_mark_and_taken_places_are_named(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, THREE).folder
    with pytest.raises(ValueError, match="Dataset900_Phantom has the dataset number 900 too"):
        write_dataset(tmp_path, THREE, name="Other")
    (folder / "phantom.json").write_text("{")
    with pytest.raises(ValueError, match=r"phantom\.json is damaged"):
        write_dataset(tmp_path, THREE)
    write_dataset(tmp_path, THREE, Writing(overwrite=True))
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file"):
        write_dicom(tmp_path / "file", THREE)


@pytest.mark.usefixtures("quick")
def test_a_folder_of_a_set_that_is_a_link_is_refused(tmp_path: Path) -> None:
    folder, other = write_dataset(tmp_path, THREE).folder, tmp_path / "other"
    other.mkdir()
    (folder / "labelsTr" / "phantom_0001.nii.gz").unlink()
    (folder / "labelsTr").rename(tmp_path / "labels")
    (folder / "labelsTr").symlink_to(other)
    with pytest.raises(ValueError, match="labelsTr in the folder of the output is a link"):
        write_dataset(tmp_path, THREE)
    assert list(other.iterdir()) == []
