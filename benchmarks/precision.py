"""What the precision of the U-Nets on a CPU changes, and what the crop does, on held-out phantoms.

The phantoms are those of `benchmarks.default_model`. Each is segmented in float32, in each other
precision, in float32 with the crop turned over, and in float32 without mirror images; `change` is
the mean and the standard deviation of the difference to the first. `band` is the share of voxels
within two pixels of an edge of the first's label map that are the same. `ratio` is the first's
time over the other's, the median over the phantoms. A CPU without bfloat16 emulates it, right and
slowly.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.default_model import BONES, held_out_phantoms
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.evaluation.overlap import count_voxels, dice
from shoulderseg.nnunet_ext.unet_set import is_quantisable
from shoulderseg.refine.boundary import boundary_band
from shoulderseg.workflows.bundles.bundle import Bundle, read_bundle
from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.segmentation.segment import Segment, prepare
from shoulderseg.workflows.segmentation.settings import Settings

LabelMap = npt.NDArray[np.uint8]
NEAR = 2


@dataclass(frozen=True)
class Found:
    """What one way makes of one phantom."""

    case: str
    way: str
    humerus: float
    glenoid: float
    band: float
    seconds: float


def main() -> None:
    """Segments the phantoms in each way and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default", help="name or folder of a bundle")
    parser.add_argument("--data", type=Path, help="keep the phantoms here, and find them again")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth phantom only")
    parser.add_argument("--bfloat16", action="store_true", help="also where it is emulated")
    parser.add_argument("--quick", action="store_true", help="two sequences, small images")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    asked = parser.parse_args()
    ways = _ways(read_bundle(find_bundle(asked.model)), bfloat16=asked.bfloat16)
    found: list[Found] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = held_out_phantoms(asked.data or Path(scratch), quick=asked.quick)
        for path in sorted(folder.glob("imagesTr/*.nii.gz"))[:: asked.every]:
            found += _compare(folder, path, ways)
    _print_table(found, list(ways))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")


def _ways(bundle: Bundle, *, bfloat16: bool) -> dict[str, Segment]:
    usual, turned = ("crop", "whole slices") if bundle.crop else ("whole slices", "crop")
    ways = {f"float32, {usual}": Settings("cpu", None, True, "majority", precision="float32")}
    if is_quantisable(bundle.unets):
        ways[f"int8, {usual}"] = Settings("cpu", None, True, "majority", precision="int8")
    if bfloat16:
        ways[f"bfloat16, {usual}"] = Settings("cpu", None, True, "majority", precision="bfloat16")
    ways[f"float32, {turned}"] = Settings(
        "cpu", None, True, "majority", precision="float32", crop=not bundle.crop
    )
    ways[f"float32, {usual}, no mirror images"] = Settings(
        "cpu", None, False, "majority", precision="float32"
    )
    return {name: prepare(bundle, settings) for name, settings in ways.items()}


def _compare(folder: Path, path: Path, ways: dict[str, Segment]) -> list[Found]:
    case = path.name.removesuffix("_0000.nii.gz")
    image, truth = read_image(path), read_label_map(folder / "labelsTr" / f"{case}.nii.gz").array
    found: list[Found] = []
    first: LabelMap | None = None
    for way, segment in ways.items():
        started = time.perf_counter()
        label_map = segment(image).label_map
        seconds = time.perf_counter() - started
        first = label_map if first is None else first
        near = boundary_band(first, (1, 1, 1), NEAR)
        band = float(np.mean(label_map[near] == first[near])) if near.any() else 1.0
        humerus, glenoid = (
            dice(count_voxels(label_map == value, truth == value)) for value in BONES.values()
        )
        found.append(Found(case, way, humerus, glenoid, band, seconds))
    return found


def _print_table(found: list[Found], ways: list[str]) -> None:
    print("| way | n | humerus | change | glenoid | change | band | ratio |\n" + "|---" * 8 + "|")
    by_way = {way: [one for one in found if one.way == way] for way in ways}
    first = by_way[ways[0]]
    for way, ours in by_way.items():
        cells = [way, str(len(ours))]
        for bone in BONES:
            values = np.array([getattr(one, bone) for one in ours])
            change = values - [getattr(one, bone) for one in first]
            spread = f" ± {change.std(ddof=1):.5f}" if len(ours) > 1 else ""
            cells += [f"{values.mean():.4f}", f"{change.mean():+.5f}{spread}"]
        cells.append(f"{statistics.mean(one.band for one in ours):.4f}")
        pairs = zip(first, ours, strict=True)
        cells.append(f"{statistics.median(a.seconds / b.seconds for a, b in pairs):.2f}")
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
