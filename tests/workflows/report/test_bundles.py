"""A folder with results of two bundles, whose labels have other names and values."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shoulderseg.datasets.volume import Volume
from shoulderseg.workflows.report.build import build_report
from shoulderseg.workflows.report.parts import write_part
from tests.workflows.report.browser import CHROMIUM, DRIVER, MISSING, shown, started_browser
from tests.workflows.report.browser import wait_for_slices as wait
from tests.workflows.report.made_run import (
    bones,
    image_of,
    page_data,
    record,
    write_files,
    write_report,
)

SWAPPED = {"glenoid": 1, "humerus": 2}
WHOLE = {"scapula": 1, "humerus": 2}


def turned() -> Volume:
    """The label map with the values of a bundle in which the humerus is 2."""
    label_map = bones()
    array = np.array([0, 2, 1], np.uint8)[label_map.array]
    return Volume(array, label_map.spacing_mm, label_map.origin_mm, label_map.direction)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Results of three bundles, the usual one last."""
    out, images = tmp_path / "out", tmp_path / "in"
    for case in "ab":
        write_files(out, images, case, turned())
    write_files(out, images, "c")
    scapula = record("b", volumes_ml={"scapula": 60.5, "humerus": 30.5})
    scapula["quality"] = {"scapula": 0.7, "humerus": 0.9, "flags": []}
    earlier = [
        {"cases": [record("a")], "not_reached": [], "labels": SWAPPED},
        {"cases": [scapula], "not_reached": [], "labels": WHOLE},
    ]
    write_report(out, [record("c")], earlier_runs=earlier)
    return out


def test_each_case_is_judged_by_the_labels_of_its_run(out: Path, tmp_path: Path) -> None:
    data = page_data(build_report(out, tmp_path / "in", viewer=True).path)
    assert [bone["name"] for bone in data["bones"]] == ["humerus", "glenoid", "scapula"]
    first, second, third = data["rows"]
    assert first["volumes"] == [30.5, 4.25, None]
    assert second["volumes"] == [30.5, None, 60.5]
    assert second["dice"] == [0.9, None, 0.7]
    assert not any("missing" in row for row in data["rows"])
    # The numbers in the pictures, as bones of the page.
    assert (first["bones"], second["bones"], third["bones"]) == ([1, 0], [2, 0], [0, 1])


def outlined(row: dict[str, Any]) -> tuple[int, int]:
    """How many pixels of a case's picture have the colours of humerus and glenoid."""
    with Image.open(io.BytesIO(base64.b64decode(row["thumbnail"]))) as opened:
        pixels = np.asarray(opened.convert("RGB"), dtype=int)
    warmer = pixels[..., 0] - pixels[..., 2]
    return int(np.count_nonzero(warmer > 40)), int(np.count_nonzero(warmer < -40))


def test_a_bone_has_its_colour_whatever_its_value_is(out: Path, tmp_path: Path) -> None:
    first, _, third = page_data(build_report(out, tmp_path / "in").path)["rows"]
    # The humerus is the larger one in all.
    for row in (first, third):
        humerus, glenoid = outlined(row)
        assert humerus > glenoid > 0


def test_a_run_pictures_its_cases_in_the_same_colours(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_report(out, [record("a")], labels=SWAPPED)
    write_part(out, record("a"), SWAPPED, turned(), image_of(bones()))
    [row] = page_data(build_report(out).path)["rows"]
    humerus, glenoid = outlined(row)
    assert humerus > glenoid > 0


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=MISSING)
def test_an_opened_case_shows_the_bones_that_its_bundle_knows(out: Path, tmp_path: Path) -> None:
    page = build_report(out, tmp_path / "in").path
    with started_browser(tmp_path) as browser:
        browser.open(page)
        browser.press("/", "b")
        browser.run("document.querySelector('#rows .open').click()")
        assert shown(browser) == "b"
        wait(browser)
        assert browser.texts("aside .numbers tbody tr") == ["scapula60.50.70", "humerus30.50.90"]
        label = browser.wait(lambda: browser.find("canvas.solid").get_attribute("aria-label"))
        assert str(label).startswith("scapula and humerus in space")
        assert browser.complaints() == []
