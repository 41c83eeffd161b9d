"""How large the report page of many cases is, and how soon it is on the screen.

A few phantoms give pictures, which the cases share; each case has its own name, numbers and flags.
Measured are the processor time that a case's part takes, the time to build the page, the sizes, and
in headless Chromium, from the disk: the first paint of the page, the paint of its first rows, a
keystroke in the search field until the table is drawn anew, a click on a heading until it is
sorted, the opening of a case until its slices are there, and the memory of the script. Each is the
median of several loads. Without Chromium its times are missing. `--quick` takes 60 cases, one load.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.volume import Volume
from shoulderseg.workflows.report.build import build_report
from shoulderseg.workflows.report.parts import (
    REPORT_FOLDER,
    file_stem,
    result_digest,
    script_of,
    write_part,
)

LABELS = {"humerus": 1, "glenoid": 2}
SHAPE, QUICK_SHAPE = (20, 384, 384), (6, 96, 96)
PLANES = ("coronal", "oblique sagittal", "axial", "oblique coronal")
_SIZES = ("page MB", "case kB", "all cases MB", "row kB")
_JUDGED = ("predicted Dice of the glenoid is 0.71, below 0.85", "no glenoid found")
_MEASURE = """const done = arguments[arguments.length - 1];
const painted = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go, 0)));
const timed = async (act, ready) => {
  const begin = performance.now();
  act();
  do { await painted(); } while (ready && !ready());
  return performance.now() - begin;
};
(async () => {
  const one = (selector) => document.querySelector(selector), search = one("#search");
  const at = (name) => performance.getEntriesByName(name).map((entry) => entry.startTime)[0];
  const type = (text) => () => { search.value = text; search.dispatchEvent(new Event("input")); };
  while (!at("rows") || !at("first-contentful-paint")) await painted();
  const paint = at("first-contentful-paint"), rows = at("rows");
  const found = await timed(type("case_1"));
  await timed(type(""));
  const sorted = await timed(() => one("#heads th[data-key=dice1] button").click());
  const hasSlices = () => one(".where") && one(".where").textContent.includes("slice");
  const opened = await timed(() => one("#rows .open").click(), hasSlices);
  done({
    "first paint ms": paint, "rows on screen ms": rows,
    "search ms": found, "sort ms": sorted, "open a case ms": opened,
    "script MB": performance.memory.usedJSHeapSize / 1e6,
  });
})();"""


def records_of(cases: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """What a run report would tell of so many cases."""
    records = []
    for number in range(cases):
        humerus, glenoid = rng.uniform(0.85, 0.98), rng.uniform(0.7, 0.93)
        flags = [_JUDGED[number % 2]] if rng.random() < 0.08 else []
        volumes = {"humerus": rng.uniform(30, 110), "glenoid": rng.uniform(5, 25)}
        records.append(
            {
                "case": f"case_{number:05}_T1w",
                "outputs": [f"case_{number:05}_T1w.nii.gz"],
                "shape": list(SHAPE),
                "spacing_mm": [3.5, 0.42, 0.42],
                "volumes_ml": {bone: round(volume, 3) for bone, volume in volumes.items()},
                "source": {"plane": PLANES[number % 4], "contrast": "T1", "side": "left"},
                "quality": {"humerus": humerus, "glenoid": glenoid, "flags": flags},
                "seconds": {"total": float(number)},
            }
        )
    return records


def fill(
    out: Path, records: list[dict[str, Any]], phantoms: int, shape: tuple[int, int, int]
) -> float:
    """Writes the report and the parts of all cases; gives the processor seconds of one part."""
    rng = np.random.default_rng(1)
    options = PhantomOptions(shape=shape, spacing_mm=(3.5, 161 / shape[1], 161 / shape[2]))
    seconds = []
    for told in records[:phantoms]:
        case = make_case(options, rng)
        label_map = replace(case.image, array=case.label_map.astype(np.uint8))
        begin = time.process_time()
        write_part(out, told, LABELS, label_map, _as_float(case.image))
        seconds.append(time.process_time() - begin)
    made = [_texts(out, told) for told in records[:phantoms]]
    for number, told in enumerate(records[phantoms:]):
        for suffix, text in made[number % phantoms].items():
            # Of the same length, so that all sizes are those of the real ones.
            text = text.replace(records[number % phantoms]["case"], told["case"])
            own = text.replace(result_digest(records[number % phantoms]), result_digest(told))
            _part(out, told["case"], suffix).write_text(own, encoding="utf-8")
    report = {"labels": LABELS, "notice": "Research use only.", "complete": True, "cases": records}
    (out / "shoulderseg_report.json").write_text(json.dumps(report), encoding="utf-8")
    return statistics.median(seconds)


def _as_float(image: Volume) -> Volume:
    return replace(image, array=image.array.astype(np.float32))


def _texts(out: Path, told: dict[str, Any]) -> dict[str, str]:
    return {
        suffix: _part(out, told["case"], suffix).read_text(encoding="utf-8")
        for suffix in ("js", "json")
    }


def _part(out: Path, case: str, suffix: str) -> Path:
    if suffix == "js":
        return script_of(out, case)
    return out / REPORT_FOLDER / "rows" / f"{file_stem(case)}.json"


def in_browser(page: Path, loads: int) -> dict[str, float]:
    """Times of the page in Chromium; empty where there is none."""
    from tests.workflows.report.browser import CHROMIUM, DRIVER, started_browser

    if not (CHROMIUM and DRIVER):
        return {}
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder, started_browser(Path(folder)) as browser:
        for _ in range(loads):
            browser.open(page)
            found.append(browser.driver.execute_async_script(_MEASURE))
        complaints = browser.complaints()
    if complaints:
        msg = f"the browser complained: {complaints}"
        raise RuntimeError(msg)
    return {key: statistics.median(one[key] for one in found) for key in found[0]}


def main() -> None:
    """Prints a table of sizes and times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    cases, phantoms, loads = (60, 1, 1) if arguments.quick else (arguments.cases, 6, 7)
    shape = QUICK_SHAPE if arguments.quick else SHAPE
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        seconds = fill(out, records_of(cases, np.random.default_rng(0)), phantoms, shape)
        begin = time.perf_counter()
        page = build_report(out).path
        built = time.perf_counter() - begin
        scripts = [path.stat().st_size for path in (out / REPORT_FOLDER / "cases").iterdir()]
        bytes_of_page = page.stat().st_size
        sizes = (
            *(bytes_of_page / 1e6, statistics.mean(scripts) / 1e3, sum(scripts) / 1e6),
            bytes_of_page / 1e3 / cases,
        )
        table: dict[str, float] = {
            "cases": cases,
            "part of a case CPU s": seconds,
            "build s": built,
        }
        table |= dict(zip(_SIZES, sizes, strict=True)) | in_browser(page, loads)
    print(f"load {os.getloadavg()[0]:.1f}")
    print("| what | value |\n|---|---|")
    for name, value in table.items():
        print(f"| {name} | {value:.4g} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
