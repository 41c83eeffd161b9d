"""Five cases of four patients in mixed formats, and their conversion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.nnunet_raw import DatasetSpec
from shoulderseg.datasets.pairs import ConversionReport, convert_pairs
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image

if TYPE_CHECKING:
    from pathlib import Path


SPEC = DatasetSpec(7, "Shoulder")
VALUES = {3: "humerus", 5: "glenoid"}
CASES = ["p1_a", "p1_b", "p2_a", "p3_a", "p4_a"]


def write_pairs(folder: Path, image: Volume, labels: Volume) -> None:
    """Writes five cases of four patients into `images` and `labels`, each with other voxels."""
    for name in ("images", "labels"):
        (folder / name).mkdir()
    for number, case in enumerate(CASES):
        suffix = ".mha" if number % 2 else ".nii.gz"
        other = replace(image, array=image.array + number)
        write_image(folder / "images" / f"{case}_0000{suffix}", other)
        write_image(folder / "labels" / f"{case}.nii.gz", labels)


def convert(pairs: Path, **change: object) -> ConversionReport:
    """Converts what `write_pairs` wrote, in the orientation that it has."""
    options: dict[str, Any] = {"patient_pattern": r"^(p\d+)_", "folds": 3, "as_stored": True}
    options |= change
    return convert_pairs(
        pairs / "images",
        pairs / "labels",
        pairs / "out",
        options.pop("spec", SPEC),
        options.pop("label_values", VALUES),
        rng=np.random.default_rng(0),
        **options,
    )
