"""What it changes that the U-Nets see a volume in all three planes, by the distance of its slices.

Phantoms of slices 1 to 5 mm apart, coronal, sagittal and axial ones, with pixels of 0.7 mm (1 mm
where slices are 1 mm apart), are segmented from their own slices and from those of all planes, at
every distance: `predict` takes all planes up to 1.5 mm. `ratio` is the time of three planes by that
of one, the median. Without mirror images.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.orientation import find_reorientation, reorient
from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.scanner.protocol import Plane
from shoulderseg.evaluation.overlap import count_voxels, dice
from shoulderseg.nnunet_ext.inference import predict_probabilities
from shoulderseg.nnunet_ext.predictors import Predictors, build_predictors
from shoulderseg.refine.padding import scanned_region
from shoulderseg.refine.voting import fuse
from shoulderseg.workflows.bundles.bundle import Bundle, read_bundle
from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.segmentation.finish import Scan, finish
from shoulderseg.workflows.segmentation.planes import add_other_planes
from shoulderseg.workflows.segmentation.second_look import bone_finder
from shoulderseg.workflows.segmentation.settings import Settings

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

SEED, EXTENT_MM = 5500, 90
DISTANCES_MM = (1.0, 1.5, 2.0, 2.5, 3.0, 5.0)
PLANES: tuple[Plane, ...] = ("coronal", "sagittal", "axial")
BONES = ("humerus", "glenoid")


class Row(NamedTuple):
    """One phantom: Dice of each bone from its own slices, and from those of all planes."""

    distance_mm: float
    plane: str
    sequence: str
    one: dict[str, float]
    three: dict[str, float]
    ratio: float


def main() -> None:
    """Makes and segments the phantoms, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default", help="name or folder of a bundle")
    parser.add_argument("--phantoms", type=int, default=3, metavar="N", help="of each distance")
    parser.add_argument("--quick", action="store_true", help="one phantom of 1 mm, a small one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    asked = parser.parse_args()
    bundle = read_bundle(find_bundle(asked.model))
    predictors = build_predictors(bundle.unets, "cpu", mirroring=False, crop=bundle.crop)
    distances = DISTANCES_MM[:1] if asked.quick else DISTANCES_MM
    extent_mm = 60 if asked.quick else EXTENT_MM
    rows = [
        _row((which, number), distance_mm, extent_mm, bundle, predictors)
        for which, distance_mm in enumerate(distances)
        for number in range(1 if asked.quick else asked.phantoms)
    ]
    _print_table(rows)
    if asked.json:
        asked.json.write_text(json.dumps([row._asdict() for row in rows], indent=2) + "\n")


def _row(
    number: tuple[int, int],
    distance_mm: float,
    extent_mm: int,
    bundle: Bundle,
    predictors: Predictors,
) -> Row:
    plane = PLANES[sum(number) % len(PLANES)]
    pixel_mm = 0.7 if distance_mm > 1 else 1.0
    side = round(1.4 * extent_mm / pixel_mm)
    options = PhantomOptions(
        plane=plane,
        shape=(round(extent_mm / distance_mm), side, side),
        spacing_mm=(distance_mm, pixel_mm, pixel_mm),
    )
    made = make_case(options, np.random.default_rng([SEED, *number]), workers=2)
    turn = find_reorientation(made.image)
    image = reorient(made.image, turn)
    truth = reorient(replace(made.image, array=made.label_map), turn).array
    scores, seconds = [], []
    for three_planes in (False, True):
        started = time.perf_counter()
        found = _label_map(image, bundle, predictors, three_planes=three_planes)
        seconds.append(time.perf_counter() - started)
        scores.append(
            {
                bone: dice(count_voxels(found == value, truth == value))
                for value, bone in enumerate(BONES, start=1)
            }
        )
    ratio = seconds[1] / seconds[0]
    row = Row(distance_mm, plane, made.protocol.sequence, scores[0], scores[1], ratio)
    print(row, file=sys.stderr)
    return row


def _label_map(
    image: Volume, bundle: Bundle, predictors: Predictors, *, three_planes: bool
) -> npt.NDArray[np.uint8]:
    """What `predict` makes of it, but that the distance of the slices does not decide."""
    scanned = scanned_region(image.array, 0)
    bones_of = bone_finder(bundle.one_piece, image)
    said = predict_probabilities(predictors, image.array, image.spacing_mm, bones_of=bones_of)
    if three_planes:
        add_other_planes(said, predictors, image, bundle.one_piece)
    bones = {variant: probability * scanned for variant, probability in said.items()}
    fusion = fuse([[bones[bone]] for bone in BONES], "majority", whole=[bones["whole"]])
    settings = Settings("cpu", None, mirroring=False, vote="majority", refine=False)
    return finish(bundle, settings, fusion, None, Scan(scanned, image.spacing_mm)).label_map


def _print_table(rows: list[Row]) -> None:
    heads = [f"{bone} {kind}" for bone in BONES for kind in ("one", "three", "better")]
    print(f"| slices mm | n | {' | '.join(heads)} | ratio |")
    print("|---" * (len(heads) + 3) + "|")
    for distance_mm in dict.fromkeys(row.distance_mm for row in rows):
        those = [row for row in rows if row.distance_mm == distance_mm]
        cells = []
        for bone in BONES:
            one, three = ([getattr(row, way)[bone] for row in those] for way in ("one", "three"))
            better = sum(after > before for before, after in zip(one, three, strict=True))
            cells += [f"{statistics.fmean(one):.3f}", f"{statistics.fmean(three):.3f}", f"{better}"]
        ratio = statistics.median(row.ratio for row in those)
        print(f"| {distance_mm:g} | {len(those)} | {' | '.join(cells)} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
