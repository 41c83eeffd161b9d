"""Notes and locks that are none cost one case, and no more."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shoulderseg.workflows.cohort.part import Part
from shoulderseg.workflows.cohort.status import read_status
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.cohort.runs import NAMES, go, write_image

NOTES = Path(".shoulderseg") / "cases"


def change(note: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(note.read_text(encoding="utf-8"))
    edit(content)
    note.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    "edit",
    [
        lambda note: note["records"][0].update(quality=3),
        lambda note: note["records"][0].update(volumes_ml="x"),
        lambda note: note["records"][0].pop("shape"),
        lambda note: note["records"][0].update(outputs=5),
        lambda note: note["records"][0].update(outputs=[]),
        lambda note: note["records"][0].update(error="no"),
        lambda note: note.update(files={}),
        lambda note: note.update(files={**note["files"], "a\0": "0"}),
        lambda note: note.update(files={**note["files"], "../in/a.nii.gz": "0"}),
        lambda note: note.update(examination={"series": 3}),
        lambda note: note.update(examination=[]),
        lambda note: note.update(format=2),
        lambda note: note.update(fingerprint="0"),
    ],
)
def test_a_note_of_other_content_is_none(
    segmenter: Segmenter,
    images: Path,
    tmp_path: Path,
    edit: Callable[[dict[str, Any]], object],
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    (out / "b.nii.gz").unlink()
    change(out / NOTES / "b.json", edit)

    again = go(segmenter, images, out)

    assert (again.begun, again.kept) == (["b"], ["a", "c"])
    assert (out / "b.nii.gz").is_file()
    assert not list(out.glob("*unread*"))


@pytest.mark.parametrize("kind", ["deep", "pipe", "folder", "link"])
def test_a_note_that_is_no_file_of_ours_is_none(
    segmenter: Segmenter, images: Path, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    note = out / NOTES / "b.json"
    if kind == "deep":
        note.write_text("[" * 100_000)
    elif kind == "link":
        note.rename(tmp_path / "b.json")
        note.symlink_to(tmp_path / "b.json")
    else:
        note.unlink()
        os.mkfifo(note) if kind == "pipe" else note.mkdir()

    assert go(segmenter, images, out).begun == ["b"]


def test_a_pipe_in_the_place_of_a_mask_is_not_waited_for(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    go(segmenter, images, tmp_path / "out")
    (tmp_path / "out" / "b.nii.gz").unlink()
    os.mkfifo(tmp_path / "out" / "b.nii.gz")

    assert go(segmenter, images, tmp_path / "out").begun == ["b"]


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_claim_that_cannot_be_had_fails_that_case_alone(
    segmenter: Segmenter, images: Path, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "out"
    claim = out / ".shoulderseg" / "claims" / "b.lock"
    claim.parent.mkdir(parents=True)
    if kind == "folder":
        claim.mkdir()
    else:
        claim.symlink_to(tmp_path / "elsewhere")

    assert go(segmenter, images, out).begun == ["a", "c"]

    assert list(read_status(out).failed) == ["b"]


def test_names_as_long_as_they_may_be(segmenter: Segmenter, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    long = "n" * 240
    write_image(folder / f"{long}.nii.gz", 1)
    write_image(folder / "z.nii.gz", 2)

    assert go(segmenter, folder, tmp_path / "out").begun == [long, "z"]
    assert go(segmenter, folder, tmp_path / "out").kept == [long, "z"]


def test_what_was_asked_for_and_could_not_be_had_is_tried_again(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out, preview=True)
    for picture in (out / "previews").iterdir():
        picture.unlink()

    assert go(segmenter, images, out, preview=True).begun == list(NAMES)
    assert len(list((out / "previews").iterdir())) == 3
    assert go(segmenter, images, out, preview=True).kept == list(NAMES)


def test_measures_that_failed_are_tried_again(
    segmenter: Segmenter, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr("shoulderseg.workflows.measure.results.measure_volume", fail)
        go(segmenter, images, tmp_path / "out", measure=True)

    assert go(segmenter, images, tmp_path / "out", measure=True).begun == list(NAMES)
    assert go(segmenter, images, tmp_path / "out", measure=True).kept == list(NAMES)


def test_an_examination_of_cases_that_were_alone_is_made_otherwise(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out, examination="off")
    with pytest.raises(ValueError, match=r"examination off \(now on\)"):
        go(segmenter, images, out, examination="on")
    assert go(segmenter, images, out, examination="on", overwrite=True).begun == list(NAMES)
    # What was noted of each alone is forgotten.
    assert len(list((out / NOTES).iterdir())) == 1
    with pytest.raises(ValueError, match=r"examination on \(now off\)"):
        go(segmenter, images, out, examination="off")


def test_what_another_run_has_mended_meanwhile_is_no_failure(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out, whole = tmp_path / "out", (images / "a.nii.gz").read_bytes()
    (images / "a.nii.gz").write_bytes(whole[:100])

    def after(case: str) -> None:
        if case == "b":
            (images / "a.nii.gz").write_bytes(whole)
            assert go(segmenter, images, out, part=Part(5, 7)).begun == ["a"]

    go(segmenter, images, out, after=after)

    found = read_status(out)
    assert (found.done, found.failed) == (3, {})
    report = json.loads((out / REPORT_FILE).read_text())
    assert not any("error" in record for record in report["cases"])


def test_unfinished_files_of_a_run_in_a_folder_below_stay(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out / "below")
    (out / "below" / ".part-now").mkdir()
    os.utime(out / "below" / ".part-now", (0, 0))

    go(segmenter, images, out)

    assert (out / "below" / ".part-now").is_dir()
