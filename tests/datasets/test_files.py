from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.datasets.files import case_name, find_volumes, ignored_files


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("a_0000.nii.gz", "a"),
        ("a.b.NII.GZ", "a.b"),
        ("a_0001.nii", "a_0001"),
        ("0000.nrrd", "0000"),
        ("_0000.nii.gz", "_0000"),
        ("1.2.840.113", "1.2.840.113"),
        ("MR2_UNCR.dcm", "MR2_UNCR"),
    ],
)
def test_case_name(name: str, case: str) -> None:
    assert case_name(Path(name)) == case


def test_folder_gives_its_images_sorted_and_the_rest_as_ignored(tmp_path: Path) -> None:
    for name in ["b.nii.gz", "a.mha", "C.NRRD", ".hidden.nii.gz", "._b.nii.gz", "notes.txt", "d"]:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "slice").write_bytes(bytes(128) + b"DICM")
    (tmp_path / "folder.nii.gz").mkdir()
    assert [file.name for file in find_volumes(tmp_path)] == [
        "C.NRRD",
        "a.mha",
        "b.nii.gz",
        "slice",
    ]
    assert ignored_files(tmp_path) == [
        "._b.nii.gz",
        ".hidden.nii.gz",
        "d",
        "folder.nii.gz/",
        "notes.txt",
    ]


def test_file_gives_itself(tmp_path: Path) -> None:
    file = tmp_path / "odd.name"
    file.touch()
    assert find_volumes(file) == [file]
    assert ignored_files(file) == []


def test_empty_folder_and_missing_path(tmp_path: Path) -> None:
    assert find_volumes(tmp_path) == []
    with pytest.raises(FileNotFoundError, match="nothing"):
        find_volumes(tmp_path / "nothing")
