"""`measures.csv` of runs into one folder: what holds stays, what no longer does goes."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from shoulderseg.workflows.inputs.collect import collect_inputs
from shoulderseg.workflows.measure.results import KEY
from shoulderseg.workflows.outputs.plan import REPORT_FILE, OutputPlan
from shoulderseg.workflows.segmentation.listener import Listener
from shoulderseg.workflows.segmentation.run import execute_run, prepare_run
from shoulderseg.workflows.segmentation.segmenter import Segmenter

TABLE = "measures.csv"


@pytest.fixture(scope="module")
def segmenter(untrained: Path) -> Segmenter:
    return Segmenter(untrained, device="cpu", mirroring=False)


def images(folder: Path, names: Sequence[str]) -> Path:
    folder.mkdir()
    for name in names:
        rng = np.random.default_rng(len(name))
        image = SimpleITK.GetImageFromArray(rng.normal(100, 20, (3, 32, 36)).astype(np.float32))
        SimpleITK.WriteImage(image, str(folder / f"{name}.nii.gz"))
    return folder


def run(segmenter: Segmenter, scans: Path, out: Path, *, measure: bool, stop: str = "") -> None:
    inputs = collect_inputs(scans, scans, out)

    def start(name: str) -> None:
        if name == stop:
            raise KeyboardInterrupt

    execute_run(
        prepare_run(segmenter, inputs, scans, OutputPlan(out), measure=measure, overwrite=True),
        Listener(on_start=start),
    )


def rows(out: Path, column: str = "case") -> list[str]:
    with (out / TABLE).open(encoding="utf-8-sig", newline="") as stream:
        return [row[column] for row in csv.DictReader(stream)]


def test_rows_of_earlier_runs_and_their_examinations_stay(
    segmenter: Segmenter, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(segmenter, images(tmp_path / "a", ["a1", "a2"]), out, measure=True)
    report = json.loads((out / REPORT_FILE).read_text(encoding="utf-8"))
    fused = {"examination": "both", "series": {"a1": {}, "a2": {}}, KEY: report["cases"][0][KEY]}
    report["examinations"] = [fused]
    (out / REPORT_FILE).write_text(json.dumps(report), encoding="utf-8")

    run(segmenter, images(tmp_path / "b", ["b1"]), out, measure=True)

    assert rows(out) == ["a1", "a2", "b1", "both"]
    assert rows(out, "kind") == [*["series"] * 3, "examination"]


def test_a_case_made_anew_without_measures_loses_its_row(
    segmenter: Segmenter, tmp_path: Path
) -> None:
    out, scans = tmp_path / "out", images(tmp_path / "a", ["a1", "a2"])
    run(segmenter, scans, out, measure=True)
    (scans / "a2.nii.gz").unlink()

    run(segmenter, scans, out, measure=False)
    assert rows(out) == ["a2"]

    images(tmp_path / "c", ["a2"])
    run(segmenter, tmp_path / "c", out, measure=False)
    assert not (out / TABLE).exists()


def test_a_table_of_another_command_is_left_alone(segmenter: Segmenter, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / TABLE).write_text("case\nkept\n", encoding="utf-8")

    run(segmenter, images(tmp_path / "a", ["a1"]), out, measure=False)

    assert rows(out) == ["kept"]


def test_a_table_that_cannot_be_written_hides_no_other_error(
    segmenter: Segmenter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out, scans = tmp_path / "out", images(tmp_path / "a", ["a1", "a2"])
    # Nothing can be written in the place of a folder.
    (out / TABLE).mkdir(parents=True)

    with pytest.raises(KeyboardInterrupt):
        run(segmenter, scans, out, measure=True, stop="a2")
    assert "cannot be written" in caplog.text

    with pytest.raises(OSError, match=TABLE):
        run(segmenter, scans, out, measure=True)
    report = json.loads((out / REPORT_FILE).read_text(encoding="utf-8"))
    assert report["complete"]
