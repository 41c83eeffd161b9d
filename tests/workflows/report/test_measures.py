"""Measures of a run report as the page gets them."""

from __future__ import annotations

from pathlib import Path

from shoulderseg.workflows.report.build import build_report
from shoulderseg.workflows.report.parts import script_of
from tests.workflows.report.made_run import page_data, picture, record, script_data, write_report


def test_fused_bones_and_cases_bring_their_measures(tmp_path: Path) -> None:
    measures = [
        {"name": "head_radius", "value": 24.0, "unit": "mm", "method": "a sphere", "source": "b"},
        {"name": "hill_sachs_depth", "value": 0.0, "unit": "mm", "refused": None},
        "no measure",
    ]
    shown = [
        {"name": "head_radius", "value": 24.0, "unit": "mm"},
        {"name": "hill_sachs_depth", "value": 0.0, "unit": "mm"},
    ]
    together = [
        {"examination": "one", "series": {"a": {}, "b": {}}, "measures_of_bones": measures},
        {"examination": "two", "series": {"c": {}, "d": {}}},
    ]
    told = record("a", measures_of_bones=measures)
    picture(tmp_path, told)
    write_report(tmp_path, [told], examinations=together)

    data = page_data(build_report(tmp_path).path)

    assert data["fused"] == {"one": shown}
    assert data["methods"] == {"head_radius": "a sphere"}
    assert script_data(script_of(tmp_path, "a"))["measures"] == shown


def test_the_table_has_the_measures_that_any_case_has(tmp_path: Path) -> None:
    measures = [
        {"name": "glenoid_width", "value": 26.5, "unit": "mm"},
        {"name": "head_radius", "value": 24.0, "unit": "mm", "refused": "cut by the border"},
        {"name": "glenoid_area", "value": 700.0, "unit": "mm2"},
        {"name": "glenoid_height", "value": "38", "unit": "mm"},
    ]
    others = [
        {"name": "bone_loss_area", "value": 0.0, "unit": "%"},
        {"name": "glenoid_width", "value": True, "unit": "mm"},
    ]
    records = [
        record("a", measures_of_bones=measures),
        record("b", measures_of_bones=others),
        record("c"),
    ]
    write_report(tmp_path, [*records, {"case": "d", "error": "cut off"}])

    data = page_data(build_report(tmp_path).path)

    assert [column["name"] for column in data["columns"]] == ["glenoid_width", "bone_loss_area"]
    assert {row["case"]: row.get("measured") for row in data["rows"]} == {
        "a": [26.5, None],
        "b": [None, 0.0],
        "c": None,
        "d": None,
    }
