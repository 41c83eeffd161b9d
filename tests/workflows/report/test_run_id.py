"""Under which name a browser keeps the verdicts of a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from shoulderseg.workflows.report.build import build_report
from tests.workflows.report.made_run import page_data, write_report


def built(out: Path) -> tuple[str, bool]:
    """The name, and whether the folder has been elsewhere."""
    data = page_data(build_report(out).path)
    return data["run_id"], data["moved"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder of a run."""
    write_report(tmp_path / "out", [])
    return tmp_path / "out"


def test_a_copied_folder_has_verdicts_of_its_own(out: Path, tmp_path: Path) -> None:
    name, moved = built(out)
    assert not moved
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    other, moved = built(copy)
    assert moved
    assert other != name
    assert built(copy) == (other, True)
    assert built(out) == (name, False)
    # The same folder under another path.
    (tmp_path / "link").symlink_to(out)
    assert built(tmp_path / "link") == (name, False)


def test_a_folder_that_comes_back_has_its_verdicts_back(out: Path, tmp_path: Path) -> None:
    name, _ = built(out)
    away = out.rename(tmp_path / "away")
    assert built(away)[0] != name
    assert built(away.rename(out)) == (name, True)


def test_a_name_of_an_earlier_version_holds_where_the_folder_is(out: Path, tmp_path: Path) -> None:
    name = "0123456789abcdef" * 2
    (out / "report").mkdir()
    file = out / "report" / "run_id.txt"
    file.write_text(name + "\n")
    assert built(out) == (name, False)
    assert built(out) == (name, False)
    assert str(out) not in file.read_text()
    assert built(out.rename(tmp_path / "away"))[0] != name


@pytest.mark.parametrize("text", ["", "\n\n", "short\n", "\x00", "\u00e9" * 32, "-" * 32])
def test_a_file_that_holds_no_name_gets_one(out: Path, text: str) -> None:
    (out / "report").mkdir()
    (out / "report" / "run_id.txt").write_text(text, encoding="utf-8")
    name, moved = built(out)
    assert len(name) == 32
    assert not moved
    assert built(out) == (name, False)
