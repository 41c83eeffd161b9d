"""Runs that take parts of a folder: nothing is left to nobody, and `status` knows of all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shoulderseg.workflows.cohort.part import Part
from shoulderseg.workflows.cohort.status import read_status
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.report.rows import read_reported
from shoulderseg.workflows.segmentation.missing import OTHER_PARTS
from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.cohort.runs import NAMES, go, write_image


def runs_of(out: Path) -> list[dict[str, Any]]:
    report = json.loads((out / REPORT_FILE).read_text())
    return [*report.get("earlier_runs", []), report]


def test_cases_of_a_part_that_never_began_are_missing(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (images / "bad.nii.gz").write_bytes(b"no image")

    for number in (1, 3):
        go(segmenter, images, out, part=Part(number, 3))
        made = {record["case"] for run in runs_of(out) for record in run["cases"]}
        left = {*NAMES, "bad"} - made
        assert set(read_status(out).missing) == left
        assert set(read_reported(out).not_reached) == left
        assert [run["part"] for run in runs_of(out)][-1] == f"{number}/3"
        # Many parts do not each tell of all the others.
        assert sum(len(run.get(OTHER_PARTS, ())) for run in runs_of(out)) == len(left)
    assert left

    go(segmenter, images, out, part=Part(2, 3))
    assert read_status(out).missing == ()
    assert not any(OTHER_PARTS in run for run in runs_of(out))


def test_a_case_that_comes_between_two_parts_costs_no_other(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for number in (1, 2, 3):
        go(segmenter, images, out, part=Part(number, 3))
        # By its place in the alphabet it would move all others on.
        write_image(images / "0.nii.gz", 9)

    assert {*NAMES} <= {record["case"] for run in runs_of(out) for record in run["cases"]}
    go(segmenter, images, out)
    assert read_status(out).missing == ()


def test_another_input_leaves_what_is_missing_as_it_is(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    write_image(other / "z.nii.gz", 7)
    go(segmenter, images, out, part=Part(3, 3))
    left = read_status(out).missing
    assert left

    go(segmenter, other, out)
    assert read_status(out).missing == left


def test_series_of_an_examination_stay_in_one_part(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    begun = [
        go(segmenter, images, tmp_path / "out", part=Part(number, 2), examination="on").begun
        for number in (1, 2)
    ]
    assert sorted(begun) == [[], list(NAMES)]
