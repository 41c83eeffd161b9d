"""How well the default bundle segments phantoms that it never saw.

One phantom of every sequence in every plane, of a seed of its own, is segmented as `predict` does
on a CPU. Each U-Net is scored on its own bone (the whole U-Net on both as one), the vote and the
result on both; NSD is at 1 mm. `mirrored` is how far the Dice of either bone moves, at most, when
the image is mirrored from left to right, as if it were the other shoulder; every fifth phantom is.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.dataset import Writing, write_dataset
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.presets import PhantomSet
from shoulderseg.datasets.phantom.scanner.protocol import PLANES, SEQUENCES
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.evaluation.overlap import count_voxels, dice
from shoulderseg.evaluation.surface import surface_dice, surface_distances
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.segmentation.segment import Segmentation, prepare
from shoulderseg.workflows.segmentation.settings import Settings

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

    Mask = npt.NDArray[np.bool_]

SEED = 77
SHAPE = (14, 256, 256)
TOLERANCE_MM = 1.0
# Five has no divisor in common with the planes, so that each plane has its turn.
MIRROR_EVERY = 5
BONES = {"humerus": 1, "glenoid": 2}
SCORES = (
    "humerus U-Net Dice",
    "humerus vote Dice",
    "humerus Dice",
    "humerus NSD",
    "glenoid U-Net Dice",
    "glenoid vote Dice",
    "glenoid Dice",
    "glenoid NSD",
    "whole U-Net Dice",
    "mirrored",
)


class Scored(NamedTuple):
    """A held-out phantom and its scores by name."""

    sequence: str
    plane: str
    scores: dict[str, float]


def main() -> None:
    """Makes the phantoms, segments them, and prints the table."""
    parser = options_parser(__doc__)
    parser.add_argument(
        "--refine",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="whether the edge refiner decides the edges; else as the bundle says",
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth phantom only")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = held_out_phantoms(asked.data or Path(scratch), quick=asked.quick)
        bundle = read_bundle(find_bundle(asked.model))
        settings = Settings(
            "cpu", None, mirroring=asked.mirroring, vote="majority", refine=asked.refine
        )
        segment = prepare(bundle, settings)
        scored = [
            _score(folder, path, segment, mirror=number % MIRROR_EVERY == 0)
            for number, path in enumerate(sorted(folder.glob("imagesTr/*.nii.gz"))[:: asked.every])
        ]
    _print_table(scored)
    if asked.json:
        rows = [{"sequence": s.sequence, "plane": s.plane, **s.scores} for s in scored]
        asked.json.write_text(json.dumps(rows, indent=2) + "\n")


def options_parser(description: str | None) -> argparse.ArgumentParser:
    """Makes the options that all benchmarks on held-out phantoms have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", default="default", help="name or folder of a bundle")
    parser.add_argument("--data", type=Path, help="keep the phantoms here, and find them again")
    parser.add_argument(
        "--mirroring",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="average over mirror images, as `predict` does",
    )
    parser.add_argument("--quick", action="store_true", help="two sequences, small images")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure as JSON")
    return parser


def held_out_phantoms(root: Path, *, quick: bool, whole_scapula: bool = False) -> Path:
    """Makes a phantom of every sequence in every plane, or finds those of before.

    Args:
        root: Where they are kept.
        quick: Two sequences, small images.
        whole_scapula: Label all of the scapula in the same images, instead of the glenoid.
    """
    options = PhantomOptions(shape=(6, 128, 128) if quick else SHAPE, whole_scapula=whole_scapula)
    sequences = SEQUENCES[:2] if quick else SEQUENCES
    everything = PhantomSet(
        options, sequences, PLANES, cases=len(sequences) * len(PLANES), seed=SEED
    )
    writing = Writing(
        workers=1,
        jobs=2,
        on_case=lambda case: print(f"{case.name} {case.sequence} {case.plane}", file=sys.stderr),
    )
    number, name = (903, "HeldOutScapula") if whole_scapula else (902, "HeldOut")
    return write_dataset(root, everything, writing, dataset_id=number, name=name).folder


def _score(
    folder: Path, path: Path, segment: Callable[[Volume], Segmentation], *, mirror: bool
) -> Scored:
    case = path.name.removesuffix("_0000.nii.gz")
    image, truth = read_image(path), read_label_map(folder / "labelsTr" / f"{case}.nii.gz").array
    drawn = json.loads((folder / "parametersTr" / f"{case}.json").read_text())
    protocol = drawn["parameters"]["protocol"]
    result = segment(image)
    scores = case_scores(result, truth, image.spacing_mm)
    if mirror:
        # The array alone, along the axis that runs most from left to right: the other shoulder.
        across = 2 - int(np.argmax(np.abs(image.direction[:3])))
        other = segment(replace(image, array=np.flip(image.array, across).copy()))
        mirrored = case_scores(other, np.flip(truth, across), image.spacing_mm)
        scores["mirrored"] = max(
            abs(scores[f"{bone} Dice"] - mirrored[f"{bone} Dice"]) for bone in BONES
        )
    print(case, {name: round(value, 3) for name, value in scores.items()}, file=sys.stderr)
    return Scored(protocol["sequence"], protocol["plane"], scores)


def case_scores(
    result: Segmentation, truth: npt.NDArray[np.uint8], spacing_mm: tuple[float, float, float]
) -> dict[str, float]:
    """Scores a result against the truth, uint8 (Z, Y, X); the names are among `SCORES`."""
    scores = {"whole U-Net Dice": _dice(result.unets["whole"], truth > 0)}
    for bone, value in BONES.items():
        wanted, found = truth == value, result.label_map == value
        scores[f"{bone} U-Net Dice"] = _dice(result.unets[bone], wanted)
        scores[f"{bone} vote Dice"] = _dice(result.voted == value, wanted)
        scores[f"{bone} Dice"] = _dice(found, wanted)
        scores[f"{bone} NSD"] = _nsd(found, wanted, spacing_mm)
    return scores


def _dice(found: Mask, wanted: Mask) -> float:
    return dice(count_voxels(found, wanted))


def _nsd(found: Mask, wanted: Mask, spacing_mm: tuple[float, float, float]) -> float:
    if not (found.any() and wanted.any()):
        # As Dice: where both are empty nothing counts.
        return 0.0 if found.any() or wanted.any() else math.nan
    return surface_dice(surface_distances(found, wanted, spacing_mm), TOLERANCE_MM)


def _print_table(scored: list[Scored]) -> None:
    print("| " + " | ".join(["phantoms", "n", *SCORES]) + " |")
    print("|---" * (len(SCORES) + 2) + "|")
    groups: Mapping[str, Iterable[Scored]] = {
        "all": scored,
        **{plane: [s for s in scored if s.plane == plane] for plane in PLANES},
        **{name: [s for s in scored if s.sequence == name] for name in SEQUENCES},
    }
    for name, group in groups.items():
        members = list(group)
        if members:
            cells = [
                _cell(column, [s.scores[column] for s in members if column in s.scores])
                for column in SCORES
            ]
            print("| " + " | ".join([name, str(len(members)), *cells]) + " |")


def _cell(column: str, values: list[float]) -> str:
    """Mean and SD; of what mirroring changes the largest. Empty bones have no Dice."""
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return ""
    if column == "mirrored":
        return f"{max(known):.3f}"
    spread = statistics.stdev(known) if len(known) > 1 else 0.0
    return f"{statistics.mean(known):.3f} ± {spread:.3f}"


if __name__ == "__main__":
    main()
