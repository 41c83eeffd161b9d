"""What `predict` makes of images. Needs the trained dataset of the session."""

from __future__ import annotations

import gzip
import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel
import numpy as np
import SimpleITK
from pydicom.data import get_testdata_file

from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.evaluation.overlap import count_voxels, dice
from shoulderseg.workflows.bundles.bundle import read_bundle

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import TrainedDataset

# A real shoulder slice that comes with the package pydicom-data.
SLICE = Path(str(get_testdata_file("MR2_UNCR.dcm", download=False)))


def test_bones_are_found_on_the_images_grid(
    run: Run, trained: TrainedDataset, bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["predict", trained.root / "unseen", out, "--model", bundle, "--device", "cpu"]
    outcome = run(*words, "--refine")
    assert outcome.exit_code == 0, outcome.output
    for path in trained.unseen:
        predicted = read_label_map(out / path.name).array
        reference = read_label_map(trained.root / "unseen_labels" / path.name).array
        for value in (1, 2):
            assert dice(count_voxels(predicted == value, reference == value)) > 0.25
        source = nibabel.nifti1.load(path)
        written = nibabel.nifti1.load(out / path.name)
        np.testing.assert_allclose(written.affine, source.affine, atol=1e-4)
        assert written.shape == source.shape
    report = json.loads((out / "shoulderseg_report.json").read_text())
    assert report["versions"]["shoulderseg"] == version("shoulderseg")
    assert report["labels"] == {"humerus": 1, "glenoid": 2}
    assert report["model_sha256"] == read_bundle(bundle).digest
    assert report["refined"]
    case = report["cases"][0]
    assert 0 < case["voter_disagreement"] < 1
    assert {"read", "unets", "vote", "quality", "edges", "write", "total"} == set(case["seconds"])


def test_the_alexnet_votes_as_the_fourth(
    run: Run, trained: TrainedDataset, bundle: Path, tmp_path: Path
) -> None:
    reports, label_maps = {}, {}
    for voters in ("unets", "all"):
        out = tmp_path / voters
        words = ["predict", trained.unseen[0], out, "--model", bundle, "--no-refine"]
        outcome = run(*words, "--voters", voters)
        assert outcome.exit_code == 0, outcome.output
        reports[voters] = json.loads((out / "shoulderseg_report.json").read_text())
        label_maps[voters] = read_label_map(out / trained.unseen[0].name).array
    assert reports["all"]["voters"] == "all"
    assert "fourth_voter" in reports["all"]["cases"][0]["seconds"]
    # Who joins can only add disputes.
    disputed = [reports[v]["cases"][0]["disputed_voxels"] for v in ("unets", "all")]
    assert disputed[1] > disputed[0]
    assert (label_maps["all"] != label_maps["unets"]).any()
    reference = read_label_map(trained.root / "unseen_labels" / trained.unseen[0].name).array
    for value in (1, 2):
        found = count_voxels(label_maps["all"] == value, reference == value)
        assert dice(found) > 0.25


def spoil(folder: Path, good: Path) -> None:
    """Three files that cannot be segmented."""
    image = SimpleITK.ReadImage(str(good))
    whole = good.read_bytes()
    (folder / "truncated.nii.gz").write_bytes(whole[: len(whole) // 2])
    nan = SimpleITK.GetImageFromArray(np.full((7, 48, 40), np.nan, np.float32))
    SimpleITK.WriteImage(nan, str(folder / "nan.nii.gz"))
    four = SimpleITK.JoinSeries([image, image])
    SimpleITK.WriteImage(four, str(folder / "four.nii.gz"))


def test_bad_files_are_named_and_the_others_go_on(
    run: Run, trained: TrainedDataset, bundle: Path, tmp_path: Path
) -> None:
    images = tmp_path / "in"
    images.mkdir()
    shutil.copyfile(trained.unseen[0], images / "m_good.nii.gz")
    shutil.copyfile(trained.unseen[1], images / "z_good_0000.nii.gz")
    spoil(images, trained.unseen[0])
    (images / "notes.txt").write_text("not an image")
    (images / "._m_good.nii.gz").write_bytes(b"resource fork")
    out = tmp_path / "out"
    outcome = run("predict", images, out, "--model", bundle, "--device", "cpu", "--no-refine")
    assert outcome.exit_code == 1
    assert sorted(path.name for path in out.glob("*.nii.gz")) == ["m_good.nii.gz", "z_good.nii.gz"]
    errors = {
        case["case"]: case["error"]
        for case in json.loads((out / "shoulderseg_report.json").read_text())["cases"]
        if "error" in case
    }
    assert set(errors) == {"truncated", "nan", "four"}
    assert "four.nii.gz" in errors["four"]
    assert "truncated.nii.gz" in errors["truncated"]
    assert "not finite" in errors["nan"]
    for error in errors.values():
        assert error in outcome.output


def test_a_mask_of_an_earlier_run_is_not_passed_off_as_new(
    run: Run, trained: TrainedDataset, bundle: Path, tmp_path: Path
) -> None:
    image, out = tmp_path / "a.nii.gz", tmp_path / "out"
    shutil.copyfile(trained.unseen[0], image)
    words = ["predict", image, out, "--model", bundle, "--device", "cpu", "--no-refine"]
    assert run(*words).exit_code == 0
    image.write_bytes(image.read_bytes()[:1000])
    outcome = run(*words)
    assert outcome.exit_code == 1
    assert "a.nii.gz is of an earlier run" in outcome.output


def test_inputs_of_one_name_do_not_overwrite_each_other(
    run: Run, trained: TrainedDataset, bundle: Path, tmp_path: Path
) -> None:
    images = tmp_path / "in"
    images.mkdir()
    shutil.copyfile(trained.unseen[0], images / "a.nii.gz")
    SimpleITK.WriteImage(SimpleITK.ReadImage(str(trained.unseen[1])), str(images / "a.mha"))
    outcome = run("predict", images, tmp_path / "out", "--model", bundle, "--no-refine")
    assert outcome.exit_code == 1
    assert "another input is also called a" in outcome.output


def test_wrong_use_ends_with_2(run: Run, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "readme.txt").touch()
    outcome = run("predict", tmp_path / "empty", tmp_path / "out", "--model", bundle)
    assert outcome.exit_code == 2
    assert "no images found" in outcome.output
    assert "1 other file;" in outcome.output
    missing = run("predict", tmp_path / "nowhere", tmp_path / "out", "--model", bundle)
    assert missing.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_output_over_input_is_refused(run: Run, trained: TrainedDataset, bundle: Path) -> None:
    folder = trained.root / "unseen"
    assert run("predict", folder, folder, "--model", bundle).exit_code == 2


def test_one_real_dicom_slice(run: Run, bundle: Path, tmp_path: Path) -> None:
    outcome = run("predict", SLICE, tmp_path, "--model", bundle, "--device", "cpu", "--no-refine")
    assert outcome.exit_code == 0, outcome.output
    mask, image = read_label_map(tmp_path / "MR2_UNCR.nii.gz"), read_image(SLICE)
    assert mask.array.shape == image.array.shape == (1, 1024, 1024)
    np.testing.assert_allclose(mask.spacing_mm, image.spacing_mm, atol=1e-6)
    np.testing.assert_allclose(mask.origin_mm, image.origin_mm, atol=1e-4)


def test_a_fold_the_bundle_lacks(
    run: Run, trained: TrainedDataset, bundle: Path, tmp_path: Path
) -> None:
    outcome = run("predict", trained.unseen[0], tmp_path, "--model", bundle, "--folds", "4")
    assert outcome.exit_code == 3
    assert "'4'" in outcome.output


def test_report_and_output_hold_no_patient(
    run: Run, bundle: Path, trained: TrainedDataset, tmp_path: Path
) -> None:
    image = SimpleITK.ReadImage(str(trained.unseen[0]))
    image.SetMetaData("PatientName", "DOE^JANE")
    SimpleITK.WriteImage(image, str(tmp_path / "case.nrrd"))
    assert b"DOE^JANE" in (tmp_path / "case.nrrd").read_bytes()
    outcome = run("predict", tmp_path / "case.nrrd", tmp_path / "out", "--model", bundle)
    assert outcome.exit_code == 0, outcome.output
    written = (tmp_path / "out" / "shoulderseg_report.json").read_text() + outcome.output
    assert "JANE" not in written
    assert b"JANE" not in gzip.decompress((tmp_path / "out" / "case.nii.gz").read_bytes())
