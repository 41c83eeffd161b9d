"""The phantoms of `benchmarks/measures.py`: bones, and what a bundle finds in a scan of them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.measures_truth import stated_measures, stated_opening
from shoulderseg.datasets.phantom.anatomy.shoulder import build_scene
from shoulderseg.datasets.phantom.case import draw_scan, scan_shoulder
from shoulderseg.datasets.phantom.examination.truth import fine_bones
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.truth import true_measurements
from shoulderseg.datasets.volume import index_affine
from shoulderseg.morphometry.shoulder import Shoulder

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.segmentation.segmenter import Segmenter

SEED, VOXEL_MM = 8100, 1.0
LOSSES = (0, 5, 10, 15, 20, 25, 30, 35)


class Case(NamedTuple):
    """One person.

    Attributes:
        true: The true bones on voxels of 1 mm.
        finer: Those on voxels of 0.5 mm, None for a case that is not segmented.
        scanned: Those on the scan's voxels, None likewise.
        predicted: What the bundle finds in the scan, None likewise.
        stated: What the phantom states, by measure.
        ball: What it states of a Hill-Sachs defect's ball.
    """

    true: Shoulder
    finer: Shoulder | None
    scanned: Shoulder | None
    predicted: Shoulder | None
    stated: dict[str, float]
    ball: dict[str, float]


class Wanted(NamedTuple):
    """How cases are made.

    Attributes:
        segmented: How many are scanned and segmented too; the first.
        model: Name or folder of a bundle.
        folder: Keeps them.
    """

    segmented: int
    model: str
    folder: Path


def kept_case(number: int, wanted: Wanted) -> Case:
    """Reads a case, and makes it first where the folder does not hold it yet."""
    segmented = number < wanted.segmented
    # What another bundle found is another file.
    by = f"_{_segmenter(wanted.model).bundle.digest[:8]}" if segmented else ""
    path = wanted.folder / f"{number}{by}.npz"
    if not path.exists():
        wanted.folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(part, **_made(number, wanted.model if segmented else None))
        part.replace(path)
    return _read(path)


def _made(number: int, model: str | None) -> dict[str, Any]:
    rng = np.random.default_rng(SEED + number)
    # Drawn, so that no loss is that of one side or sex alone.
    left, female = np.random.default_rng([SEED, number]).integers(2, size=2)
    options = PhantomOptions(
        plane="isotropic",
        spacing_mm=(VOXEL_MM,) * 3,
        shape=(112, 160, 160),
        health="instability" if number % 2 else "healthy",
        bone_loss_percent=LOSSES[(number // 2) % len(LOSSES)],
        side="left" if left else "right",
        sex="female" if female else "male",
    )
    protocol, shoulder = draw_scan(options, rng)
    scene = build_scene(shoulder, options.glenoid_depth_mm, whole=False)
    measured = true_measurements(scene, shoulder)
    told: dict[str, Any] = {
        "side": options.side,
        "stated": stated_measures(measured, shoulder.dimensions.neck_shaft_angle_deg),
        "ball": stated_opening(measured),
    }
    made = _bones("true", fine_bones(scene, VOXEL_MM, 1))
    if model is not None:
        made |= _bones("finer", fine_bones(scene, VOXEL_MM / 2, 1))
        scan = scan_shoulder(options, protocol, shoulder, rng)
        made |= _bones("scanned", replace(scan.image, array=scan.label_map))
        labels, told["dice"] = _segmented(scan.image, model)
        made |= _bones("predicted", replace(scan.image, array=labels))
    return made | {"told": json.dumps(told)}


def _bones(name: str, label_map: Volume) -> dict[str, npt.NDArray[Any]]:
    return {name: label_map.array.astype(np.uint8), f"{name}_affine": index_affine(label_map)}


def _segmented(image: Volume, model: str) -> tuple[npt.NDArray[Any], list[float | None]]:
    """What the bundle finds, (Z, Y, X), and how well it expects that to fit."""
    affine = index_affine(image)
    # From indices (x, y, z) to RAS mm, as nibabel has it.
    affine[:, :3] = affine[:, 2::-1]
    result = _segmenter(model)((image.array, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine))
    quality = result.segmented()[1].measures.get("quality", {})
    return result.labels, [quality.get("humerus"), quality.get("glenoid")]


@cache
def _segmenter(model: str) -> Segmenter:
    from shoulderseg import Segmenter

    return Segmenter(model, device="cpu")


def _read(path: Path) -> Case:
    with np.load(path, allow_pickle=False) as kept:
        told = json.loads(str(kept["told"]))
        found: dict[str, Shoulder] = {}
        for name in ("true", "finer", "scanned", "predicted"):
            if name in kept:
                masks = (kept[name] == 1, kept[name] == 2)
                dice = tuple(told["dice"]) if name == "predicted" else (1.0, 1.0)
                found[name] = Shoulder(*masks, kept[f"{name}_affine"], told["side"], dice)
    return Case(
        found["true"],
        found.get("finer"),
        found.get("scanned"),
        found.get("predicted"),
        told["stated"],
        told["ball"],
    )
