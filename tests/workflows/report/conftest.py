"""A page of thirty cases, and Chromium with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shoulderseg.workflows.report.build import build_report
from tests.workflows.report.browser import CHROMIUM, DRIVER, MISSING, Browser, started_browser
from tests.workflows.report.made_run import HOSTILE, LONG, picture, record, write_report

LOW = "predicted Dice of the glenoid is 0.61, below 0.85"


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty cases, some with names that nobody should have, three flagged, one failed."""
    out = tmp_path_factory.mktemp("run") / "out"
    planes = ("coronal", "axial", "oblique sagittal")
    records = [
        record(f"case_{k:02}", (0.9 + k / 400, 0.8 + k / 300), source={"plane": planes[k % 3]})
        for k in range(22)
    ]
    records[4] = record("case_04", (0.95, 0.61), [LOW], source={"plane": "coronal"})
    records[9] = record("case_09", (0.93, None), ["no glenoid found"])
    records[9]["volumes_ml"]["glenoid"] = 0.0
    records[7]["measures_of_bones"] = [
        {"name": "glenoid_height", "value": 38.25, "unit": "mm", "uncertainty": 0.75},
        {"name": "inclination", "value": None, "unit": "deg", "refused": "needs the whole scapula"},
    ]
    records[3]["measures_of_bones"] = [
        {"name": "glenoid_height", "value": 31.0, "unit": "mm"},
        {"name": "head_radius", "value": 22.0, "unit": "mm", "refused": "cut by the border"},
    ]
    records += [record(name, (0.97, 0.9), source={"contrast": name}) for name in HOSTILE]
    records[-1]["quality"]["flags"] = [HOSTILE[0]]
    for number, told in enumerate(records):
        picture(out, told, glenoid=told["case"] != "case_09", seed=number)
    failed = [{"case": "broken", "error": "broken.nii.gz: cut off"}]
    fused = [
        {"name": "head_radius", "value": 24.04, "unit": "mm", "method": HOSTILE[1]},
        {"name": "hill_sachs_depth", "value": 0, "unit": "mm", "experimental": True},
        {"name": HOSTILE[0], "value": None, "unit": "deg", "refused": HOSTILE[2]},
    ]
    together = [
        {
            "examination": "examination_1",
            "series": ["case_00", "case_01"],
            "measures_of_bones": fused,
        }
    ]
    write_report(out, [*records, *failed], examinations=together, not_reached=[f"{LONG}s"])
    return build_report(out).path


@pytest.fixture
def browser(page: Path, tmp_path: Path) -> Iterator[Browser]:
    """The page, opened; in the end nothing was complained of."""
    if not (CHROMIUM and DRIVER):
        pytest.skip(MISSING)
    with started_browser(tmp_path) as started:
        started.open(page)
        assert len(started.all("#rows tr")) == 28
        yield started
        assert started.complaints() == []
