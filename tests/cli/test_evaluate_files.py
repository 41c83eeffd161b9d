"""The files that `evaluate` writes: as tables for spreadsheets, and through no link."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image

if TYPE_CHECKING:
    from tests.cli.conftest import Run

NAMES = ("@SUM(A1)", "+31", "-k", "=HYPERLINK(1)", "plain")
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Predictions that are their references, under names that begin formulas."""
    array = np.zeros((3, 8, 8), np.uint8)
    array[:, 1:4, 1:4], array[:, 5:7, 5:7] = 1, 2
    for side in ("pred", "ref"):
        (tmp_path / side).mkdir()
        for name in NAMES:
            image = Volume(array, (2.0, 1.0, 1.0), (0.0, 0.0, 0.0), IDENTITY)
            write_image(tmp_path / side / f"{name}.nii.gz", image)
    return tmp_path


def test_no_cell_of_the_scores_begins_a_formula(run: Run, folders: Path) -> None:
    outcome = run("evaluate", folders / "pred", folders / "ref", "--csv", folders / "s.csv")
    assert outcome.exit_code == 0, outcome.output
    with (folders / "s.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    written = dict.fromkeys(row["case"] for row in rows)
    assert list(written) == ["'+31", "'-k", "'=HYPERLINK(1)", "'@SUM(A1)", "plain"]
    assert {row["dice"] for row in rows} == {"1.0"}


@pytest.mark.parametrize("quote", ["'", ""])
def test_names_of_our_own_tables_are_taken_back(run: Run, folders: Path, quote: str) -> None:
    """A column of cases of the scores, pasted into a file of pairs, and one typed by hand."""
    (folders / "pred" / "-k.nii.gz").rename(folders / "pred" / "=k2.nii.gz")
    table = folders / "pairs.csv"
    table.write_text(f"prediction,reference\n{quote}=k2,{quote}-k\n", encoding="utf-8")
    outcome = run("evaluate", folders / "pred", folders / "ref", "--pairs", table)
    assert outcome.exit_code == 0, outcome.output


def test_names_are_typed_in_any_form_of_accents(run: Run, folders: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "müller") for form in ("NFC", "NFD"))
    (folders / "pred" / "plain.nii.gz").rename(folders / "pred" / f"{apart}.nii.gz")
    (folders / "pairs.csv").write_text(f"{composed.title()},plain\n", encoding="utf-8")
    outcome = run("evaluate", folders / "pred", folders / "ref", "--pairs", folders / "pairs.csv")
    assert outcome.exit_code == 0, outcome.output


@pytest.mark.parametrize("option", ["--csv", "--json"])
def test_a_link_in_the_place_of_the_scores_is_replaced(
    run: Run, folders: Path, option: str
) -> None:
    victim, scores = folders / "victim", folders / "scores"
    victim.write_text("precious")
    scores.symlink_to(victim)
    outcome = run("evaluate", folders / "pred", folders / "ref", option, scores)
    assert outcome.exit_code == 0, outcome.output
    assert victim.read_text() == "precious"
    assert "plain" in scores.read_text()


def test_scores_that_cannot_be_written_are_printed_all_the_same(run: Run, folders: Path) -> None:
    nowhere = folders / "none" / "scores.csv"
    outcome = run("evaluate", folders / "pred", folders / "ref", "--csv", nowhere)
    assert outcome.exit_code == 2
    assert "No such file or directory" in outcome.output
    assert "humerus" in outcome.output


def test_accents_of_another_form_and_capitals_are_the_same_name(run: Run, folders: Path) -> None:
    for name, called in (("plain", "Plain"), ("+31", "Mu\u0308ller")):
        (folders / "pred" / f"{name}.nii.gz").rename(folders / "pred" / f"{called}.nii.gz")
    (folders / "ref" / "+31.nii.gz").rename(folders / "ref" / "M\u00fcller.nii.gz")

    outcome = run("evaluate", folders / "pred", folders / "ref")

    assert outcome.exit_code == 0, outcome.output
    assert "no prediction" not in outcome.output


def test_names_that_only_capitals_tell_apart_are_not_mixed_up(run: Run, folders: Path) -> None:
    plain = (folders / "pred" / "plain.nii.gz").read_bytes()
    (folders / "pred" / "plain.nii.gz").unlink()
    for name in ("PLAIN", "Plain"):
        (folders / "pred" / f"{name}.nii.gz").write_bytes(plain)

    outcome = run("evaluate", folders / "pred", folders / "ref")

    assert "plain: no prediction of this name" in outcome.output


def test_a_prediction_counts_for_one_reference_alone(run: Run, folders: Path) -> None:
    plain = (folders / "ref" / "plain.nii.gz").read_bytes()
    (folders / "ref" / "PLAIN.nii.gz").write_bytes(plain)
    (folders / "pred" / "plain.nii.gz").rename(folders / "pred" / "Plain.nii.gz")

    outcome = run("evaluate", folders / "pred", folders / "ref")

    for name in ("plain", "PLAIN"):
        assert f"{name}: no prediction of this name" in outcome.output
