"""Nobody who is hidden in an input comes out: every byte of every output is searched."""

from __future__ import annotations

import random
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchmarks.fuzzing.privacy import attempt
from shoulderseg.cli.app import app
from tests.cli.private_inputs import everything, one_file
from tests.zip_files import packed

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_nobody_comes_out(untrained: Path) -> None:
    """`benchmarks/fuzz_inputs.py --privacy` does the same at length."""

    @given(st.integers(0, 2**32))
    @settings(max_examples=12)
    def try_once(seed: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            _, leaks = attempt(Path(folder), random.Random(seed), said, untrained, 6)
        assert leaks == []

    try_once()


def said(words: list[str]) -> str:
    outcome = CliRunner().invoke(app, words)
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    return outcome.output


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("OKAFOR_CHI_1971", {"PatientName": "OKAFOR_CHI_1971"}),
        ("OKAFORX", {"PatientName": "OKAFORX2^CHIY3"}),
        ("RAD_2291847", {"AccessionNumber": "2291847"}),
        ("19710203", {"PatientBirthDate": "19710203"}),
        ("okafor", {"ReferringPhysicianName": "Okafor^C"}),
        ("qb7751", {"PatientID": ["31", "QB7751"]}),
        ("Orsós", {"PatientName": "ORSOS^A"}),
    ],
)
def test_a_lone_file_called_after_somebody(
    run: Run, untrained: Path, tmp_path: Path, name: str, tags: dict[str, Any]
) -> None:
    one_file(tmp_path / "in", f"{name}.dcm", **tags)
    told = everything(run, tmp_path / "in", tmp_path / "out", untrained)
    assert name.casefold() not in told
    assert re.search(r"series_\d+_[0-9a-f]{8}\.nii\.gz", told)
    assert name.casefold() not in run("inspect", tmp_path / "in").output.casefold()


def test_a_lone_file_with_a_name_of_its_own_keeps_it(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    one_file(tmp_path / "in", "case_7.dcm", PatientName="Okafor^Chi")
    assert "case_7.nii.gz" in everything(run, tmp_path / "in", tmp_path / "out", untrained)


@pytest.mark.parametrize("folder", ["", "export/"])
def test_a_lone_file_in_a_zip_was_named_by_an_archive(
    run: Run, untrained: Path, tmp_path: Path, folder: str
) -> None:
    one_file(tmp_path / "in", "a.dcm", PatientName="ANON", PatientID="")
    data = (tmp_path / "in" / "a.dcm").read_bytes()
    archive = packed(
        tmp_path / "pacs.zip",
        (f"{folder}OKAFOR_CHI_5519.dcm", data),
        (f"{folder}report_OKAFOR.par", b"x"),
    )
    told = everything(run, archive, tmp_path / "out", untrained)
    assert "okafor" not in told
    assert "5519" not in re.sub(r"(series_\d+_)[0-9a-f]{8}", r"\1", told)
    assert "file_1: philips par/rec is not read" in told
    assert "report_OKAFOR.par" in run("inspect", archive).output


def test_other_files_are_counted_and_not_named(run: Run, untrained: Path, tmp_path: Path) -> None:
    archive = packed(
        tmp_path / "pacs.zip", ("befund_OKAFOR.pdf", b"%PDF"), ("OKAFOR/info.txt", b"5519")
    )
    told = everything(run, archive, tmp_path / "out", untrained)
    assert "okafor" not in told
    assert "2 other files; `shoulderseg inspect` names them" in told
    assert "befund_OKAFOR.pdf" in run("inspect", archive).output


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
def test_dicom_that_is_called_otherwise_is_dicom_all_the_same(
    run: Run, untrained: Path, tmp_path: Path, suffix: str
) -> None:
    one_file(tmp_path / "in", f"OKAFOR_CHI{suffix}", PatientName="Okafor^Chi")
    told = everything(run, tmp_path / "in", tmp_path / "out", untrained)
    assert "okafor" not in told
    assert "1 of 1 cases written" in told
