"""A case as `predict` has it, of bones that are known on paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shoulderseg.datasets.volume import Volume
from shoulderseg.evaluation.quality.measures import BoneQuality, CaseQuality
from shoulderseg.workflows.inputs.case_input import CaseInput
from shoulderseg.workflows.segmentation.result import Result
from shoulderseg.workflows.segmentation.segment import Segmentation
from tests.morphometry.made_shoulder import Made, voxels

VALUES = {"humerus": 1, "glenoid": 2}
LOW, SPACING = (-32.0, -40.0, -40.0), (1.5, 1.5, 1.5)


def label_map(made: Made) -> Volume:
    """A label map of a left shoulder, in LPS."""
    shoulder = voxels(made, SPACING)
    array = shoulder.glenoid.astype(np.uint8) * 2
    array[shoulder.humerus] = 1
    axes = tuple(np.eye(3).ravel().tolist())
    return Volume(array, SPACING, LOW, axes)


def result(quality: object, name: str = "a") -> Result:
    """What came of a case whose glenoid lacks some bone in front, and how good it is said to be."""
    volume = label_map(Made(front=8.0))
    bones = CaseQuality((BoneQuality(), BoneQuality()), 0.9, 3.0)
    measures: dict[str, Any] = {"quality": quality}
    found = Segmentation(volume.array, volume.array, {}, bones, measures, {})
    # A scanner's margins hold one value; the rest has noise.
    noise = np.random.default_rng(3).normal(100, 5, volume.array.shape).astype(np.float32)
    return Result(name, "", VALUES, replace(volume, array=noise), found)


def drawn(result: Result) -> Volume:
    """The label map of a result, as an examination has one."""
    volume, found = result.segmented()
    return replace(volume, array=found.label_map)


def source(side: object = "", name: str = "a") -> CaseInput:
    """An image that says which shoulder it shows, or nothing."""
    return CaseInput(name, Path(f"{name}.nii.gz"), lambda: label_map(Made()), about={"side": side})
