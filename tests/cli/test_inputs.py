"""What `predict` makes of folders and trees; the networks are untrained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.reader import read_label_map
from tests.cli.study_tree import predicted
from tests.datasets.dicom.writing import (
    ACROSS,
    ALONG_ROW,
    COLUMN_MM,
    DOWN,
    ORIGIN_MM,
    ROW_MM,
    STEP_MM,
    series,
    voxels,
    write,
)

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_a_study_gives_masks_for_its_images_and_reasons_for_the_rest(
    run: Run, tree: Path, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    outcome, report = predicted(run, tree, out, untrained)
    assert outcome.exit_code == 1, outcome.output
    done = {case["case"]: case for case in report["cases"] if "error" not in case}
    (name,) = (case for case in done if case.startswith("series_5_"))
    assert set(done) == {name, "volume"}
    assert done[name]["source"]["side"] == "left"
    assert done[name]["source"]["side_from"] == "Laterality"
    assert "description" not in done[name]["source"]
    errors = [case["error"] for case in report["cases"] if "error" in case]
    assert len(errors) == 2
    assert any("1 slice missing after slice 3 of 6" in error for error in errors)
    assert any(error.startswith("dicom_file_2: DICOM header is damaged") for error in errors)
    reasons = [item["reason"] for item in report["skipped"]]
    assert "localizer" in reasons
    assert any("modality is CT" in reason for reason in reasons)
    for line in errors:
        assert line in outcome.output
    mask = read_label_map(out / f"{name}.nii.gz")
    assert mask.array.shape == voxels().shape
    np.testing.assert_allclose(mask.spacing_mm, (STEP_MM, ROW_MM, COLUMN_MM), atol=1e-6)
    np.testing.assert_allclose(mask.origin_mm, ORIGIN_MM, atol=1e-4)
    axes = np.stack([ALONG_ROW, DOWN, ACROSS], axis=1).ravel()
    np.testing.assert_allclose(mask.direction, axes, atol=1e-6)


def test_nothing_tells_the_patient(run: Run, tree: Path, untrained: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    named = series(seed=7, SeriesDescription="MR shoulder Jane MRN123456")
    write(tree / "4", named)
    outcome, report = predicted(run, tree, out, untrained)
    listed = run("inspect", tree).output + run("inspect", tree, "--json").output
    names = " ".join(path.name for path in out.iterdir())
    for private in ("Doe", "Jane", "MRN123456"):
        told = (outcome.output + json.dumps(report) + listed).replace(str(tree), "")
        assert private not in told
        assert private not in names


def test_a_file_named_after_the_patient_gives_no_name_to_a_result(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    (path,) = write(tmp_path / "in", series()[:1])
    path.rename(path.with_name("DOE_JANE.dcm"))
    outcome, report = predicted(run, tmp_path / "in", tmp_path / "out", untrained)
    assert outcome.exit_code == 0, outcome.output
    assert report["cases"][0]["case"].startswith("series_5_")
    assert "JANE" not in outcome.output + json.dumps(report)


def test_a_folder_of_slices_that_are_no_volume_ends_with_1(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    gap = series()
    del gap[3]
    write(tmp_path / "in", gap)
    outcome, report = predicted(run, tmp_path / "in", tmp_path / "out", untrained)
    assert outcome.exit_code == 1
    assert "0 of 1 cases written" in outcome.output
    assert "1 slice missing" in report["cases"][0]["error"]


def test_a_folder_of_other_things_ends_with_2_and_says_what_they_are(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    write(tmp_path / "in", series(Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2")[:1])
    outcome = run("predict", tmp_path / "in", tmp_path / "out", "--model", untrained)
    assert outcome.exit_code == 2
    assert "modality is CT" in " ".join(outcome.output.split())


def test_results_do_not_go_into_the_input(run: Run, tree: Path, untrained: Path) -> None:
    outcome = run("predict", tree, tree / "masks", "--model", untrained)
    assert outcome.exit_code == 2
    assert "lies in the folder of the input" in " ".join(outcome.output.split())
    assert not (tree / "masks").exists()


def test_files_of_one_name_in_two_folders_go_by_their_series(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    for seed in (0, 1):
        (path,) = write(tmp_path / "in" / str(seed), series(seed)[:1])
        path.rename(path.with_name("IM1.dcm"))
    outcome, report = predicted(run, tmp_path / "in", tmp_path / "out", untrained)
    assert outcome.exit_code == 0, outcome.output
    assert sorted(case["case"][:9] for case in report["cases"]) == ["series_5_", "series_6_"]
