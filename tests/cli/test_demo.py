from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shoulderseg.datasets.reader import read_label_map
from shoulderseg.workflows import demo as demo_workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.cli.conftest import Run


# The demo's own phantom has twelve times the voxels.
SMALL = "phantom {root}/made --cases 1 --sequence pd-fs --plane coronal --shape 4,128,128 --seed 3"


def test_the_demo_segments_a_phantom_and_the_real_slice(
    run: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "demo"
    monkeypatch.setattr(demo_workflow, "MAKE", SMALL)
    outcome = run("demo", root)
    assert outcome.exit_code == 0, outcome.output + capfd.readouterr().err
    scores = re.search(r"humerus (0\.\d+), glenoid (0\.\d+)", outcome.output)
    assert scores is not None
    # Far below what the model card says, far above what chance gives.
    assert float(scores[1]) > 0.9
    assert float(scores[2]) > 0.7
    report = json.loads((root / "predicted" / "shoulderseg_report.json").read_text())
    assert sorted(case["case"] for case in report["cases"]) == ["MR2_UNCR", "phantom_0001"]
    for case in ("MR2_UNCR", "phantom_0001"):
        assert (root / f"{case}.png").stat().st_size > 10_000
        assert str(root / f"{case}.png") in outcome.output
    found = read_label_map(root / "predicted" / "MR2_UNCR.nii.gz")
    assert found.array.shape == (1, 1024, 1024)
    # A humerus in a slice of 200 mm is some ten to fifty square centimetres.
    area_cm2 = (found.array == 1).sum() * found.spacing_mm[1] * found.spacing_mm[2] / 100
    assert 10 < area_cm2 < 60


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the demo would run; nothing is, as if it was interrupted at its first step."""
    noted: list[str] = []

    def note(commands: Sequence[str], *_: object, **__: object) -> None:
        noted.extend(commands)
        raise KeyboardInterrupt

    monkeypatch.setattr(demo_workflow, "run_together", note)
    return noted


def test_without_what_draws_nothing_is_begun(
    run: Run, tmp_path: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_workflow, "find_spec", lambda _: None)
    outcome = run("demo", tmp_path / "demo")
    assert outcome.exit_code == 2
    assert "pip install 'shoulderseg[demo]'" in outcome.output
    assert not steps
    assert not (tmp_path / "demo").exists()


def test_a_second_demo_removes_what_the_first_made_and_nothing_else(
    run: Run, tmp_path: Path, steps: list[str]
) -> None:
    root = tmp_path / "demo"
    for _ in range(2):
        for name in ("images", "made", "predicted"):
            (root / name).mkdir(parents=True, exist_ok=True)
        own = ["images/mine.nii.gz", "predicted/mine.nii.gz", "notes.txt", ".shoulderseg-demo"]
        made = ["images/MR2_UNCR.dcm", "made/x", "truth.nii.gz", "predicted/MR2_UNCR.nii.gz"]
        made += ["predicted/shoulderseg_report.json", "phantom_0001.png", "MR2_UNCR.png"]
        for name in (*own, *made):
            (root / name).touch()
        # An interruption leaves a folder that the next demo knows.
        assert run("demo", root).exit_code == 130
        left = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        assert left == set(own)
    assert len(steps) == 2


def test_a_folder_of_something_else_is_left_alone(
    run: Run, tmp_path: Path, steps: list[str]
) -> None:
    (tmp_path / "thesis.txt").touch()
    outcome = run("demo", tmp_path)
    assert outcome.exit_code == 2
    assert "not of an earlier demo" in outcome.output
    assert not steps
