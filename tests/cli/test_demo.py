from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.datasets.reader import read_label_map

if TYPE_CHECKING:
    import pytest

    from tests.cli.conftest import Run


def test_the_demo_segments_a_phantom_and_the_real_slice(
    run: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "demo"
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
