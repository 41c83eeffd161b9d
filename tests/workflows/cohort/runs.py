"""Runs of a tiny bundle, and what they tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

from shoulderseg.workflows.inputs.collect import collect_inputs
from shoulderseg.workflows.outputs.plan import OutputPlan
from shoulderseg.workflows.segmentation.listener import Listener
from shoulderseg.workflows.segmentation.run import execute_run, prepare_run
from shoulderseg.workflows.segmentation.segmenter import Segmenter

NAMES = ("a", "b", "c")


@dataclass
class Told:
    """What a run said: which cases it worked on, and which it kept."""

    begun: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def write_image(path: Path, seed: int) -> None:
    array = np.random.default_rng(seed).normal(100, 20, (3, 32, 36)).astype(np.float32)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array), str(path))


def go(
    segmenter: Segmenter,
    images: Path,
    out: Path,
    stop_before: str = "",
    **options: Any,  # noqa: ANN401
) -> Told:
    told = Told()
    formats, bids = options.pop("formats", ()), options.pop("bids", False)
    after = options.pop("after", lambda case: None)
    inputs = collect_inputs(options.pop("folder", images), images, out)
    run = prepare_run(segmenter, inputs, images, OutputPlan(out, formats, bids), **options)

    def start(name: str) -> None:
        if name == stop_before:
            raise KeyboardInterrupt
        told.begun.append(name)

    def tell(record: Mapping[str, Any]) -> None:
        if record.get("kept"):
            told.kept.append(record["case"])
        after(record["case"])

    try:
        execute_run(run, Listener(on_start=start, on_record=tell))
    except KeyboardInterrupt:
        assert stop_before
    told.lines = run.report.summary([], calibrated=False)
    return told


def masks(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.glob("*.nii.gz"))}
