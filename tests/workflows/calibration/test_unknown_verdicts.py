"""Verdicts on cases that a calibration does not have are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.workflows.calibration.verdicts import describe_unknown, unknown_bad_cases


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images of three cases, and label maps of two."""
    for name in ("images/0012_0000.nii.gz", "images/b.nii.gz", "images/c.nii.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    for name in ("labels/0012.nii.gz", "labels/b.seg.nrrd", "labels/.nii.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def unknown(folder: Path, text: str) -> list[str]:
    (folder / "qc.csv").write_text(f"case,verdict\n{text}", encoding="utf-8")
    return unknown_bad_cases(folder / "qc.csv", folder / "images", folder / "labels")


def test_bad_cases_that_are_in_neither_folder_are_named(folder: Path) -> None:
    assert unknown(folder, "0012,fail\nb,artefact\nc,fail\n") == []
    # As disks take names, on which the same case is left out.
    assert unknown(folder, "B,fail\n") == []
    assert unknown(folder, "12,fail\nb,fail\ngone,artefact\nother,pass\n") == ["12", "gone"]
    assert unknown_bad_cases(None, folder / "images", folder / "labels") == []


def test_the_names_are_told_up_to_ten() -> None:
    assert describe_unknown([]) == ""
    assert "label map: 12, 13. Nothing" in describe_unknown(["12", "13"])
    assert ": 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more. " in describe_unknown(map(str, range(12)))
