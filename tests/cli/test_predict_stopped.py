"""Runs of `predict` that are stopped, with untrained U-Nets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK

from shoulderseg.datasets import reader

if TYPE_CHECKING:
    from tests.cli.conftest import Run

REPORT = "shoulderseg_report.json"


@pytest.fixture
def words(untrained: Path, tmp_path: Path) -> list[object]:
    """The command on four images."""
    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for number in range(4):
        image = SimpleITK.GetImageFromArray(rng.normal(100, 20, (3, 32, 32)).astype(np.float32))
        SimpleITK.WriteImage(image, str(tmp_path / "in" / f"c{number}.nii.gz"))
    return ["predict", tmp_path / "in", tmp_path / "out", "--model", untrained, "--device", "cpu"]


def change(images: Path) -> None:
    """Other voxels in all images, so that none is done already."""
    for path in images.iterdir():
        SimpleITK.WriteImage(SimpleITK.ReadImage(str(path)) + 1, str(path))


def stop_at(monkeypatch: pytest.MonkeyPatch, case: str, report: Path) -> list[dict[str, Any]]:
    """Stops a run when it reads a case; the result gets what the report said just before."""
    read, seen = reader.read_image, []

    def stop(path: Path) -> object:
        if path.name == f"{case}.nii.gz":
            seen.append(json.loads(report.read_text(encoding="utf-8")))
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(reader, "read_image", stop)
    return seen


def test_a_stopped_run_does_not_look_complete(
    run: Run, words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out" / REPORT
    assert run(*words).exit_code == 0
    whole = json.loads(path.read_text())
    assert whole["complete"] is True
    assert whole["not_reached"] == []
    change(tmp_path / "in")
    seen = stop_at(monkeypatch, "c2", path)
    outcome = run(*words)
    assert outcome.exit_code == 130
    report = json.loads(path.read_text())
    assert report["complete"] is False
    assert report["finished"] is None
    assert report["not_reached"] == ["c2", "c3"]
    assert [case["case"] for case in report["cases"]] == ["c0", "c1"]
    assert "2 of 4 cases written" in outcome.output
    assert "stopped before c2, c3" in outcome.output
    assert " of 2 cases flagged" in outcome.output
    # So it would have been left by a stop that no program can notice.
    assert seen == [report]


def test_unfinished_files_of_a_killed_run_are_removed(
    run: Run, words: list[object], tmp_path: Path
) -> None:
    for folder in ("", "previews", "sub-1/anat"):
        unfinished = tmp_path / "out" / folder / ".part-q7x2"
        unfinished.mkdir(parents=True)
        (unfinished / "part.dcm").write_bytes(b"half")
        for path in (unfinished / "part.dcm", unfinished):
            os.utime(path, (0, 0))
    (tmp_path / "out" / ".part-link").symlink_to(tmp_path / "in")
    kept = tmp_path / "elsewhere" / ".part-mine"
    kept.mkdir(parents=True)
    (tmp_path / "out" / "link").symlink_to(kept.parent)
    assert run(*words).exit_code == 0
    assert list((tmp_path / "out").rglob("part.dcm")) == []
    assert len(list((tmp_path / "in").iterdir())) == 4
    assert kept.is_dir()


def test_the_report_of_an_earlier_run_does_not_outlive_the_first_case(
    run: Run, words: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out" / REPORT
    assert run(*words).exit_code == 0
    change(tmp_path / "in")
    seen = stop_at(monkeypatch, "c0", path)
    assert run(*words).exit_code == 130
    assert seen[0]["not_reached"] == ["c0", "c1", "c2", "c3"]
