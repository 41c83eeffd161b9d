"""What `predict` and `inspect` make of folders, trees and zip files; the networks are untrained."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK

from shoulderseg.datasets.reader import read_label_map
from shoulderseg.workflows.bundles.limits import Limits
from shoulderseg.workflows.inputs.zip_archive import unpack_images
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


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A study as a person gets it from an archive: a series, a scout, a report, a broken file."""
    root = tmp_path / "study of Doe"
    write(root / "1" / "good", series(Laterality="L"))
    write(root / "1" / "scout", series(seed=1, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    gap = series(seed=2)
    del gap[3]
    write(root / "2", gap)
    write(root / "3", series(seed=3, Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2")[:1])
    (root / "3" / "half.dcm").write_bytes(bytes(128) + b"DICM" + b"\x02\x00\x00\x00")
    (root / "readme.txt").write_text("from the archive")
    image = SimpleITK.GetImageFromArray(voxels().astype(np.float32))
    image.SetSpacing((COLUMN_MM, ROW_MM, STEP_MM))
    SimpleITK.WriteImage(image, str(root / "volume_0000.nii.gz"))
    return root


def predicted(run: Run, source: Path, out: Path, bundle: Path) -> tuple[Any, dict[str, Any]]:
    outcome = run("predict", source, out, "--model", bundle, "--device", "cpu")
    return outcome, json.loads((out / "shoulderseg_report.json").read_text())


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


def test_a_zip_is_as_good_as_its_folder(
    run: Run, tree: Path, untrained: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        for path in sorted(tree.rglob("*")):
            content.write(path, path.relative_to(tree))
    outcome, zipped = predicted(run, archive, tmp_path / "zipped", untrained)
    assert outcome.exit_code == 1, outcome.output
    _, plain = predicted(run, tree, tmp_path / "plain", untrained)
    for case in zipped["cases"] + plain["cases"]:
        case.pop("seconds", None)
    assert zipped["cases"] == plain["cases"]
    for path in (tmp_path / "plain").glob("*.nii.gz"):
        assert (tmp_path / "zipped" / path.name).read_bytes() == path.read_bytes()


def test_a_zip_of_a_folder_in_a_folder_is_meant_by_it(
    run: Run, untrained: Path, tree: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.write(tree / "volume_0000.nii.gz", "a\\b c 10:30\\volume_0000.nii.gz")
    outcome, report = predicted(run, archive, tmp_path / "out", untrained)
    assert outcome.exit_code == 0, outcome.output
    assert [case["case"] for case in report["cases"]] == ["volume"]


def test_a_volume_in_a_sub_folder_is_pointed_out(run: Run, tree: Path) -> None:
    (tree / "1" / "more.nii.gz").write_bytes((tree / "volume_0000.nii.gz").read_bytes())
    assert "skip    more.nii.gz: in a sub-folder; give that folder" in run("inspect", tree).output


def test_a_file_named_after_the_patient_gives_no_name_to_a_result(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    (path,) = write(tmp_path / "in", series()[:1])
    path.rename(path.with_name("DOE_JANE.dcm"))
    outcome, report = predicted(run, tmp_path / "in", tmp_path / "out", untrained)
    assert outcome.exit_code == 0, outcome.output
    assert report["cases"][0]["case"].startswith("series_5_")
    assert "JANE" not in outcome.output + json.dumps(report)


def test_inspect_refuses_what_predict_would(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "in", series())
    other = series()
    for item in other:
        item.pixels = item.pixels + 1
    write(tmp_path / "in", other, "b")
    outcome = run("inspect", tmp_path / "in")
    assert outcome.exit_code == 2
    assert "lies at the same place and shows something else" in outcome.output
    # Both files of the first such place, which is where to look.
    assert "(a00_0.dcm, b00_0.dcm, " in outcome.output


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


def test_inspect_gives_a_verdict_for_everything(run: Run, tree: Path) -> None:
    outcome = run("inspect", tree, "--json")
    assert outcome.exit_code == 0, outcome.output
    entries = json.loads(outcome.output)
    assert sorted(entry["verdict"] for entry in entries) == sorted(
        ["use", "use", "skip", "skip", "skip", "refuse", "refuse"]
    )
    (used,) = (e for e in entries if e["verdict"] == "use" and e["name"].startswith("series_5_"))
    assert used["shape"] == [*voxels().shape]
    assert used["spacing_mm"] == [STEP_MM, ROW_MM, COLUMN_MM]
    assert used["contrast"] == "PD fat-saturated"
    assert used["description"] == "pd tse fs cor"
    assert used["side"] == "left"
    lines = run("inspect", tree).output.splitlines()
    assert len(lines) == len(entries)
    # Here alone: this is where people look for the file.
    assert any(line.startswith("refuse  dicom_file_2 (half.dcm): ") for line in lines)


def test_inspect_ends_with_2_where_nothing_can_be_used(run: Run, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("x")
    outcome = run("inspect", tmp_path)
    assert outcome.exit_code == 2
    assert "skip    note.txt: no image" in outcome.output
    assert run("inspect", tmp_path / "nowhere").exit_code == 2


def test_inspect_loads_no_network_library(tree: Path) -> None:
    program = (
        "import sys\nfrom shoulderseg.cli.app import run\nsys.argv = sys.argv[1:]\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'nnunetv2'} & set(sys.modules)))"
    )
    words = [sys.executable, "-c", program, "shoulderseg", "inspect", str(tree)]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ})
    assert ran.stdout.splitlines()[-1] == "[]"


def packed(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in entries:
            content.writestr(name, data)
    return path


def a_link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("../up.dcm", "leads out of its folder"),
        ("a/../../up.dcm", "leads out of its folder"),
        ("/etc/up.dcm", "leads out of its folder"),
        ("a\\..\\..\\up.dcm", "leads out of its folder"),
        ("C:up.dcm", "leads out of its folder"),
        ("x" * 300, "leads out of its folder or is too long"),
        (a_link(), "a link or a special file"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(
    run: Run, untrained: Path, tmp_path: Path, entry: str | zipfile.ZipInfo, reason: str
) -> None:
    archive = packed(tmp_path / "in.zip", (entry, b"data"))
    outcome = run("predict", archive, tmp_path / "out", "--model", untrained)
    assert outcome.exit_code == 2
    assert reason in " ".join(outcome.output.split())
    assert not list(tmp_path.parent.glob("up.dcm"))


LIMITS = Limits(entries=3, size=5000, ratio=10, ratio_from=100, of="a zip file of images")


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([(f"{k}", b"x") for k in range(4)], "holds 4 entries"),
        ([("a", os.urandom(3000)), ("b", os.urandom(3000))], "more than the 5000 bytes"),
        ([("a", bytes(4000))], "more than 10 times its size"),
    ],
)
def test_limits_hold_on_what_is_written(
    tmp_path: Path, entries: list[tuple[str, bytes]], reason: str
) -> None:
    archive = packed(tmp_path / "in.zip", *entries)
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(ValueError, match=reason):
        unpack_images(archive, target, LIMITS)
    assert sum(path.stat().st_size for path in target.rglob("*")) <= LIMITS.size


def test_what_is_no_zip_is_refused(run: Run, untrained: Path, tmp_path: Path) -> None:
    (tmp_path / "in.zip").write_bytes(b"PK\x03\x04 and nothing more")
    outcome = run("predict", tmp_path / "in.zip", tmp_path / "out", "--model", untrained)
    assert outcome.exit_code == 2
    assert "in.zip is not a sound zip file" in " ".join(outcome.output.split())
