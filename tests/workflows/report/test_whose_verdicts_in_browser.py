"""Verdicts in Chromium: of which result, of whom, and which of two counts."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.workflows.report.browser import Browser, cases
from tests.workflows.report.made_run import page_data

EARLIER = "\N{BALLOT X} fail (of an earlier result)"


@pytest.fixture
def store(page: Path) -> str:
    """What the browser keeps the page's verdicts under."""
    return f"shoulderseg-report-{page_data(page)['run_id']}"


def kept(browser: Browser, store: str) -> dict[str, Any]:
    """What the browser keeps of the page."""
    content: dict[str, Any] = json.loads(str(browser.run(f"return localStorage['{store}']")))
    return content


def read(browser: Browser, path: Path, text: str) -> str:
    """Reads a table; gives what the page says of it."""
    path.write_text(text, encoding="utf-8")
    browser.find("#read-all").send_keys(str(path))
    browser.wait(lambda: "cases read" in browser.text("#told"))
    return browser.text("#told")


def test_a_case_made_anew_is_still_to_be_judged(browser: Browser, tmp_path: Path) -> None:
    read(
        browser,
        tmp_path / "qc.csv",
        "case,verdict,result\ncase_09,fail,of-before\ncase_04,pass,of-before\ncase_00,fail,\n",
    )
    assert ", 1 judged." in browser.text("#counts")
    browser.find("#save-fails").click()
    assert browser.text("#told") == (
        "qc_fail.yml: 1 cases. 1 more that were judged so on an earlier result are left out."
    )
    assert browser.saved("qc_fail.yml").splitlines()[1:] == ["FILES_SEG:", '- "case_00"']
    browser.find("#save-all").click()
    assert browser.text("#told") == "qc.csv: 3 cases. 2 of them were judged on an earlier result."
    browser.find("#by-verdict").send_keys("fail")
    assert cases(browser) == ["case_00"]
    browser.find("#clear").click()
    browser.find("#by-verdict").send_keys("none")
    assert cases(browser)[:2] == ["case_09", "case_04"]
    assert "case_00" not in cases(browser)
    browser.press(Keys.TAB)
    browser.find("#rows .open").click()
    assert browser.text("#outdated") == (
        "Judged on an earlier result of this case: \N{BALLOT X} fail."
    )
    # What is as bad as before can be called so.
    browser.find(".judge.fail").click()
    assert browser.text("#outdated") == ""
    assert browser.texts("#rows td.verdict")[0] == "\N{BALLOT X} fail"
    assert ", 2 judged." in browser.text("#counts")


def test_of_two_verdicts_the_newer_counts(browser: Browser, tmp_path: Path) -> None:
    assert cases(browser)[:2] == ["case_09", "case_04"]
    for _ in range(2):
        browser.press("f", Keys.ARROW_DOWN)
    for number in range(4):
        browser.find("#search").clear()
        browser.press("/", *f"case_0{number}", Keys.ESCAPE, "f")
    browser.find("#clear").click()
    lines = (
        "case_09,fail,,2020-01-01T00:00:00Z,",
        "case_04,fail,,2099-01-01T00:00:00Z,",
        "case_00,,,2020-01-01T00:00:00Z,",
        "case_01,,only a word,2099-01-01T00:00:00Z,",
        # A spreadsheet's way to write a time.
        "case_02,fail,,31/12/2099 10:00,",
        "case_03,fail,,2099-01-01T00:00:00Z,of-before",
        "case_05,,,,",
        "case_06,fail,,,",
    )
    said = read(
        browser,
        tmp_path / "qc.csv",
        "\n".join(["case,verdict,comment,time,result", *lines]) + "\n",
    )
    assert said == (
        "Verdicts of 3 cases read; 0 lines are of other cases, or of failed ones. "
        "Replaced by the table: 1 verdict (case_04). Kept of this page, as the table's are older "
        "or of another result: 3 verdicts (case_09, case_02, case_03)."
    )
    told = dict(zip(cases(browser), browser.texts("#rows td.verdict"), strict=True))
    assert {name for name, verdict in told.items() if "fail" in verdict} == {"case_04", "case_06"}
    passed = {name for name, verdict in told.items() if "pass" in verdict}
    assert passed == {"case_00", "case_01", "case_02", "case_03", "case_09"}


