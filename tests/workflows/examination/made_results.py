"""Results as the U-Nets would give them, of bones whose place is known."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shoulderseg.datasets.volume import Volume
from shoulderseg.evaluation.quality.measures import BoneQuality, CaseQuality
from shoulderseg.workflows.segmentation.result import Result
from shoulderseg.workflows.segmentation.segment import Segmentation
from tests.refine.examination.bones import Floats, Inside, head_and_shaft, scanned

NAMES = {"humerus": 1, "glenoid": 2}


class Taken(NamedTuple):
    """A series as it would be segmented, and the truth."""

    result: Result
    truth: npt.NDArray[np.uint8]


def glenoid(points_mm: Floats) -> Floats:
    """A slanted plate beside the head, 3 mm from it; negative inside."""
    middle, half = np.array([39.0, -2.0, 18.0]), np.array([10.0, 13.0, 17.0])
    result: Floats = (np.abs(points_mm - middle) - half).max(axis=1)
    return result


def take(
    name: str,
    plane: str,
    *,
    missed: tuple[str, ...] = (),
    mirrored: bool = False,
    turn_deg: tuple[float, float, float] = (0, 0, 0),
    shift_mm: tuple[float, float, float] = (0, 0, 0),
    extent_mm: float = 110.0,
    opposite: bool = False,
) -> Taken:
    """A series; what is missed the U-Nets call background, in a mirrored one it all is reversed.

    An `opposite` glenoid lies on the other side of the humerus.
    """

    def scan(bone: Inside) -> tuple[npt.NDArray[np.float32], Floats]:
        return scanned(
            bone,
            plane,
            pixel_mm=(1.1, 1.3),
            turn_deg=turn_deg,
            shift_mm=shift_mm,
            extent_mm=extent_mm,
        )

    side = np.array([-1, 1, 1]) if opposite else 1
    (first, affine), (second, _) = (
        scan(head_and_shaft),
        scan(lambda points: glenoid(points * side)),
    )
    if mirrored:
        first, second = (np.ascontiguousarray(part[:, :, ::-1]) for part in (first, second))
    truth = np.where(first > 0.5, 1, np.where(second > 0.5, 2, 0)).astype(np.uint8)
    parts = {"humerus": first, "glenoid": second}
    seen = {bone: parts[bone] * (bone not in missed) for bone in parts}
    output = {**seen, "whole": np.maximum(*seen.values())}
    label_map = np.where(seen["humerus"] > 0.5, 1, np.where(seen["glenoid"] > 0.5, 2, 0)).astype(
        np.uint8
    )
    found = Segmentation(label_map, label_map.copy(), output, _quality(), _measures(), {})
    return Taken(Result(name, "", NAMES, _volume(truth, affine), found), truth)


def _volume(truth: npt.NDArray[np.uint8], affine: Floats) -> Volume:
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    axes = (affine[:3, :3] / steps)[:, ::-1]
    rng = np.random.default_rng(2)
    image = (100.0 * truth + rng.normal(50, 5, truth.shape)).astype(np.float32)
    z, y, x = (float(step) for step in steps)
    a, b, c = (float(value) for value in affine[:3, 3])
    return Volume(image, (z, y, x), (a, b, c), tuple(axes.ravel().tolist()))


def _quality() -> CaseQuality:
    return CaseQuality((BoneQuality(), BoneQuality()), 0.9, 3.0)


def _measures() -> dict[str, Any]:
    return {"quality": {"humerus": None, "glenoid": None, "flags": []}}


def dice(result: Result, truth: npt.NDArray[np.uint8], value: int) -> float:
    one, other = result.labels == value, truth == value
    return float(2 * np.count_nonzero(one & other) / (one.sum() + other.sum()))
