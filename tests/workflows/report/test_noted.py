"""Images and label maps that are not those of the result are not shown under its outlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from shoulderseg.datasets.writer import write_image, write_label_map
from shoulderseg.workflows.bundles.manifest import sha256_of
from shoulderseg.workflows.cohort.fingerprint import fingerprint
from shoulderseg.workflows.cohort.fragment import Fragment, write_fragment
from shoulderseg.workflows.inputs.discover import find_inputs
from shoulderseg.workflows.report.build import build_report
from tests.workflows.report.made_run import (
    bones,
    image_of,
    page_data,
    record,
    write_files,
    write_report,
)


def note(out: Path, images: Path, name: str, cases: Sequence[str]) -> None:
    """Notes cases as `predict` does."""
    found = {case.name: case for case in find_inputs(images).cases}
    digests = {f"{case}.nii.gz": sha256_of(out / f"{case}.nii.gz") for case in cases}
    told = fingerprint([found[case] for case in cases])
    write_fragment(out, name, Fragment(told, {}, digests, [record(case) for case in cases]))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Results of a case, and two series of an examination, of images in the folder `in`."""
    out, images = tmp_path / "out", tmp_path / "in"
    for case in "abc":
        write_files(out, images, case)
    write_report(out, [record(case) for case in "abc"])
    note(out, images, "a", ["a"])
    note(out, images, "examination_1", ["b", "c"])
    return out


def told(out: Path, images: Path) -> dict[str, str]:
    """What the page says of each case."""
    page = build_report(out, images)
    return {row["case"]: row.get("note", "") for row in page_data(page.path)["rows"]}


def test_images_that_have_moved_are_shown(out: Path, tmp_path: Path) -> None:
    moved = (tmp_path / "in").rename(tmp_path / "moved")
    assert told(out, moved) == dict.fromkeys("abc", "")
    page = build_report(out, moved, viewer=True)
    assert (page.without_image, page.without_volume) == (0, ())


@pytest.mark.parametrize("viewer", [False, True])
def test_another_image_on_the_same_grid_is_not_shown(
    out: Path, tmp_path: Path, viewer: bool
) -> None:
    for case in "ab":
        write_image(tmp_path / "in" / f"{case}.nii.gz", image_of(bones(), seed=5))
    page = build_report(out, tmp_path / "in", viewer=viewer)
    notes = [row.get("note", "") for row in page_data(page.path)["rows"]]
    assert page.without_image == 3
    assert notes[0] == "the image of this name is not what was segmented: the content differs"
    assert notes[1] == notes[2]
    assert "or the others of its examination are not what was segmented" in notes[1]
    assert len(page.without_volume) == (3 if viewer else 0)


def test_an_examination_without_one_of_its_images_cannot_be_compared(
    out: Path, tmp_path: Path
) -> None:
    (tmp_path / "in" / "c.nii.gz").unlink()
    notes = told(out, tmp_path / "in")
    assert notes["a"] == ""
    assert "cannot be told without the other series of its examination: c not" in notes["b"]
    assert "no image of this name" in notes["c"]


def test_a_label_map_that_was_changed_since_is_not_shown(out: Path, tmp_path: Path) -> None:
    changed = bones(glenoid=False)
    write_label_map(out / "a.nii.gz", changed.array, changed)
    notes = told(out, tmp_path / "in")
    assert "a.nii.gz is not the file that `predict` wrote" in notes["a"]
    assert notes["b"] == notes["c"] == ""


def test_a_note_of_another_result_says_nothing_of_this_one(out: Path, tmp_path: Path) -> None:
    write_report(out, [record("a", seconds={"total": 2.0})])
    image = image_of(bones(), seed=5)
    write_image(tmp_path / "in" / "a.nii.gz", replace(image, array=image.array + 1))
    assert told(out, tmp_path / "in") == {"a": ""}