def test_a_case_that_fails_now_keeps_no_verdict_of_before(
    browser: Browser, page: Path, store: str, tmp_path: Path
) -> None:
    # As a run that made it anew leaves it.
    before = {"rater": "", "cases": {"broken": {"verdict": "fail", "of": "before"}}}
    browser.run(f"localStorage['{store}'] = {json.dumps(json.dumps(before))}")
    browser.open(page)
    assert browser.texts("#rows td.verdict")[-1] == EARLIER
    assert ", 0 judged." in browser.text("#counts")
    browser.find("#save-fails").click()
    assert browser.saved("qc_fail.yml").endswith("FILES_SEG: []\n")
    browser.find("#save-all").click()
    assert browser.text("#told") == "qc.csv: 0 cases. 1 more that failed since are left out."
    assert len(browser.saved("qc.csv").splitlines()) == 1
    said = read(browser, tmp_path / "given.csv", "case,verdict\nbroken,pass\n")
    assert said.startswith("Verdicts of 0 cases read; 1 lines")
    assert browser.texts("#rows td.verdict")[-1] == EARLIER
    # Another tab judges while this one shows it.
    browser.press("/", *"broken", Keys.ESCAPE, Keys.ENTER)
    browser.run(f"dispatchEvent(new StorageEvent('storage', {{ key: '{store}' }}))")


def test_the_raters_name_is_that_of_all_tabs(browser: Browser, page: Path, store: str) -> None:
    first = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    browser.open(page)
    second = browser.driver.current_window_handle
    browser.driver.switch_to.window(first)
    browser.find("#rater").send_keys("AB", Keys.TAB)
    browser.driver.switch_to.window(second)
    browser.wait(lambda: browser.find("#rater").get_property("value") == "AB")
    # Where the browser did not tell this tab.
    browser.run("document.querySelector('#rater').value = ''")
    browser.press(Keys.ENTER, "f")
    found = kept(browser, store)
    assert (found["rater"], found["cases"]["case_09"]["rater"]) == ("AB", "AB")
    browser.run("document.querySelector('#rater').value = 'AB'")
    browser.find("#rater").send_keys(Keys.BACKSPACE, Keys.BACKSPACE, Keys.TAB)
    assert kept(browser, store)["rater"] == ""


def test_a_comment_leaves_a_verdict_to_its_rater(
    browser: Browser, store: str, tmp_path: Path
) -> None:
    read(browser, tmp_path / "qc.csv", "case,verdict,rater\ncase_09,pass,CD\ncase_04,,EF\n")
    browser.find("#rater").send_keys("AB", Keys.ESCAPE)
    browser.press(Keys.ENTER, "c", *"hm", Keys.ESCAPE, "3")
    one = kept(browser, store)["cases"]["case_09"]
    assert (one["rater"], one["comment"], one["rank"]) == ("CD", "hm", 3)
    browser.press("f")
    assert kept(browser, store)["cases"]["case_09"]["rater"] == "AB"
    browser.find("#save-all").click()
    [row] = csv.DictReader(io.StringIO(browser.saved("qc.csv")))
    assert (row["verdict"], row["rater"]) == ("fail", "AB")


def test_a_page_of_a_folder_that_was_moved_says_where_verdicts_are(
    browser: Browser, page: Path, tmp_path: Path
) -> None:
    assert browser.text("#told") == ""
    moved = tmp_path / "moved.html"
    html = page.read_text(encoding="utf-8")
    moved.write_text(html.replace('"moved":false', '"moved":true'), encoding="utf-8")
    browser.open(moved)
    assert "verdicts that were given before are not shown" in browser.text("#told")
    browser.press("f")
    browser.open(moved)
    assert browser.text("#told") == ""
