"""The page in Chromium, worked by keyboard as a person works through a run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoulderseg.workflows.report.build import build_report
from tests.workflows.report.made_run import HOSTILE, LONG, picture, record, write_report

browser_module = pytest.importorskip("selenium", reason="needs selenium, of the test group")

from selenium.webdriver.common.keys import Keys  # noqa: E402

from tests.workflows.report.browser import (  # noqa: E402
    CHROMIUM,
    DRIVER,
    MISSING,
    Browser,
    started_browser,
)

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=MISSING)
LOW = "predicted Dice of the glenoid is 0.61, below 0.85"


@pytest.fixture(scope="module")
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
        {"name": "glenoid height", "value": 38.25, "unit": "mm", "uncertainty": 0.75},
        {"name": "inclination", "value": None, "unit": "deg", "refused": "needs the whole scapula"},
    ]
    records += [record(name, (0.97, 0.9), source={"contrast": name}) for name in HOSTILE]
    records[-1]["quality"]["flags"] = [HOSTILE[0]]
    for number, told in enumerate(records):
        picture(out, told, glenoid=told["case"] != "case_09", seed=number)
    failed = [{"case": "broken", "error": "broken.nii.gz: cut off"}]
    together = [{"examination": "examination_1", "series": ["case_00", "case_01"]}]
    write_report(out, [*records, *failed], examinations=together, not_reached=[LONG])
    return build_report(out).path


@pytest.fixture
def browser(page: Path, tmp_path: Path) -> Iterator[Browser]:
    """The page, opened; in the end nothing was complained of."""
    with started_browser(tmp_path) as started:
        started.open(page)
        assert len(started.all("#rows tr")) == 28
        yield started
        assert started.complaints() == []


def cases(browser: Browser) -> list[str]:
    return browser.texts("#rows td.case .open")


def shown(browser: Browser) -> str:
    return browser.text("aside h2")


def wait_for_slices(browser: Browser) -> None:
    browser.wait(lambda: "slice" in "".join(browser.texts(".where")))


def drawn(browser: Browser, kind: str) -> int:
    """How many points of a canvas are neither clear nor black."""
    found = browser.run(f"""const shown = document.querySelector('canvas.{kind}');
        const copy = document.createElement('canvas');
        [copy.width, copy.height] = [shown.width, shown.height];
        const context = copy.getContext('2d', {{ willReadFrequently: true }});
        context.drawImage(shown, 0, 0);
        const data = context.getImageData(0, 0, copy.width, copy.height).data;
        const isDrawn = (k) => k % 4 === 3 && data[k] && data[k - 3] + data[k - 1];
        return data.filter((_, k) => isDrawn(k)).length;""")
    assert isinstance(found, int)
    return found


def test_what_is_flagged_comes_first_then_what_is_predicted_worst(browser: Browser) -> None:
    names = cases(browser)
    assert names[:3] == ["case_09", "case_04", HOSTILE[-1]]
    assert names[3:6] == ["case_00", "case_01", "case_02"]
    assert names[-1] == "broken"
    assert "27 cases, 3 flagged, 1 failed" in browser.text("#counts")
    assert browser.texts("#rows tr:first-child td.number") == ["0.93", "missing", "30.5", "0.0"]


def test_columns_sort_both_ways_and_back(browser: Browser) -> None:
    usual = cases(browser)
    head = "#heads th[data-key=dice0]"
    browser.find(f"{head} button").send_keys(Keys.ENTER)
    values = [float(text) for text in browser.texts("#rows td:nth-child(5)")[:-1]]
    assert values == sorted(values)
    assert browser.find(head).get_attribute("aria-sort") == "ascending"
    browser.find(f"{head} button").send_keys(Keys.ENTER)
    values = [float(text) for text in browser.texts("#rows td:nth-child(5)")[:-1]]
    assert values == sorted(values, reverse=True)
    browser.find(f"{head} button").send_keys(Keys.ENTER)
    assert cases(browser) == usual


def test_search_filters_and_bars_narrow_the_cases(browser: Browser) -> None:
    browser.press("/", *"case_1")
    assert cases(browser) == [f"case_{k}" for k in range(10, 20)]
    assert browser.text("#shown") == "10 of 28 cases"
    browser.find("#clear").click()
    browser.find("#by-missing").send_keys("glenoid")
    assert cases(browser) == ["case_09"]
    browser.find("#clear").click()
    browser.find("#by-flag").send_keys("predicted")
    assert cases(browser) == ["case_04"]
    browser.find("#clear").click()
    browser.find("#by-plane").send_keys("axial")
    assert cases(browser) == [f"case_{k:02}" for k in range(1, 22, 3) if k != 4]
    browser.find("#clear").click()
    lowest = browser.find(".bar[data-key=dice1]")
    assert lowest.get_attribute("aria-label") == "glenoid, predicted Dice 0.61 to 0.62: 1 case"
    lowest.send_keys(Keys.ENTER)
    assert cases(browser) == ["case_04"]
    lowest.send_keys(Keys.ENTER)
    assert len(cases(browser)) == 28


def test_a_case_opens_scrolls_and_shows_its_bones_in_three_ways(browser: Browser) -> None:
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    assert shown(browser) == "case_00"
    wait_for_slices(browser)
    assert browser.text(".where") == "slice 5 of 8"
    browser.press(Keys.PAGE_DOWN)
    assert browser.text(".where") == "slice 6 of 8"
    browser.press(Keys.PAGE_UP, Keys.PAGE_UP)
    assert browser.text(".where") == "slice 4 of 8"
    browser.press(Keys.PAGE_DOWN)
    outline = drawn(browser, "bones")
    browser.press(Keys.ARROW_RIGHT)
    fill = drawn(browser, "bones")
    browser.press(Keys.ARROW_RIGHT)
    assert drawn(browser, "bones") == 0 < outline < fill
    browser.press(Keys.ARROW_RIGHT)
    assert "outline" in browser.text(".mode")
    browser.wait(lambda: drawn(browser, "grey"))
    browser.wait(lambda: drawn(browser, "solid"))
    assert browser.texts("aside .numbers tbody tr") == ["humerus30.50.90", "glenoid4.30.80"]
    # The other series of the examination is one step away.
    browser.find(".others button").click()
    assert shown(browser) == "case_01"
    browser.press(Keys.ESCAPE)
    assert browser.find("#opened").is_displayed() is False


def test_measures_are_shown_where_there_are_any_with_what_was_refused(browser: Browser) -> None:
    browser.press("/", *"case_07", Keys.ESCAPE, Keys.ENTER)
    assert shown(browser) == "case_07"
    browser.wait(lambda: browser.all(".measures"))
    assert browser.texts(".measures tr") == [
        "glenoid height38.3 ± 0.8 mm",
        "inclinationrefused: needs the whole scapula",
    ]


def test_verdicts_outlast_a_reload_and_are_saved(browser: Browser, page: Path) -> None:
    # As the toolbox of the spinal cord has it: F once, twice, three times.
    browser.press(Keys.ENTER, "f", "f", "7", "c", *'poor, "edge"', Keys.ESCAPE)
    assert browser.find(".judge.fail").get_attribute("aria-pressed") == "true"
    browser.press(Keys.ARROW_DOWN, "f", "f", "f", Keys.ARROW_DOWN, "f", Keys.ARROW_DOWN, "f", "f")
    first = cases(browser)[0]
    browser.find("#rater").send_keys("AB", Keys.TAB)
    browser.open(page)
    assert cases(browser)[0] == first == "case_09"
    assert browser.texts("#rows td.verdict")[:5] == [
        "✗ fail, rank 7",
        *("⚠ artefact", "✓ pass", "✗ fail", ""),
    ]
    browser.press(Keys.ENTER)
    assert browser.find("#comment").get_property("value") == 'poor, "edge"'
    assert browser.find("#rater").get_property("value") == "AB"
    browser.press(Keys.ESCAPE)
    for button in ("#save-fails", "#save-artefacts", "#save-all"):
        browser.find(button).click()
    fails = browser.saved("qc_fail.yml").splitlines()
    assert fails[1:] == ["FILES_SEG:", '- "case_00"', '- "case_09"']
    assert len(browser.saved("qc_artifact.yml").splitlines()) == 3
    rows = list(csv.DictReader(io.StringIO(browser.saved("qc.csv"))))
    by_name = {row["case"]: row for row in rows}
    assert by_name["case_09"]["verdict"] == "fail"
    assert by_name["case_09"]["rank"] == "7"
    assert by_name["case_09"]["comment"] == 'poor, "edge"'
    assert by_name["case_09"]["time"].endswith("Z")
    assert len(rows) == 4


def test_verdicts_are_taken_up_from_a_table_of_another_browser(
    browser: Browser, page: Path, tmp_path: Path
) -> None:
    table = tmp_path / "qc.csv"
    rows = [
        ["case", "verdict", "rank", "comment", "rater", "time", "result"],
        ["case_00", "fail", "3", "'=1+1", "CD", "2026-01-01T00:00:00Z", "of-before"],
        ["case_01", "artefact", "", 'a "b"\nc', "", "", ""],
        ["elsewhere", "pass", "", "", "", "", ""],
    ]
    with table.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    browser.find("#read-all").send_keys(str(table))
    browser.wait(lambda: "of 2 cases read; 1 lines" in browser.text("#told"))
    told = dict(zip(cases(browser), browser.texts("#rows td.verdict"), strict=True))
    assert told["case_00"] == "✗ fail, rank 3 (of an earlier result)"
    assert told["case_01"] == "⚠ artefact"
    browser.open(page)
    browser.find("#save-all").click()
    back = list(csv.reader(io.StringIO(browser.saved("qc.csv"))))
    assert back[0] == rows[0]
    # A spreadsheet runs no formula of a comment.
    assert back[1] == rows[1]


def test_a_failed_case_says_why_and_cannot_be_judged(browser: Browser) -> None:
    browser.press("/", *"broken", Keys.ESCAPE, Keys.ENTER, "f", "3")
    assert shown(browser) == "broken"
    assert "broken.nii.gz: cut off" in browser.text("aside")
    assert browser.all(".judge") == []
    browser.press(Keys.ESCAPE)
    assert browser.texts("#rows td.verdict") == [""]


def test_names_and_words_from_files_are_shown_as_text(browser: Browser) -> None:
    names = cases(browser)
    for name in HOSTILE:
        assert name in names
        # Reached as anyone would, by what the row is called.
        browser.run(f"document.querySelectorAll('#rows .open')[{names.index(name)}].click()")
        assert shown(browser) == name
        wait_for_slices(browser)
        browser.press(Keys.ESCAPE)
    assert HOSTILE[0] in browser.texts("#rows p.flag bdi")
    assert LONG in browser.text("#problems")
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth") is True
    assert browser.driver.title == "shoulderseg report"
    assert len(browser.all("script[src], #rows script, img[src=x], #rows img[onerror]")) == 0


def test_a_single_file_shows_its_cases_without_any_other(page: Path, tmp_path: Path) -> None:
    single = build_report(page.parent.parent, single_file=True).path
    alone = tmp_path / "alone.html"
    single.rename(alone)
    with started_browser(tmp_path, (768, 1024)) as browser:
        browser.open(alone)
        browser.press(Keys.ENTER)
        assert shown(browser) == "case_09"
        wait_for_slices(browser)
        # Nothing is wider than a tablet.
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth") is True
        assert browser.complaints() == []
