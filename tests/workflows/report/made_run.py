"""Folders of runs that nobody made: reports, label maps and images of small round bones."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image, write_label_map
from shoulderseg.workflows.report.parts import write_part

LABELS = {"humerus": 1, "glenoid": 2}
# As a scanner stores coronal slices: columns to the left, rows down, slices to the back.
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0)
LONG = "n" * 300
HOSTILE = (
    '<script>document.title="hit"</script>',
    "\"'><img src=x onerror=alert(1)>",
    "</script><!-- & \u2028 {{ data }}",
    LONG,
    "\u202eesrever \u05d0\u05d1\u05d2",
)


def bones(shape: tuple[int, int, int] = (8, 48, 48), *, glenoid: bool = True) -> Volume:
    """A label map of a ball and a smaller one beside it, voxels of 4 x 1 x 1 mm."""
    z, y, x = np.indices(shape)
    depth, high, wide = shape
    array = np.zeros(shape, np.uint8)
    middle = (4.0 * (z - depth / 2)) ** 2 + (y - high / 2) ** 2
    array[middle + (x - wide / 3) ** 2 < (wide / 4) ** 2] = 1
    if glenoid:
        array[middle + (x - 0.7 * wide) ** 2 < (wide / 10) ** 2] = 2
    return Volume(array, (4.0, 1.0, 1.0), (0.0, 0.0, 0.0), CORONAL)


def image_of(label_map: Volume, seed: int = 0) -> Volume:
    """An image on the grid of a label map."""
    noise = np.random.default_rng(seed).normal(100, 10, label_map.array.shape)
    array = (noise + 60 * label_map.array).astype(np.float32)
    return Volume(array, label_map.spacing_mm, label_map.origin_mm, label_map.direction)


def record(
    case: str, dice: Sequence[float | None] = (0.9, 0.8), flags: Sequence[str] = (), **more: object
) -> dict[str, Any]:
    """What a run report tells of a case that was segmented."""
    return {
        "case": case,
        "outputs": [f"{case}.nii.gz"],
        "shape": [8, 48, 48],
        "spacing_mm": [4.0, 1.0, 1.0],
        "volumes_ml": {"humerus": 30.5, "glenoid": 4.25},
        "quality": {"humerus": dice[0], "glenoid": dice[1], "flags": list(flags), "features": {}},
        "seconds": {"total": 1.0},
        **more,
    }


def write_report(out: Path, records: Sequence[dict[str, Any]], **more: object) -> None:
    """Writes a run report; `more` goes on top of it."""
    out.mkdir(parents=True, exist_ok=True)
    content = {
        "complete": True,
        "not_reached": [],
        "notice": "Research use only.",
        "labels": LABELS,
        "model_sha256": "0123456789abcdef",
        "cases": list(records),
        **more,
    }
    (out / "shoulderseg_report.json").write_text(json.dumps(content), encoding="utf-8")


def write_files(out: Path, images: Path, case: str, label_map: Volume | None = None) -> None:
    """Writes the label map of a case and its image."""
    label_map = label_map or bones()
    for folder in (out, images):
        folder.mkdir(parents=True, exist_ok=True)
    write_label_map(out / f"{case}.nii.gz", label_map.array, label_map)
    write_image(images / f"{case}.nii.gz", image_of(label_map))


def picture(out: Path, told: dict[str, Any], *, glenoid: bool = True, seed: int = 0) -> None:
    """Gives the page the part of a case, as `predict --report` does."""
    label_map = bones(glenoid=glenoid)
    write_part(out, told, LABELS, label_map, image_of(label_map, seed))


def page_data(path: Path) -> dict[str, Any]:
    """What a page shows."""
    html = path.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def script_data(path: Path) -> dict[str, Any]:
    """What the script of a case hands over."""
    text = path.read_text(encoding="ascii")
    found = re.fullmatch(r"shoulderCase\((.*)\);\n", text, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data
