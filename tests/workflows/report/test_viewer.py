"""Whole volumes of cases: what is written for the viewer, and what NiiVue shows of it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image
from shoulderseg.workflows.report import volumes
from shoulderseg.workflows.report.build import Page, build_report
from shoulderseg.workflows.report.noted import Noted
from shoulderseg.workflows.report.sources import label_map_of
from tests.workflows.report.browser import CHROMIUM, DRIVER, MISSING, Browser, started_browser
from tests.workflows.report.made_run import (
    HOSTILE,
    bones,
    image_of,
    page_data,
    record,
    write_files,
    write_report,
)

NAMES = ("case_1", "case_2")


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, Path]:
    """A run of two cases: the folder of the results, and that of the images."""
    out, images = tmp_path / "out", tmp_path / "images"
    for name in NAMES:
        write_files(out, images, name)
    write_report(out, [record(name) for name in NAMES])
    return out, images


def build(run: tuple[Path, Path]) -> Page:
    return build_report(run[0], run[1], viewer=True)


def content_of(out: Path, case: str) -> dict[str, Any]:
    text = (out / "report" / "volumes" / f"{case}.js").read_text(encoding="ascii")
    found = re.fullmatch(r"shoulderVolume\((.*)\);\n", text, re.DOTALL)
    assert found is not None
    content: dict[str, Any] = json.loads(found[1])
    return content


def unpacked(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "volume.nii.gz"
    path.write_bytes(base64.b64decode(content))
    return path


def test_image_and_label_map_are_there_as_they_are(run: tuple[Path, Path], tmp_path: Path) -> None:
    page = build(run)

    assert page.without_volume == ()
    content = content_of(run[0], "case_1")
    labels = read_label_map(unpacked(tmp_path, content["labels"]))
    assert np.array_equal(labels.array, bones().array)
    assert labels.spacing_mm == pytest.approx(bones().spacing_mm)
    assert labels.direction == pytest.approx(bones().direction)
    image, given = read_image(unpacked(tmp_path, content["image"])), image_of(bones())
    # Grey values in 4096 steps.
    assert np.corrcoef(image.array.ravel(), given.array.ravel())[0, 1] > 0.99999
    assert image.origin_mm == pytest.approx(given.origin_mm)
    assert [bone["name"] for bone in content["bones"]] == ["humerus", "glenoid"]
    assert [row["volume"] for row in page_data(page.path)["rows"]] == [True, True]


def test_a_volume_of_another_result_is_not_shown_and_each_build_makes_them_anew(
    run: tuple[Path, Path], tmp_path: Path
) -> None:
    build(run)
    write_report(run[0], [record("case_1"), record("case_2", (0.5, 0.5))])

    rows = page_data(build_report(run[0], run[1]).path)["rows"]
    assert {row["case"]: row.get("volume") for row in rows} == {"case_1": True, "case_2": None}
    write_image(run[1] / "case_2.nii.gz", image_of(bones(), seed=5))
    before = content_of(run[0], "case_2")
    rows = page_data(build(run).path)["rows"]

    assert [row["volume"] for row in rows] == [True, True]
    assert content_of(run[0], "case_2")["image"] != before["image"]


def test_whole_numbers_stay_as_they_are(run: tuple[Path, Path], tmp_path: Path) -> None:
    given = replace(
        bones(), array=np.random.default_rng(3).integers(0, 2000, bones().array.shape, np.int16)
    )
    given.array[0, 0, 0] = 30000
    write_image(run[1] / "case_1.nii.gz", given)
    build(run)
    image = read_image(unpacked(tmp_path, content_of(run[0], "case_1")["image"]))
    assert np.array_equal(image.array, given.array)


def test_a_case_that_a_run_makes_anew_meanwhile_has_no_volume(
    run: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def made_anew(noted: Noted, told: dict[str, Any]) -> Volume:
        write_report(run[0], [record("case_1", (0.5, 0.5)), record("case_2")])
        return label_map_of(noted, told)

    monkeypatch.setattr(volumes, "label_map_of", made_anew)
    page = build(run)
    assert [row.get("volume") for row in page_data(page.path)["rows"]] == [None, True]


def test_a_volume_that_cannot_be_written_costs_no_page(run: tuple[Path, Path]) -> None:
    (run[0] / "report" / "volumes" / "case_1.js").mkdir(parents=True)
    page = build(run)
    assert page.path.is_file()
    [why] = page.without_volume
    assert why.startswith("case_1: ")


def test_a_case_whose_image_is_another_one_is_named_and_the_others_are_there(
    run: tuple[Path, Path],
) -> None:
    (run[1] / "case_1.nii.gz").unlink()

    page = build(run)

    [why] = page.without_volume
    assert why.startswith("case_1: no image of this name")
    assert [row.get("volume") for row in page_data(page.path)["rows"]] == [None, True]


def test_names_are_text(tmp_path: Path) -> None:
    out, images = tmp_path / "out", tmp_path / "images"
    for folder in (out, images):
        folder.mkdir()
    name = "a'b <b>& \u05d0"
    write_files(out, images, name)
    write_report(out, [record(name)])

    build((out, images))

    [script] = (out / "report" / "volumes").iterdir()
    assert re.fullmatch(r"case-[0-9a-f]{24}\.js", script.name)
    assert "<b>" not in script.read_text(encoding="ascii")


def test_the_viewer_needs_images_and_files_beside_the_page(run: tuple[Path, Path]) -> None:
    with pytest.raises(ValueError, match="--images"):
        build_report(run[0], viewer=True)
    with pytest.raises(ValueError, match="leave out --single-file"):
        build_report(run[0], run[1], viewer=True, single_file=True)
    assert not (run[0] / "report").exists()


def test_niivue_is_the_file_that_its_notice_names(run: tuple[Path, Path]) -> None:
    build(run)
    vendor = run[0] / "report" / "vendor"
    digest = hashlib.sha256((vendor / "niivue.umd.js").read_bytes()).hexdigest()
    notice = (vendor / "NOTICE.txt").read_text(encoding="utf-8")
    assert f"SHA-256 {digest}\n" in notice
    assert "BSD 2-Clause License" in notice


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=MISSING)
def test_a_case_is_shown_as_a_volume(run: tuple[Path, Path], tmp_path: Path) -> None:
    build(run)
    with started_browser(tmp_path / "browser") as browser:
        browser.open(run[0] / "report" / "index.html")
        browser.find("#rows .open").click()
        browser.wait(lambda: browser.all("a.volume"))
        browser.find("a.volume").click()
        browser.wait(lambda: browser.all("html[data-ready]"))
        assert browser.text("#case") == "case_1"
        assert "Research use only." in browser.text(".notice")
        # The humerus, over three planes.
        browser.wait(lambda: coloured(browser) > 20_000)
        browser.press("b")
        assert browser.find("#opacity").get_property("value") == "0"
        browser.wait(lambda: coloured(browser) < 2_000)
        browser.press("v")
        assert browser.find("#view").get_property("value") == "sliceTypeAxial"
        browser.find("header a").click()
        browser.wait(lambda: browser.all("#rows tr"))
        assert refused(browser) == []


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=MISSING)
@pytest.mark.parametrize(
    "address",
    ["", "#%", "#case_1", "#../../secret/1", f"#{HOSTILE[0]}/1", "#nobody/1", "#case_1/0"],
)
def test_another_address_shows_nothing(
    run: tuple[Path, Path], tmp_path: Path, address: str
) -> None:
    build(run)
    with started_browser(tmp_path / "browser") as browser:
        page = (run[0] / "report" / "viewer.html").resolve().as_uri()
        browser.driver.get(page + address)
        expected = {"#nobody/1": "is not there", "#case_1/0": "of another result"}.get(
            address, "Choose a case"
        )
        browser.wait(lambda: expected in browser.text("#told"))
        assert browser.driver.title == "shoulderseg viewer"


def coloured(browser: Browser) -> int:
    """How many points of what the browser shows below its header are not grey."""
    picture = Image.open(io.BytesIO(browser.driver.get_screenshot_as_png())).convert("RGB")
    points = np.asarray(picture, np.int16)[200:]
    # The cross of the cursor is red, but for where it shines through.
    return int(np.count_nonzero((points[..., 1] > 60) & (np.ptp(points, axis=2) > 30)))


def refused(browser: Browser) -> list[str]:
    """What the policy of the page has kept from taking effect."""
    return [told for told in browser.complaints() if "policy" in told.lower()]
