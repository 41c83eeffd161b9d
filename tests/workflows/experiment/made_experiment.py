"""A raw dataset with two blocks in each image, and scores as an experiment has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image, write_label_map
from shoulderseg.workflows.experiment.score import WHOLE

AXES = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
LABELS = {"background": 0, "humerus": 1, "glenoid": 2}
# Slices that are not square, of pixels that are not either.
SHAPE, SPACING_MM = (4, 40, 32), (4.0, 1.5, 2.0)


def write_raw(folder: Path, cases: list[str], labels: dict[str, int] | None = None) -> Path:
    """Writes a raw nnU-Net dataset."""
    labels = labels or LABELS
    first, second = (value for name, value in labels.items() if name != "background")
    for part in ("imagesTr", "labelsTr"):
        (folder / part).mkdir(parents=True)
    for number, case in enumerate(cases):
        rng = np.random.default_rng(number)
        label_map = np.zeros(SHAPE, np.uint8)
        label_map[1:3, 8:24, 6:18] = first
        label_map[1:3, 12:20, 20:26] = second
        grey = rng.normal(100, 5, SHAPE) + 50 * (label_map > 0)
        image = Volume(grey.astype(np.float32), SPACING_MM, (0.0, 0.0, 0.0), AXES)
        write_image(folder / "imagesTr" / f"{case}_0000.nii.gz", image)
        write_label_map(folder / "labelsTr" / f"{case}.nii.gz", label_map, image)
    described = {
        "channel_names": {"0": "MR"},
        "labels": labels,
        "numTraining": len(cases),
        "file_ending": ".nii.gz",
    }
    (folder / "dataset.json").write_text(json.dumps(described))
    return folder


def scores_of(
    patient: str,
    rows: Mapping[str, tuple[float | None, float | None]],
    absent: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Scores of a case: the Dice of both bones in each row; other metrics are as the Dice.

    Args:
        patient: whose it is.
        rows: None where neither row nor reference has the bone.
        absent: the bones that the reference lacks.
    """
    return {
        "patient": patient,
        "axis": 0,
        "absent": list(absent),
        "usual": next(iter(rows)),
        "rows": {
            row: {
                structure: dict.fromkeys(
                    ("dice", "iou", "ppv", "sensitivity", "hd95_mm", "assd_mm", "nsd"), value
                )
                for structure, value in zip(
                    ("humerus", "glenoid", WHOLE), (*values, 0.5), strict=True
                )
            }
            for row, values in rows.items()
        },
        "slices": {row: {"humerus": {"1": 0.5}, "glenoid": {}} for row in rows},
    }
