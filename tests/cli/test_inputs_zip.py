"""Zip files of images; the networks are untrained."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.study_tree import predicted
from tests.zip_files import link_entry, packed

if TYPE_CHECKING:
    from tests.cli.conftest import Run


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


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("../up.dcm", "leads out of its folder"),
        ("a/../../up.dcm", "leads out of its folder"),
        ("/etc/up.dcm", "leads out of its folder"),
        ("a\\..\\..\\up.dcm", "leads out of its folder"),
        ("C:up.dcm", "leads out of its folder"),
        ("x" * 300, "leads out of its folder or is too long"),
        (link_entry("link"), "a link or a special file"),
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


def test_what_is_no_zip_is_refused(run: Run, untrained: Path, tmp_path: Path) -> None:
    (tmp_path / "in.zip").write_bytes(b"PK\x03\x04 and nothing more")
    outcome = run("predict", tmp_path / "in.zip", tmp_path / "out", "--model", untrained)
    assert outcome.exit_code == 2
    assert "in.zip is not a sound zip file" in " ".join(outcome.output.split())
