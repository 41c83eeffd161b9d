"""Verdicts in Chromium: given by keyboard, kept, saved and taken up again."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from selenium.webdriver.common.keys import Keys

from tests.workflows.report.browser import Browser, cases, shown


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
        [
            *("case", "verdict", "rank", "comment", "rater", "time", "result", "changed"),
            "rank_result",
        ],
        [
            *("case_00", "fail", "3", "'=1+1", "CD", "2026-01-01T00:00:00Z", "of-before"),
            *("2026-01-02T00:00:00Z", "of-before"),
        ],
        ["case_01", "artefact", "", 'a "b"\nc', *[""] * 5],
        ["elsewhere", "pass", *[""] * 7],
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
    # One without a time too.
    assert back[2] == [*rows[2][:3], 'a "b"\nc', *[""] * 5]
    assert len(back) == 3


def test_a_comment_does_not_make_an_old_verdict_one_on_the_new_result(
    browser: Browser, tmp_path: Path
) -> None:
    table = tmp_path / "qc.csv"
    name = cases(browser)[0]
    table.write_text(f"case,verdict,result\n{name},pass,of-before\n")
    browser.find("#read-all").send_keys(str(table))
    browser.wait(lambda: "of 1 cases read" in browser.text("#told"))
    browser.press(Keys.ENTER, "c", *"hm", Keys.ESCAPE)
    assert browser.texts("#rows td.verdict")[0] == "✓ pass (of an earlier result)"
    # The first press is the first verdict on this result.
    browser.press("f")
    assert browser.texts("#rows td.verdict")[0] == "✓ pass"


def test_a_rank_alone_is_of_the_result_that_it_was_given_on(
    browser: Browser, tmp_path: Path
) -> None:
    table = tmp_path / "qc.csv"
    table.write_text(f"case,verdict,rank,result\n{cases(browser)[0]},,3,of-before\n")
    browser.find("#read-all").send_keys(str(table))
    browser.wait(lambda: "of 1 cases read" in browser.text("#told"))
    assert browser.texts("#rows td.verdict")[0] == "rank 3 (of an earlier result)"
    browser.press(Keys.ENTER, "5", Keys.ESCAPE)
    assert browser.texts("#rows td.verdict")[0] == "rank 5"


def test_two_tabs_keep_each_others_verdicts(browser: Browser, page: Path) -> None:
    first = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    browser.open(page)
    browser.press(Keys.ENTER, "f")
    browser.driver.switch_to.window(first)
    browser.wait(lambda: browser.texts("#rows td.verdict")[0] == "✓ pass")
    browser.press(Keys.ENTER, Keys.ARROW_DOWN, "f", "f")
    browser.open(page)
    assert browser.texts("#rows td.verdict")[:2] == ["✓ pass", "✗ fail"]


def test_a_failed_case_says_why_and_cannot_be_judged(browser: Browser) -> None:
    browser.press("/", *"broken", Keys.ESCAPE, Keys.ENTER, "f", "3")
    assert shown(browser) == "broken"
    assert "broken.nii.gz: cut off" in browser.text("aside")
    assert browser.all(".judge") == []
    browser.press(Keys.ESCAPE)
    assert browser.texts("#rows td.verdict") == [""]
