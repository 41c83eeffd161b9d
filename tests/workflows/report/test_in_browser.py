"""The page in Chromium, worked by keyboard as a person works through a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from shoulderseg.workflows.report.build import build_report
from tests.workflows.report.browser import (
    CHROMIUM,
    DRIVER,
    MISSING,
    Browser,
    cases,
    shown,
    started_browser,
    wait_for_slices,
)
from tests.workflows.report.made_run import HOSTILE, LONG

NOTHING = "\N{EN DASH}"


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
    assert browser.texts("#rows tr:first-child td.number") == [
        *("0.93", "missing", "30.5", "0.0"),
        NOTHING,
    ]


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


def test_measures_are_columns_where_a_case_has_them(browser: Browser) -> None:
    # The radius is refused in the only case that speaks of it, and no case has another.
    heads = browser.texts("#heads th")
    assert heads[6:10] == ["humerus, ml", "glenoid, ml", "Glenoid height, mm", "Sequence"]
    browser.find("#heads th[data-key=measure-glenoid_height] button").send_keys(Keys.ENTER)
    assert browser.texts("#rows td:nth-child(9)")[:3] == ["31.0", "38.3", NOTHING]
    assert cases(browser)[:2] == ["case_03", "case_07"]


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


def test_keys_are_for_the_case_that_is_marked_wherever_the_focus_was(browser: Browser) -> None:
    first, second, third = cases(browser)[:3]
    browser.press(Keys.ENTER, Keys.ESCAPE, Keys.ARROW_DOWN, Keys.ENTER, "f", Keys.ESCAPE)
    assert browser.texts("#rows td.verdict")[:3] == ["", "\N{CHECK MARK} pass", ""]
    # From name to name with Tab, as without a mouse.
    browser.press(Keys.TAB, "f", Keys.ENTER)
    assert (shown(browser), first != second) == (third, True)
    browser.press(Keys.ESCAPE)
    assert browser.texts("#rows td.verdict")[2] == "\N{CHECK MARK} pass"
    # From a heading, which Enter would sort by.
    browser.find("#heads th[data-key=case] button").send_keys(Keys.ENTER)
    expected = cases(browser)[cases(browser).index(third) + 1]
    browser.press(Keys.ARROW_DOWN, Keys.ENTER)
    assert shown(browser) == expected
    # What the filters leave out is not judged unseen.
    browser.press(Keys.ESCAPE, "/", *"case_01", Keys.ESCAPE, Keys.ARROW_DOWN, Keys.ENTER)
    browser.find(".others button").click()
    assert shown(browser) == "case_00"
    browser.press(Keys.ESCAPE, "f")
    assert browser.texts("#rows td.verdict") == ["\N{CHECK MARK} pass"]


def test_each_bar_shows_as_many_cases_as_it_says(browser: Browser) -> None:
    found = browser.run("""return [...document.querySelectorAll('.bar')].map((bar) => {
        bar.dispatchEvent(new MouseEvent('click'));
        const shown = document.querySelector('#shown').textContent;
        document.querySelector('#clear').click();
        return [bar.getAttribute('aria-label').match(/: (\\d+) case/)[1], shown.split(' ')[0]];
    });""")
    assert isinstance(found, list)
    assert len(found) > 20
    assert [told for told, _ in found] == [shown for _, shown in found]


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
    browser.wait(lambda: browser.all(".measures-given"))
    assert browser.texts(".measures-given tr") == [
        "glenoid height38.3 ± 0.8 mm",
    ]
    browser.find(".measures-refused summary").click()
    assert browser.texts(".measures-refused tr") == ["inclinationneeds the whole scapula"]


def test_measures_of_fused_bones_are_shown_with_each_series(browser: Browser) -> None:
    names = cases(browser)

    def press(name: str) -> None:
        browser.run(f"document.querySelectorAll('#rows .open')[{names.index(name)}].click()")
        assert shown(browser) == name

    for name in ("case_00", "case_01"):
        press(name)
        wait_for_slices(browser)
        assert browser.text(".fused h3") == "Examination's fused bones"
        assert browser.texts(".fused .measures-given tr") == [
            "head radius24.0 mm",
            "hill sachs depth experimental0.00 mm",
        ]
        told = browser.find(".fused .measures-given th").get_attribute("title")
        assert told == HOSTILE[1]
        browser.find(".fused .measures-refused summary").click()
        assert browser.texts(".fused .measures-refused tr") == [HOSTILE[0] + HOSTILE[2]]
        browser.press(Keys.ESCAPE)
    press("case_02")
    assert browser.all(".fused") == []


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
    assert f"{LONG}s" in browser.text("#problems")
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth") is True
    assert browser.driver.title == "shoulderseg report"
    assert len(browser.all("script[src], #rows script, img[src=x], #rows img[onerror]")) == 0


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=MISSING)
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
