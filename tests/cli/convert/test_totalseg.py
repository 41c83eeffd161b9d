"""Shoulders of whole-body scans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.datasets.converters.bodies import draw_body, write_subject

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.mark.parametrize(("name", "image"), [("mri", "mri.nii.gz"), ("ct", "ct.nii.gz")])
def test_shoulders_of_body_scans(run: Run, tmp_path: Path, name: str, image: str) -> None:
    bodies = {side: draw_body(side) for side in ("left", "right")}
    write_subject(tmp_path / "in/s0001", bodies["left"], "left", image)
    write_subject(tmp_path / "in/s0002", bodies["right"], "right", image)
    (tmp_path / "in/s0003/segmentations").mkdir(parents=True)
    words = ["convert", f"totalseg-{name}", tmp_path / "in", tmp_path / "raw", "--folds", "2"]
    words += ["--dataset-id", "31", "--name", "Body", "--margin-mm", "15", "--allow-missing"]
    dry = run(*words, "--dry-run")
    assert dry.exit_code == 1
    assert not (tmp_path / "raw").exists()
    outcome = run(*words)
    # The folder without an image is faulty; sides that are not in the image are not.
    assert outcome.exit_code == 1, outcome.output
    for told in (dry.output, outcome.output):
        assert "Licence: CC BY" in told
        assert ("supraspinous fossa" in told) == (name == "ct")
        assert "skipped s0001_right" in told
        assert f"rejected s0003 (s0003): {image} is missing" in told
    dataset = tmp_path / "raw/Dataset031_Body"
    written = sorted(path.name for path in (dataset / "imagesTr").iterdir())
    assert written == ["s0001_left_0000.nii.gz", "s0002_right_0000.nii.gz"]
    description = json.loads((dataset / "dataset.json").read_text())
    assert description["channel_names"] == {"0": name.upper()}
    assert "s0001_left,s0001 left\n" in (dataset / "conversion.csv").read_text()


def test_dry_run_ends_as_the_real_run_when_nothing_can_be_taken(run: Run, tmp_path: Path) -> None:
    write_subject(tmp_path / "in/s0001", draw_body("left"), "left")
    words = ["convert", "totalseg-mri", tmp_path / "in", tmp_path / "raw"]
    words += ["--min-voxels", "10000000"]
    for extra in (["--dry-run"], []):
        outcome = run(*words, *extra)
        assert outcome.exit_code == 2, outcome.output
        assert "no case can be taken" in outcome.output
        assert "humerus_left.nii.gz has" in outcome.output
