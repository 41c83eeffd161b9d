from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK

from shoulderseg.workflows.inputs.collect import collect_inputs
from shoulderseg.workflows.outputs.plan import CASES_FILE, OutputPlan
from shoulderseg.workflows.segmentation.listener import Listener
from shoulderseg.workflows.segmentation.run import execute_run, prepare_run
from shoulderseg.workflows.segmentation.segmenter import Segmenter

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images and one that is cut off."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("images")
    for name in ("a", "b", "c"):
        image = SimpleITK.GetImageFromArray(rng.normal(100, 20, (3, 32, 36)).astype(np.float32))
        SimpleITK.WriteImage(image, str(folder / f"{name}.nii.gz"))
    broken = folder / "b.nii.gz"
    broken.write_bytes(broken.read_bytes()[:300])
    return folder


def test_a_listener_hears_of_every_case(untrained: Path, images: Path, tmp_path: Path) -> None:
    segmenter = Segmenter(untrained, device="cpu", mirroring=False)
    inputs = collect_inputs(images, images, tmp_path)
    run = prepare_run(segmenter, inputs, images, OutputPlan(tmp_path), preview=True)
    heard: list[Any] = []
    shares: dict[str, list[float]] = {}

    def record(found: Mapping[str, Any]) -> None:
        heard.append((found["case"], "error" in found))

    def start(name: str) -> None:
        shares[name] = []

    def progress(share: float) -> None:
        shares[list(shares)[-1]].append(share)

    execute_run(run, Listener(start, progress, record))
    assert heard == [("a", False), ("b", True), ("c", False)]
    # Three networks see three slices each.
    assert shares["a"] == pytest.approx([k / 9 for k in range(1, 10)])
    assert shares["b"] == []
    with (tmp_path / CASES_FILE).open() as stream:
        table = {row["case"]: row for row in csv.DictReader(stream)}
    assert [table[name]["state"] for name in "abc"] == ["done", "failed", "done"]
    assert (tmp_path / "previews" / "a.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "previews" / "b.png").exists()
    assert run.report.failed == 1


def test_a_preview_that_cannot_be_drawn_fails_no_case(
    untrained: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("shoulderseg.workflows.outputs.preview.write_preview", fail)
    segmenter = Segmenter(untrained, device="cpu", mirroring=False)
    inputs = collect_inputs(images / "a.nii.gz", images / "a.nii.gz", tmp_path)
    run = prepare_run(segmenter, inputs, images / "a.nii.gz", OutputPlan(tmp_path), preview=True)
    execute_run(run)
    assert run.report.failed == 0
    assert (tmp_path / "a.nii.gz").is_file()


def test_without_images_there_is_nothing_to_run(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"no images found in .*left out: 1 other file"):
        collect_inputs(tmp_path, tmp_path, tmp_path / "out")
