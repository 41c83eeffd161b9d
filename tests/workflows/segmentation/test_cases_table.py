from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from shoulderseg.workflows.outputs.plan import CASES_FILE, REPORT_FILE
from shoulderseg.workflows.segmentation.cases_table import case_line, cases_table
from shoulderseg.workflows.segmentation.run_report import RunReport

DONE: dict[str, Any] = {
    "case": "a",
    "outputs": ["a.nii.gz", "a.seg.dcm"],
    "shape": [24, 256, 320],
    "spacing_mm": [3.5, 0.5, 0.625],
    "volumes_ml": {"humerus": 90.8, "glenoid": 22.04},
    "quality": {"humerus": 0.971, "glenoid": None, "flags": ["no glenoid found", "odd"]},
    "seconds": {"total": 30.4},
}


def rows(*records: dict[str, Any]) -> list[dict[str, str]]:
    text = cases_table(records, ["humerus", "glenoid"])
    return list(csv.DictReader(io.StringIO(text)))


def test_a_case_that_is_done_has_its_numbers() -> None:
    (row,) = rows(DONE)
    assert row["case"] == "a"
    assert row["state"] == "done"
    assert (row["humerus_ml"], row["glenoid_ml"]) == ("90.8", "22.04")
    # Without a calibration nothing is predicted.
    assert (row["humerus_predicted_dice"], row["glenoid_predicted_dice"]) == ("0.971", "")
    assert (row["slices"], row["rows"], row["columns"]) == ("24", "256", "320")
    assert row["spacing_mm"] == "3.5 x 0.5 x 0.625"
    assert row["flags"] == "no glenoid found; odd"
    assert row["outputs"] == "a.nii.gz; a.seg.dcm"
    assert row["error"] == ""


def test_a_failed_case_has_its_reason_and_what_is_known() -> None:
    failed, half = rows({"case": "b", "error": 'cut, "off"'}, DONE | {"error": "no stl: full"})
    assert (failed["state"], failed["error"], failed["humerus_ml"]) == ("failed", 'cut, "off"', "")
    assert (half["state"], half["humerus_ml"]) == ("failed", "90.8")


def test_a_table_without_cases_has_its_heading() -> None:
    assert cases_table([], ["humerus"]).startswith("case,state,humerus_ml,")
    assert cases_table([], ["humerus"]).count("\n") == 1


def test_bones_that_only_an_earlier_run_knows_have_their_columns(tmp_path: Path) -> None:
    earlier = RunReport(tmp_path / REPORT_FILE, {"labels": {"scapula": 1}, "input": "x"}, ["b"])
    quality = {"scapula": 0.7, "flags": []}
    earlier.add(DONE | {"case": "b", "volumes_ml": {"scapula": 60.5}, "quality": quality})
    earlier.write()
    last = RunReport(tmp_path / REPORT_FILE, {"labels": {"humerus": 1}, "input": "x"}, ["a"])
    last.add(DONE)
    last.write()

    with (tmp_path / CASES_FILE).open(newline="", encoding="utf-8") as stream:
        first, second = csv.DictReader(stream)
    assert (first["scapula_ml"], first["scapula_predicted_dice"]) == ("60.5", "0.7")
    assert (first["humerus_ml"], second["humerus_ml"], second["scapula_ml"]) == ("", "90.8", "")


def test_a_spreadsheet_takes_no_name_for_a_formula() -> None:
    (row,) = rows({"case": "=1+1", "error": "-x"})
    assert (row["case"], row["error"]) == ("'=1+1", "'-x")


def test_a_line_for_the_terminal() -> None:
    line = case_line(DONE, ["humerus", "glenoid"])
    assert line == "a  humerus 90.8 ml  glenoid 22.0 ml  30 s"
    sure = DONE | {"quality": {"humerus": 0.971, "glenoid": 0.88, "flags": []}}
    assert "predicted Dice 0.97/0.88" in case_line(sure, ["humerus", "glenoid"])


def test_signs_that_are_hidden_are_found_too() -> None:
    hidden = "\N{ZERO WIDTH NO-BREAK SPACE}\N{FULLWIDTH EQUALS SIGN}A1"
    (row,) = rows({"case": hidden, "outputs": ["@b.nii.gz"]})
    assert (row["case"], row["outputs"]) == ("'" + hidden, "'@b.nii.gz")
