"""`predict --format` and `--bids`, with U-Nets that have learned nothing."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydicom
import pytest

from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image
from tests.datasets.oblique_case import oblique_image, write_sources

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def cases_of(out: Path) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((out / "shoulderseg_report.json").read_text())["cases"]
    return cases


def test_several_formats_of_one_image(run: Run, untrained: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "a.nii.gz", oblique_image())
    out = tmp_path / "out"
    words = ["predict", tmp_path / "a.nii.gz", out, "--model", untrained, "--device", "cpu"]
    outcome = run(*words, "--format", "seg.nrrd,mha", "--format", "stl")
    assert outcome.exit_code == 0, outcome.output
    [case] = cases_of(out)
    assert case["output"] == "a.seg.nrrd"
    assert case["outputs"][:2] == ["a.seg.nrrd", "a.mha"]
    written = {path.name for path in out.iterdir()} - {
        "shoulderseg_report.json",
        "shoulderseg_cases.csv",
        "shoulderseg_run.jsonl",
        ".shoulderseg",
    }
    assert written == set(case["outputs"])
    assert set(case["surfaces"]) == {"humerus", "glenoid"}
    slicer, plain = read_label_map(out / "a.seg.nrrd"), read_label_map(out / "a.mha")
    assert slicer.array.tobytes() == plain.array.tobytes()


def test_dicom_input_becomes_a_seg_and_the_report_warns_of_its_patient(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    sources = write_sources(tmp_path / "series", oblique_image((1, 40, 52)))
    out = tmp_path / "out"
    outcome = run("predict", sources[0], out, "--model", untrained, "--device", "cpu")
    assert outcome.exit_code == 0, outcome.output
    [case] = cases_of(out)
    assert case["outputs"] == ["IM0001.nii.gz", "IM0001.seg.dcm"]
    assert "carries the patient's data" in case["patient_data"]
    seg, source = pydicom.dcmread(out / "IM0001.seg.dcm"), pydicom.dcmread(sources[0])
    assert seg.StudyInstanceUID == source.StudyInstanceUID
    said = (out / "shoulderseg_report.json").read_text() + outcome.output
    assert source.PatientID not in said
    assert str(source.PatientName) not in said


def test_a_seg_of_another_image_fails_that_case_alone(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    images = tmp_path / "in"
    images.mkdir()
    image = oblique_image()
    # It could not be segmented either: what is refused is refused before that.
    flat = Volume(image.array * 0, image.spacing_mm, image.origin_mm, image.direction)
    write_image(images / "a.nii.gz", flat)
    [source] = write_sources(tmp_path / "series", oblique_image((1, 40, 52)))
    source.rename(images / "b.dcm")
    out = tmp_path / "out"
    words = ["predict", images, out, "--model", untrained, "--device", "cpu"]
    outcome = run(*words, "--format", "dicom-seg")
    assert outcome.exit_code == 1
    first, second = cases_of(out)
    assert "a.nii.gz: a DICOM SEG needs DICOM input" in first["error"]
    assert second["outputs"] == ["b.seg.dcm"]
    assert {path.name for path in out.iterdir()} == {
        "b.seg.dcm",
        "shoulderseg_report.json",
        "shoulderseg_cases.csv",
        "shoulderseg_run.jsonl",
        ".shoulderseg",
    }


def test_a_surface_that_cannot_be_made_fails_the_case_and_keeps_its_label_map(
    run: Run, untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_: object) -> None:
        raise MemoryError

    write_image(tmp_path / "a.nii.gz", oblique_image())
    out = tmp_path / "out"
    monkeypatch.setattr("shoulderseg.datasets.surfaces.build_surface", too_large)
    words = ["predict", tmp_path / "a.nii.gz", out, "--model", untrained, "--device", "cpu"]
    outcome = run(*words, "--format", "nii.gz,stl")
    assert outcome.exit_code == 1
    assert "failed: a: no stl: humerus: MemoryError" in outcome.output
    assert "1 of 1 cases written" in outcome.output
    assert cases_of(out)[0]["outputs"] == ["a.nii.gz"]
    assert (out / "a.nii.gz").is_file()


def test_files_of_an_earlier_run_are_told_apart(run: Run, untrained: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "a.nii.gz", oblique_image())
    out = tmp_path / "out"
    words = ["predict", tmp_path / "a.nii.gz", out, "--model", untrained, "--device", "cpu"]
    assert run(*words, "--format", "nii.gz,mha,nrrd").exit_code == 0
    outcome = run(*words, "--format", "nii.gz")
    assert outcome.exit_code == 2
    assert "formats mha+nii.gz+nrrd (now nii.gz); --overwrite" in " ".join(outcome.output.split())
    outcome = run(*words, "--format", "nii.gz", "--overwrite")
    assert outcome.exit_code == 0
    assert cases_of(out)[0]["of_an_earlier_run"] == ["a.mha", "a.nrrd"]
    assert "a: a.mha, a.nrrd are of an earlier run" in outcome.output


def test_a_segmentation_beside_its_image_is_no_input(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    images = tmp_path / "in"
    images.mkdir()
    for name in ("x.nrrd", "x.SEG.nrrd"):
        write_image(images / name.lower(), oblique_image())
        (images / name.lower()).rename(images / name)
    out = tmp_path / "out"
    words = ["--model", untrained, "--device", "cpu"]
    outcome = run("predict", images, out, *words, "--format", "nrrd,seg.nrrd")
    assert outcome.exit_code == 0, outcome.output
    assert [case["outputs"] for case in cases_of(out)] == [["x.nrrd", "x.seg.nrrd"]]
    assert "skipped x.SEG.nrrd: a segmentation, no image" in outcome.output
    alone = run("predict", images / "x.SEG.nrrd", tmp_path / "alone", *words)
    assert alone.exit_code == 2
    assert "(a segmentation, no image)" in " ".join(alone.output.split())


def test_no_case_is_written_over_another(run: Run, untrained: Path, tmp_path: Path) -> None:
    images = tmp_path / "in"
    images.mkdir()
    for name in ("x", "x.seg"):
        write_image(images / f"{name}.nii.gz", oblique_image())
    out = tmp_path / "out"
    words = ["predict", images, out, "--model", untrained, "--device", "cpu"]
    outcome = run(*words, "--format", "nrrd,seg.nrrd")
    assert outcome.exit_code == 1
    first, second = cases_of(out)
    assert first["outputs"] == ["x.nrrd", "x.seg.nrrd"]
    assert second["error"] == (
        "x.seg.nii.gz: x is also written to x.seg.nrrd; rename one of the inputs"
    )


def test_an_unknown_format_ends_with_2(run: Run, untrained: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "a.nii.gz", oblique_image())
    words = ["predict", tmp_path / "a.nii.gz", tmp_path / "out", "--model", untrained]
    outcome = run(*words, "--format", "obj")
    assert outcome.exit_code == 2
    assert "no such format" in outcome.output
    assert not (tmp_path / "out").exists()


def test_bids_keeps_the_scans_of_a_subject_apart(run: Run, untrained: Path, tmp_path: Path) -> None:
    images = tmp_path / "in"
    images.mkdir()
    for name in ("sub-01_acq-cor_T2w", "sub-01_acq-tra_T2w", "sub-01_acq-tra_PDw"):
        write_image(images / f"{name}.nii.gz", oblique_image())
    out = tmp_path / "out"
    words = ["--model", untrained, "--device", "cpu", "--bids"]
    outcome = run("predict", images, out, *words)
    assert outcome.exit_code == 0, outcome.output
    assert [case["output"] for case in cases_of(out)] == [
        "sub-01/anat/sub-01_acq-cor_desc-shoulderT2w_dseg.nii.gz",
        "sub-01/anat/sub-01_acq-tra_desc-shoulderPDw_dseg.nii.gz",
        "sub-01/anat/sub-01_acq-tra_desc-shoulderT2w_dseg.nii.gz",
    ]
    stem = "sub-01/anat/sub-01_acq-cor_desc-shoulderT2w_dseg"
    said = json.loads((out / f"{stem}.json").read_text())
    assert said["Sources"] == ["bids:input1:sub-01_acq-cor_T2w.nii.gz"]
    report = json.loads((out / "shoulderseg_report.json").read_text())
    assert said["ModelSHA256"] == report["model_sha256"]
    description = json.loads((out / "dataset_description.json").read_text())
    assert description["DatasetLinks"] == {"input1": "../in"}


def test_bids_names_that_collide_are_refused_and_zips_are_not_linked(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    write_image(tmp_path / "a.nii.gz", oblique_image())
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as content:
        for name in ("a_b", "ab", "ses-1_sub-01"):
            content.write(tmp_path / "a.nii.gz", f"{name}.nii.gz")
    out = tmp_path / "out"
    words = ["--model", untrained, "--device", "cpu", "--bids"]
    outcome = run("predict", tmp_path / "in.zip", out, *words)
    assert outcome.exit_code == 1
    first, second, third = cases_of(out)
    stem = "sub-ab/anat/sub-ab_desc-shoulder_dseg"
    assert first["output"] == f"{stem}.nii.gz"
    assert second["error"].startswith(f"ab.nii.gz: a_b is also written to {stem}.nii.gz")
    assert third["error"].startswith("ses-1_sub-01.nii.gz: its name has sub- in it but is no BIDS")
    assert "Sources" not in json.loads((out / f"{stem}.json").read_text())
    assert "DatasetLinks" not in (out / "dataset_description.json").read_text()


def test_what_no_case_can_have_is_refused_before_any_work(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    write_image(tmp_path / "a.nii.gz", oblique_image())
    out = tmp_path / "out"
    words = ["predict", tmp_path / "a.nii.gz", out, "--model", untrained, "--device", "cpu"]
    outcome = run(*words, "--format", "dicom-seg")
    assert outcome.exit_code == 2
    assert "a DICOM SEG needs DICOM input" in outcome.output
    outcome = run(*words, "--refine")
    assert outcome.exit_code == 3
    assert "no AlexNet to refine edges" in " ".join(outcome.output.split())
    assert not out.exists()
