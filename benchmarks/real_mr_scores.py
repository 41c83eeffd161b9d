"""Scores of the method and of stock nnU-Net on the same test cases, as one table."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shoulderseg.datasets.files import case_name
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.evaluation.scores import StructureScore, score_case

PARTS = {"anterior": 1, "posterior": 2}
WHOLE = "both"
TOLERANCE_MM = 1.0
METRICS = {"dice": "Dice", "hd95_mm": "HD95 mm", "nsd": "NSD@1mm"}


def score_methods(
    cases: list[Path], references: dict[str, Path], stock: Path, bundle: Path, device: str
) -> dict[str, list[StructureScore]]:
    """Scores every method in every case; gives method to scores."""
    from shoulderseg.cli.options import Device
    from shoulderseg.workflows.bundles.bundle import read_bundle
    from shoulderseg.workflows.segmentation.segment import prepare
    from shoulderseg.workflows.segmentation.settings import Settings

    # Mirroring as in nnU-Net's own prediction, so that no method has an advantage.
    settings = Settings(
        Device(device).resolve(), None, mirroring=True, vote="majority", refine=True
    )
    segment = prepare(read_bundle(bundle), settings)
    scores: dict[str, list[StructureScore]] = {}
    for path in cases:
        case = case_name(path)
        reference = read_label_map(references[case])
        result = segment(read_image(path))
        found = {
            "U-Net of this structure": _merge_unets(result.unets),
            "vote": result.voted,
            "vote + edge refinement": result.label_map,
            "stock nnU-Net 2d": read_label_map(stock / f"{case}.nii.gz").array,
        }
        for method, label_map in found.items():
            scores.setdefault(method, []).extend(
                _score(label_map, reference.array, reference.spacing_mm, case)
            )
        # The union of the first row is what the whole U-Net alone says.
        alone = result.unets["whole"].astype(np.uint8)
        scores["U-Net of this structure"][-1] = _score_union(
            alone, reference.array, reference.spacing_mm, case
        )
        print(f"scored {case}", file=sys.stderr, flush=True)
    return scores


def _merge_unets(unets: dict[str, npt.NDArray[np.bool_]]) -> npt.NDArray[np.uint8]:
    """Masks of the two single-structure U-Nets as one label map of bits."""
    bits: npt.NDArray[np.uint8] = unets["humerus"] * np.uint8(1) + unets["glenoid"] * np.uint8(2)
    return bits


def _score(
    label_map: npt.NDArray[Any],
    reference: npt.NDArray[Any],
    spacing_mm: tuple[float, float, float],
    case: str,
) -> list[StructureScore]:
    scores = []
    for name, value in PARTS.items():
        # In a label map of bits, 3 is both structures; in a plain one it does not occur.
        alone = ((label_map == value) | (label_map == 3)).astype(np.uint8)
        true = (reference == value).astype(np.uint8)
        scores += score_case(alone, true, {name: 1}, spacing_mm, TOLERANCE_MM, case)
    return [*scores, _score_union(label_map, reference, spacing_mm, case)]


def _score_union(
    label_map: npt.NDArray[Any],
    reference: npt.NDArray[Any],
    spacing_mm: tuple[float, float, float],
    case: str,
) -> StructureScore:
    union, true = (label_map > 0).astype(np.uint8), (reference > 0).astype(np.uint8)
    (score,) = score_case(union, true, {WHOLE: 1}, spacing_mm, TOLERANCE_MM, case)
    return score


def as_markdown(table: dict[str, Any]) -> str:
    """Gives a table of means ± SD, one method a row."""
    structures = [*PARTS, WHOLE]
    head = [f"{structure} {title}" for structure in structures for title in METRICS.values()]
    lines = [f"| method | {' | '.join(head)} |", "|---" * (len(head) + 1) + "|"]
    for method, summary in table.items():
        cells = (summary[structure][metric] for structure in structures for metric in METRICS)
        lines.append(f"| {method} | {_join(cells)} |")
    return "\n".join(lines)


def _join(cells: Iterable[Any]) -> str:
    return " | ".join(f"{cell.mean:.3f} ± {cell.sd:.3f}" for cell in cells)
