"""Folders of several patients, whose images have the same names, given one after the other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from shoulderseg.workflows.cohort.part import Part
from shoulderseg.workflows.inputs.zip_archive import unpacked
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


def test_a_rerun_that_failed_leaves_the_former_results_under_protection(
    segmenter: Segmenter, images: Path, other_patient: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    before = masks(out)
    (images / "b.nii.gz").write_bytes(b"no image")
    go(segmenter, images, out)

    with pytest.raises(ValueError, match="b and 1 more"):
        go(segmenter, other_patient, out)

    assert masks(out) == before


def test_a_moved_image_may_be_corrected_where_it_is_now(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    moved = images.rename(tmp_path / "moved")
    assert go(segmenter, moved, out).kept == list(NAMES)

    write_image(moved / "b.nii.gz", 99)

    assert go(segmenter, moved, out).begun == ["b"]


def test_series_that_failed_in_a_rerun_are_under_protection(
    segmenter: Segmenter, images: Path, other_patient: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out, examination="on")
    before = masks(out)
    for name in ("b", "c"):
        (images / f"{name}.nii.gz").write_bytes(b"no image")
    go(segmenter, images, out, examination="on")

    with pytest.raises(ValueError, match="of other images"):
        go(segmenter, other_patient, out, examination="off", overwrite=False)

    assert {name: masks(out)[name] for name in ("b.nii.gz", "c.nii.gz")} == {
        name: before[name] for name in ("b.nii.gz", "c.nii.gz")
    }


def test_a_patient_who_began_meanwhile_is_not_replaced(
    segmenter: Segmenter, images: Path, other_patient: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def other_begins(case: str) -> None:
        if case == "a":
            go(segmenter, other_patient, out)

    go(segmenter, images, out, after=other_begins)

    report = json.loads((out / REPORT_FILE).read_text())
    failed = {record["case"]: record["error"] for record in report["cases"] if "error" in record}
    assert list(failed) == ["b", "c"]
    assert "of other images" in failed["b"]
    assert go(segmenter, other_patient, out).kept == ["b", "c", "d"]


def test_a_better_image_in_the_same_zip_takes_the_place_of_the_former(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    for seed in (0, 99):
        if seed:
            write_image(images / "a.nii.gz", seed)
        packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", images))
        with unpacked(packed) as folder:
            told = go(segmenter, packed, tmp_path / "out", folder=folder)
        assert told.begun == (["a"] if seed else list(NAMES))


def test_a_failure_tells_of_the_mask_in_its_place_when_its_file_is_gone(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(segmenter, images, out)
    (images / "a.nii.gz").write_bytes(b"no image")
    go(segmenter, images, out)
    (images / "a.nii.gz").unlink()
    go(segmenter, images, out)

    assert (out / "a.nii.gz").is_file()
    report = json.loads((out / REPORT_FILE).read_text())
    told = [record for run in report["earlier_runs"] for record in run["cases"]]
    assert any(record["case"] == "a" and record["stale"] == ["a.nii.gz"] for record in told)

    (out / "a.nii.gz").unlink()
    go(segmenter, images, out)
    report = json.loads((out / REPORT_FILE).read_text())
    told = [r for run in (report, *report.get("earlier_runs", [])) for r in run["cases"]]
    assert not any("error" in record for record in told)


def test_a_table_of_measure_is_not_replaced(
    segmenter: Segmenter, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "measures.csv").write_text("mine")

    with pytest.raises(ValueError, match=r"measures\.csv that no run of predict has written"):
        go(segmenter, images, out, measure=True)

    assert [path.name for path in out.iterdir()] == ["measures.csv"]
    assert (out / "measures.csv").read_text() == "mine"
