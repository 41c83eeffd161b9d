"""The same command again: what is done is kept, and the rest is made anew."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import SimpleITK

from shoulderseg.workflows.inputs.collect import collect_inputs
from shoulderseg.workflows.outputs.formats import Format
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.cohort.runs import NAMES, go, masks, write_image


def test_what_is_done_is_not_done_again(segmenter: Segmenter, images: Path, tmp_path: Path) -> None:
    first = go(segmenter, images, tmp_path / "out")
    before = masks(tmp_path / "out")

    again = go(segmenter, images, tmp_path / "out")

    assert first.begun == again.kept == list(NAMES)
    assert again.begun == first.kept == []
    assert masks(tmp_path / "out") == before
    assert again.lines[0].endswith("3 of them before this run and kept")
    report = json.loads((tmp_path / "out" / REPORT_FILE).read_text())
    assert report["complete"]
    assert [record["case"] for record in report["cases"]] == list(NAMES)
    assert all(record["volumes_ml"] for record in report["cases"])


def test_a_stopped_run_goes_on_and_gives_what_an_undisturbed_one_gives(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    go(segmenter, images, tmp_path / "whole")

    go(segmenter, images, tmp_path / "out", stop_before="c")
    rest = go(segmenter, images, tmp_path / "out")

    assert (rest.kept, rest.begun) == (["a", "b"], ["c"])
    assert masks(tmp_path / "out") == masks(tmp_path / "whole")


@pytest.mark.parametrize("spoil", ["other", "empty", "gone", "link"])
def test_a_file_that_is_not_as_it_was_written_is_made_anew(
    segmenter: Segmenter, images: Path, tmp_path: Path, spoil: str
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    before = masks(out)
    mask = out / "b.nii.gz"
    if spoil == "other":
        shutil.copyfile(out / "a.nii.gz", mask)
        SimpleITK.WriteImage(SimpleITK.ReadImage(str(mask)) * 0, str(mask))
    elif spoil == "empty":
        mask.write_bytes(b"")
    elif spoil == "gone":
        mask.unlink()
    else:
        mask.rename(tmp_path / "elsewhere.nii.gz")
        mask.symlink_to(tmp_path / "elsewhere.nii.gz")

    again = go(segmenter, images, out)

    assert (again.begun, again.kept) == (["b"], ["a", "c"])
    assert masks(out) == before
    assert not mask.is_symlink()


def test_another_image_of_the_same_name_is_segmented(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    go(segmenter, images, tmp_path / "out")
    write_image(images / "b.nii.gz", 77)

    assert go(segmenter, images, tmp_path / "out").begun == ["b"]


def test_where_the_images_lie_does_not_matter(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    go(segmenter, images, tmp_path / "out")
    moved = images.rename(tmp_path / "moved")

    assert go(segmenter, moved, tmp_path / "out").kept == list(NAMES)


def test_voxels_beside_the_header_count(segmenter: Segmenter, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_image(folder / "a.mhd", 1)
    go(segmenter, folder, tmp_path / "out")
    assert go(segmenter, folder, tmp_path / "out").kept == ["a"]
    write_image(folder / "a.mhd", 2)

    assert go(segmenter, folder, tmp_path / "out").begun == ["a"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"formats": (Format.mha,)}, "formats default (now mha)"),
        ({"preview": True}, "preview False (now True)"),
        ({"measure": True}, "measure False (now True)"),
    ],
)
def test_other_options_are_refused_unless_all_is_to_be_made_anew(
    segmenter: Segmenter, images: Path, tmp_path: Path, options: dict[str, Any], told: str
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    report = (out / REPORT_FILE).read_bytes()

    with pytest.raises(ValueError, match="a and 2 more that were made otherwise") as error:
        go(segmenter, images, out, **options)

    assert told in str(error.value)
    assert "--overwrite" in str(error.value)
    assert (out / REPORT_FILE).read_bytes() == report
    assert go(segmenter, images, out, overwrite=True, **options).begun == list(NAMES)
    assert go(segmenter, images, out, overwrite=True, **options).kept == list(NAMES)


def test_another_vote_and_another_bundle_are_other_options(
    segmenter: Segmenter, untrained: Path, images: Path, tmp_path: Path
) -> None:
    go(segmenter, images, tmp_path / "out")
    mean = Segmenter(untrained, device="cpu", mirroring=False, vote="mean")

    with pytest.raises(ValueError, match=r"vote majority \(now mean\)"):
        go(mean, images, tmp_path / "out")


def test_a_failed_case_is_tried_again(segmenter: Segmenter, images: Path, tmp_path: Path) -> None:
    whole = (images / "b.nii.gz").read_bytes()
    (images / "b.nii.gz").write_bytes(whole[: len(whole) // 2])
    assert go(segmenter, images, tmp_path / "out").begun == list(NAMES)
    assert go(segmenter, images, tmp_path / "out").begun == ["b"]
    (images / "b.nii.gz").write_bytes(whole)

    again = go(segmenter, images, tmp_path / "out")

    assert (again.begun, again.kept) == (["b"], ["a", "c"])
    report = json.loads((tmp_path / "out" / REPORT_FILE).read_text())
    assert not any("error" in record for record in report["cases"])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": 1, "fingerprint": 3}',
        '{"format": 1, "fingerprint": "", "options": {}, "files": {"../in/a.nii.gz": "0"},'
        ' "records": [], "examination": null}',
        '{"format": 1, "fingerprint": "", "options": {}, "files": [], "records": [[]],'
        ' "examination": null}',
    ],
)
def test_a_note_that_is_none_costs_no_more_than_the_work(
    segmenter: Segmenter, images: Path, tmp_path: Path, content: str
) -> None:
    go(segmenter, images, tmp_path / "out")
    [note] = (tmp_path / "out" / ".shoulderseg").rglob("b.json")
    note.write_text(content)

    assert go(segmenter, images, tmp_path / "out").begun == ["b"]


def test_side_files_of_a_bids_dataset_count(segmenter: Segmenter, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "sub-1" / "anat").mkdir(parents=True)
    (folder / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    write_image(folder / "sub-1" / "anat" / "sub-1_T1w.nii.gz", 1)
    [case] = go(segmenter, folder, tmp_path / "out", bids=True).begun
    assert go(segmenter, folder, tmp_path / "out", bids=True).kept == [case]
    [sidecar] = (tmp_path / "out" / "sub-1").rglob("*_dseg.json")
    sidecar.unlink()

    assert go(segmenter, folder, tmp_path / "out", bids=True).begun == [case]
    assert sidecar.is_file()


def test_an_examination_is_kept_as_a_whole(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = go(segmenter, images, out, examination="on")
    before = json.loads((out / REPORT_FILE).read_text())["examinations"]

    again = go(segmenter, images, out, examination="on")

    assert first.begun == again.kept == list(NAMES)
    assert json.loads((out / REPORT_FILE).read_text())["examinations"] == before
    write_image(images / "c.nii.gz", 99)
    assert go(segmenter, images, out, examination="on").begun == list(NAMES)


@pytest.mark.skipif(os.sep == "\\", reason="a backslash parts folders here")
def test_a_name_with_a_backslash_is_kept_as_any_other(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    (images / "a.nii.gz").rename(images / "a\\b.nii.gz")
    go(segmenter, images, tmp_path / "out")

    again = go(segmenter, images, tmp_path / "out")

    assert (again.begun, len(again.kept)) == ([], 3)


def test_names_that_differ_in_capitals_alone_would_be_one_file_on_some_disks(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    (images / "a.nii.gz").rename(images / "SCAN.nii.gz")
    (images / "b.nii.gz").rename(images / "scan.nii.gz")

    inputs = collect_inputs(images, images, tmp_path / "out")

    assert [case.name for case in inputs.cases] == ["SCAN", "c"]
    (refused,) = [item for item in inputs.skipped if item.refused]
    assert refused.reason == "another input is also called SCAN; rename one"
