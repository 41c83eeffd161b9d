"""Networks that answer with what is no number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image
from shoulderseg.nnunet_ext.engines.openvino_network import OpenvinoNetwork

if TYPE_CHECKING:
    from tests.cli.conftest import Run

AXES = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
SLICES = {"bad": 3, "good": 4}


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for name, slices in SLICES.items():
        array = rng.normal(100, 10, (slices, 32, 32)).astype(np.float32)
        write_image(folder / f"{name}.nii.gz", Volume(array, (4.0, 2.0, 2.0), (0, 0, 0), AXES))
    return folder


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_answer_that_is_no_number_fails_its_case_and_is_no_background(
    value: float,
    run: Run,
    untrained: Path,
    scans: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = OpenvinoNetwork.__call__
    seen: list[int] = []

    def spoilt(
        network: OpenvinoNetwork, images: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        logits = answer(network, images)
        # "bad" comes first.
        if sum(seen) < SLICES["bad"]:
            logits[0, 16, 16] = value
        seen.append(len(images))
        return logits

    monkeypatch.setattr(OpenvinoNetwork, "__call__", spoilt)
    out = tmp_path / "out"
    outcome = run("predict", scans, out, "--model", untrained, "--device", "cpu", "--no-mirroring")
    assert outcome.exit_code == 1, outcome.output
    assert "bad.nii.gz: a network answered with NaN or infinite values" in outcome.output
    assert sorted(path.name for path in out.glob("*.nii.gz")) == ["good.nii.gz"]
    report = json.loads((out / "shoulderseg_report.json").read_text())
    records = {record["case"]: record for record in report["cases"]}
    assert "NaN or infinite" in records["bad"]["error"]
    assert "quality" in records["good"]
