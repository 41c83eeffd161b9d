"""A table of verdicts read into a page that has others: field by field, and nothing unsaid."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.workflows.report.browser import Browser
from tests.workflows.report.made_run import page_data

GIVEN, LATER, LAST = (f"2026-01-0{day}T00:00:00Z" for day in (1, 2, 3))
PASS, FAIL = "\N{CHECK MARK} pass", "\N{BALLOT X} fail"


@pytest.fixture
def store(page: Path) -> str:
    """What the browser keeps the page's verdicts under."""
    return f"shoulderseg-report-{page_data(page)['run_id']}"


def given(browser: Browser, page: Path, store: str, **entries: dict[str, Any]) -> None:
    """Opens the page where somebody has said something before."""
    content = json.dumps({"rater": "", "cases": entries})
    browser.run(f"localStorage['{store}'] = {json.dumps(content)}")
    browser.open(page)


def kept(browser: Browser, store: str, case: str) -> dict[str, Any]:
    """What the browser keeps of a case."""
    content = json.loads(str(browser.run(f"return localStorage['{store}']")))
    found: dict[str, Any] = content["cases"].get(case, {})
    return found


def read(browser: Browser, path: Path, *lines: str) -> str:
    """Reads a table; gives what the page says of it."""
    path.write_bytes("\n".join(lines).encode())
    browser.run("document.querySelector('#told').textContent = ''")
    browser.find("#read-all").send_keys(str(path))
    browser.wait(lambda: browser.text("#told"))
    return browser.text("#told")


def test_what_another_has_changed_in_a_saved_table_comes_back(
    browser: Browser, page: Path, store: str, tmp_path: Path
) -> None:
    mine = {"verdict": "fail", "time": GIVEN, "rater": "AB"}
    given(
        browser,
        *(page, store),
        case_00=mine | {"rank": 1, "comment": "poor", "changed": GIVEN},
        case_01=mine | {"rank": 2, "comment": "mine", "changed": LAST},
        # As an earlier version kept it.
        case_02=mine | {"comment": "edge"},
        case_03=mine | {"rank": 4, "comment": "stays", "changed": GIVEN},
    )
    said = read(
        browser,
        tmp_path / "qc.csv",
        "case,verdict,rank,comment,rater,time,result,changed",
        f"case_00,fail,7,better,AB,{GIVEN},,{LATER}",
        f"case_01,fail,5,theirs,AB,{GIVEN},,{LATER}",
        f"case_02,fail,,edge of the glenoid,AB,{GIVEN},,",
        # A newer verdict, without anything else.
        f"case_03,pass,,,CD,{LATER},,{LATER}",
    )
    assert said == (
        "Verdicts of 3 cases read; 0 lines are of other cases, or of failed ones. Replaced by the "
        "table: 1 verdict (case_03); 1 rank (case_00); 2 comments (case_00, case_02). Kept of this "
        "page, as the table's are older or of another result: 1 rank (case_01); 1 comment "
        "(case_01)."
    )
    found = [kept(browser, store, f"case_0{number}") for number in range(4)]
    assert [one.get("rank") for one in found] == [7, 2, None, 4]
    assert [one["comment"] for one in found] == ["better", "mine", "edge of the glenoid", "stays"]
    assert [one["verdict"] for one in found] == ["fail", "fail", "fail", "pass"]
    assert [one["rater"] for one in found] == ["AB", "AB", "AB", "CD"]


def test_a_comment_that_is_changed_has_a_time_in_the_table(browser: Browser, page: Path) -> None:
    store = f"shoulderseg-report-{page_data(page)['run_id']}"
    given(browser, page, store, case_09={"verdict": "fail", "time": GIVEN, "changed": GIVEN})
    browser.press(Keys.ENTER, "c", *"hm", Keys.ESCAPE, Keys.ESCAPE)
    browser.find("#save-all").click()
    [row] = csv.DictReader(io.StringIO(browser.saved("qc.csv")))
    assert (row["time"], row["changed"] > LAST) == (GIVEN, True)


def test_verdict_and_rank_are_each_of_the_result_that_they_were_given_on(
    browser: Browser, page: Path, store: str
) -> None:
    before = {"verdict": "fail", "time": GIVEN, "of": "before"}
    given(browser, page, store, case_09=before, case_04=before | {"rank": 3})
    browser.press("5", Keys.ARROW_DOWN, "f")
    assert browser.texts("#rows td.verdict")[:2] == [
        f"{FAIL} (of an earlier result), rank 5",
        f"{PASS}, rank 3 (of an earlier result)",
    ]


def test_a_table_that_a_spreadsheet_saved_is_read_and_what_is_not_understood_is_told(
    browser: Browser, tmp_path: Path
) -> None:
    said = read(
        browser,
        tmp_path / "qc.csv",
        "\ufeffCase;Verdict;rank;comment\r",
        'case_00;Fail ;3;"1,5; too low"\r',
        "case_01;artifact;;\r",
        "case_02;good;12;look again\r",
    )
    assert said == (
        "Verdicts of 3 cases read; 0 lines are of other cases, or of failed ones. Not understood "
        "and passed over: 2 kinds of entries (good, 12); expected pass, fail, artefact, and ranks "
        "from 0 to 9."
    )
    browser.find("#save-all").click()
    rows = {row["case"]: row for row in csv.DictReader(io.StringIO(browser.saved("qc.csv")))}
    assert [rows[f"case_0{k}"]["verdict"] for k in range(3)] == ["fail", "artefact", ""]
    assert rows["case_00"]["comment"] == "1,5; too low"
    assert rows["case_02"]["comment"] == "look again"
