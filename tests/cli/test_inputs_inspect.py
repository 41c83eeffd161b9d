"""What `inspect` tells of folders and trees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.datasets.dicom.writing import COLUMN_MM, ROW_MM, STEP_MM, series, voxels, write

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_a_volume_in_a_sub_folder_is_pointed_out(run: Run, tree: Path) -> None:
    (tree / "1" / "more.nii.gz").write_bytes((tree / "volume_0000.nii.gz").read_bytes())
    assert "skip    more.nii.gz: in a sub-folder; give that folder" in run("inspect", tree).output


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


def test_formats_that_are_not_read_are_named_with_what_to_do(
    run: Run, tmp_path: Path, untrained: Path
) -> None:
    for name in ("a.hdr", "a.img", "b.nhdr", "b.raw", "c.mgz", "lone.hdr", "DICOMDIR", "n.txt"):
        (tmp_path / name).write_bytes(b"x")
    entries = {
        entry["name"]: entry for entry in json.loads(run("inspect", tmp_path, "--json").stdout)
    }
    refused = {name for name, entry in entries.items() if entry["verdict"] == "refuse"}
    assert refused == {"a.hdr", "b.nhdr", "c.mgz"}
    assert all("Convert it to .nii.gz" in entries[name]["reason"] for name in refused)
    assert "index of DICOM files" in entries["DICOMDIR"]["reason"]
    assert entries["n.txt"]["reason"] == "no image"
    outcome = run("predict", tmp_path, tmp_path.parent / "out", "--model", untrained)
    assert outcome.exit_code == 1
    assert "b.nhdr: NRRD with its voxels in another file is not read" in outcome.output
