"""What a folder holds, and under which names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shoulderseg.datasets.dicom.walk import Walk, walk_files
from shoulderseg.workflows.inputs.discover import find_inputs
from shoulderseg.workflows.inputs.inspect import inspect_inputs
from tests.datasets.dicom.writing import series, write

SYSTEM = ["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"]


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the patient Muster may not be read, also where the tests may read all."""
    real = Path.open

    def locked(path: Path, mode: str = "r", *more: Any) -> Any:  # noqa: ANN401
        if "Muster" in path.name and "w" not in mode:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, mode, *more)

    monkeypatch.setattr(Path, "open", locked)


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("name", ["Muster.dcm", "MusterMax.DCM", "Muster"])
@pytest.mark.parametrize("alone", [False, True])
def test_dicom_that_cannot_be_opened_gives_no_name(
    tmp_path: Path, name: str, *, alone: bool
) -> None:
    (tmp_path / name).write_bytes(b"")
    found = find_inputs(tmp_path / name if alone and "." in name else tmp_path)
    assert found.cases == ()
    [told] = found.skipped
    assert (told.name, told.refused) == ("dicom_file_1", True)
    assert told.reason == "file cannot be opened (Permission denied)."
    assert found.ignored == ()


@pytest.mark.usefixtures("closed")
def test_another_image_that_cannot_be_opened_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "Muster.nii.gz").write_bytes(b"")
    found = find_inputs(tmp_path)
    assert [case.name for case in found.cases] == ["Muster"]
    assert found.skipped == ()


@pytest.mark.parametrize("other", [*SYSTEM, "Thumbs.db", ".DS_Store"])
def test_what_systems_put_beside_a_folder_is_no_input(tmp_path: Path, other: str) -> None:
    image = tmp_path / "from the mac/shoulder.nii.gz"
    image.parent.mkdir()
    image.touch()
    beside = tmp_path / other
    if "." in other and other not in SYSTEM:
        beside.touch()
    else:
        write(beside, series(1)[:3])
    found = find_inputs(tmp_path)
    assert [case.name for case in found.cases] == ["shoulder"]
    assert found.skipped == ()


def test_what_systems_put_below_a_folder_is_no_input(tmp_path: Path) -> None:
    (kept,) = write(tmp_path / "series", series()[:1])
    for other in SYSTEM:
        write(tmp_path / "series" / other, series(1)[:1])
    assert list(walk_files(tmp_path, Walk())) == [kept]
    # Whoever gives such a folder means it.
    assert len(list(walk_files(tmp_path / "series/lost+found", Walk()))) == 1


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.nrrd", "a.mha", "a.dcm", "a.zip"])
def test_what_git_lfs_did_not_fetch_is_told_so(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    if path.suffix == ".zip":
        with pytest.raises(ValueError, match=r"^a\.zip: .*git lfs pull"):
            inspect_inputs(path)
        return
    for given in (path, tmp_path):
        [entry] = inspect_inputs(given)
        assert entry["verdict"] == "refuse"
        assert "git lfs pull" in entry["reason"]
        assert "Rename" not in entry["reason"]


def test_a_folder_of_zip_files_says_that_they_are_read_one_at_a_time(tmp_path: Path) -> None:
    for name in ("p1.zip", "p2.ZIP"):
        (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"2 other files;.*zip files are read one at a time"):
        find_inputs(tmp_path).require_images(tmp_path)
    assert ["one at a time" in entry["reason"] for entry in inspect_inputs(tmp_path)] == [True] * 2
    (tmp_path / "p1.zip").unlink()
    (tmp_path / "p2.ZIP").rename(tmp_path / "notes.txt")
    with pytest.raises(ValueError, match=r"names them$"):
        find_inputs(tmp_path).require_images(tmp_path)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Three subjects, one of them with three sessions; nothing is read here."""
    root = tmp_path / "bids"
    for name in ("sub-01/ses-a", "sub-01/ses-b", "sub-01/ses-c", "sub-02", "sub-03"):
        image = root / name / "anat" / (name.replace("/", "_") + "_T2w.nii.gz")
        image.parent.mkdir(parents=True)
        image.touch()
    return root


def _close(monkeypatch: pytest.MonkeyPatch, *ends: str) -> None:
    """Closes folders, also where the tests may read all."""
    real = Path.iterdir

    def iterdir(path: Path) -> Any:  # noqa: ANN401
        if path.as_posix().endswith(ends):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)


@pytest.mark.parametrize("ends", ["sub-01/ses-b", "sub-01/ses-b/anat", "sub-02", "sub-03/anat"])
def test_a_closed_folder_of_a_dataset_is_named_and_stops_nothing(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    _close(monkeypatch, ends)
    found = find_inputs(dataset)
    assert len(found.cases) == 4
    assert [(one.name, one.refused) for one in found.skipped] == [(ends, True)]
    assert "cannot be opened" in found.skipped[0].reason


def test_a_closed_session_of_a_subject_given_alone_is_named(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _close(monkeypatch, "ses-b", "ses-c/anat")
    found = find_inputs(dataset / "sub-01")
    assert [case.name for case in found.cases] == ["sub-01_ses-a_T2w"]
    assert [(one.name, one.refused) for one in found.skipped] == [
        ("ses-b", True),
        ("ses-c/anat", True),
    ]


def test_an_anat_folder_that_closes_while_it_is_read_is_named(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.is_dir

    def is_dir(path: Path) -> bool:
        # As in a folder whose names may be listed and nothing more.
        if path.name == "inner":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    (dataset / "sub-02/anat/inner").mkdir()
    monkeypatch.setattr(Path, "is_dir", is_dir)
    found = find_inputs(dataset)
    assert len(found.cases) == 4
    assert [(one.name, one.refused) for one in found.skipped] == [("sub-02/anat", True)]


def test_sessions_that_were_not_fetched_or_hold_no_images_are_named(dataset: Path) -> None:
    (dataset / "sub-01/ses-d").symlink_to(dataset / "nowhere")
    (dataset / "sub-01/ses-e").mkdir()
    (dataset / "sub-01/ses-e/anat").symlink_to(dataset / "nowhere")
    (dataset / "sub-01/ses-f/dwi").mkdir(parents=True)
    (dataset / "sub-04/ses-a/dwi").mkdir(parents=True)
    (dataset / "sub-05_T2w.nii.gz").touch()
    found = find_inputs(dataset)
    assert len(found.cases) == 5
    told = {one.name: one.refused for one in found.skipped}
    assert told == {
        "sub-01/ses-d": True,
        "sub-01/ses-e/anat": True,
        "sub-01/ses-f": False,
        "sub-04": False,
        "sub-05_T2w.nii.gz": False,
    }
