"""Folders of several patients, whose images have the same names, given one after the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoulderseg.workflows.cohort.part import Part
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.cohort.runs import NAMES, go, masks, write_image


@pytest.fixture
def other_patient(tmp_path: Path) -> Path:
    folder = tmp_path / "other_patient"
    folder.mkdir()
    for seed, name in enumerate(("b", "c", "d"), start=50):
        write_image(folder / f"{name}.nii.gz", seed)
    return folder


def test_another_patients_results_of_the_same_names_are_not_replaced(
    segmenter: Segmenter, images: Path, other_patient: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    before, report = masks(out), (out / REPORT_FILE).read_bytes()

    with pytest.raises(ValueError, match=r"b and 1 more .* of another folder") as error:
        go(segmenter, other_patient, out)

    assert "--overwrite" in str(error.value)
    assert masks(out) == before
    assert (out / REPORT_FILE).read_bytes() == report
    # Who asks for it gets it, once.
    assert go(segmenter, other_patient, out, overwrite=True).begun == ["b", "c", "d"]
    assert go(segmenter, other_patient, out).kept == ["b", "c", "d"]
    with pytest.raises(ValueError, match="made of other images"):
        go(segmenter, images, out)


def test_an_examination_of_the_same_names_is_not_replaced(
    segmenter: Segmenter, images: Path, other_patient: Path, tmp_path: Path
) -> None:
    go(segmenter, images, tmp_path / "out", examination="on")

    with pytest.raises(ValueError, match="made of other images"):
        go(segmenter, other_patient, tmp_path / "out", examination="on")

    moved = images.rename(tmp_path / "moved")
    assert go(segmenter, moved, tmp_path / "out", examination="on").kept == list(NAMES)


def test_finished_series_of_an_unfinished_examination_are_not_replaced(
    segmenter: Segmenter, images: Path, other_patient: Path, tmp_path: Path
) -> None:
    (images / "a.nii.gz").write_bytes(b"no image")
    go(segmenter, images, tmp_path / "out", examination="on")
    before = masks(tmp_path / "out")

    with pytest.raises(ValueError, match="b and 1 more"):
        go(segmenter, other_patient, tmp_path / "out", examination="on")

    assert masks(tmp_path / "out") == before


def test_part_of_an_examination_that_was_moved_is_the_same(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    go(segmenter, images, tmp_path / "out", examination="on")
    moved = images.rename(tmp_path / "moved")
    (moved / "c.nii.gz").unlink()

    assert go(segmenter, moved, tmp_path / "out", examination="on").begun == ["a", "b"]


def test_a_better_image_in_the_same_folder_takes_the_place_of_the_former(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    go(segmenter, images, tmp_path / "out")
    write_image(images / "a.nii.gz", 99)

    assert go(segmenter, images / "a.nii.gz", tmp_path / "out").begun == ["a"]


def test_results_that_are_gone_are_in_nobodys_way(
    segmenter: Segmenter, images: Path, other_patient: Path, tmp_path: Path
) -> None:
    go(segmenter, images, tmp_path / "out")
    for name in ("b", "c"):
        (tmp_path / "out" / f"{name}.nii.gz").unlink()

    assert go(segmenter, other_patient, tmp_path / "out").begun == ["b", "c", "d"]


def test_a_failure_is_over_once_its_file_is_gone(
    segmenter: Segmenter, images: Path, other_patient: Path, tmp_path: Path
) -> None:
    (images / "damaged.nii.gz").write_bytes(b"no image")
    go(segmenter, images, tmp_path / "out")
    (other_patient / "broken.nii.gz").write_bytes(b"no image")
    go(segmenter, other_patient, tmp_path / "out", overwrite=True)
    (images / "damaged.nii.gz").rename(images / "mended.nii.gz")
    write_image(images / "mended.nii.gz", 9)

    go(segmenter, images, tmp_path / "out", overwrite=True)

    report = json.loads((tmp_path / "out" / REPORT_FILE).read_text())
    runs = [report, *report.get("earlier_runs", [])]
    failed = [one["case"] for run in runs for one in run["cases"] if "error" in one]
    # That of another folder may still be there.
    assert failed == ["broken"]


def test_a_case_of_another_part_that_is_gone_is_waited_for_no_more(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    go(segmenter, images, tmp_path / "out", part=Part(1, 9))
    report = tmp_path / "out" / REPORT_FILE
    left, *_ = json.loads(report.read_text())["left_to_other_parts"]
    (images / f"{left}.nii.gz").unlink()

    go(segmenter, images, tmp_path / "out")

    assert f'"{left}"' not in report.read_text()
