"""How the phantom's bones compare with those of a real CT.

The CT is a chest scan with both shoulders and arms raised (LIDC-IDRI-0314, CC BY 3.0; Armato 2011).
Its bone labels were made by threshold and watershed for this project and checked by eye only, so
they are a plausibility check and no reference; what lies within two voxels of their edge and under
200 HU is left out, because the labels meet in the joint. The phantoms are sound shoulders of women,
as the patient is, painted at 1 mm without a scanner. Everything is measured on the masks in the
same way, turned to a left shoulder:

- head: sphere fitted to the humerus, starting where it faces the joint; voxels off the sphere by
  more than 0.75 mm are dropped in turn.
- joint surface: the largest piece of scapula medial of and behind the head (not the acromion) that
  is no more than 4 mm further from that sphere than the nearest 5 %; its principal axes are the
  joint's normal and its height, their extents height and width, their middle the joint's middle.
  Everything below is in these axes.
- gap: humerus minus scapula along the normal, median over 8 mm around the middle.
- closest: the least distance of voxels of the two bones anywhere; 1 mm for neighbours.
- neck: front to back, median over the middle 12 mm of height, 20 mm medial of the joint.
- acromion to head: sphere to the nearest scapula over its upper third, but for the coracoid.
- reach: furthest voxels of the scapula from the joint's middle; the coracoid tip is the foremost.
- shaft: diameter of the circle with the area of the section; its axis goes through the middles of
  whole sections 38 to 70 mm below the head's centre.

`registered`: phantoms laid over the CT by joint middle and axes, scaled by head radius; Dice within
30 mm of the CT's joint surface and mean distance of the surfaces there. "humerus, own pose" is laid
by head centre, shaft axis and offset instead, within 45 mm of the centre. The CT's right shoulder
over its left one says what the labels of one person reach.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.ct_joint import Floats, find_joint
from benchmarks.ct_measures import measures
from benchmarks.ct_overlap import overlaps_of
from benchmarks.ct_pictures import draw
from benchmarks.ct_shoulders import CT_LABELS, ct_bones, paint_phantom

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = Path(__file__).parents[2] / "shared" / "data" / "shoulder_ct_lidc0314"
PHANTOMS, QUICK_PHANTOMS, FIRST_SEED = 20, 2, 1000


def main() -> None:
    """Measures, prints and draws."""
    options = _parse()
    begin = time.perf_counter()
    ct = {side: ct_bones(options.data, side) for side in CT_LABELS}
    joints = {side: find_joint(bones) for side, bones in ct.items()}
    seeds = range(FIRST_SEED, FIRST_SEED + (QUICK_PHANTOMS if options.quick else PHANTOMS))
    phantoms = [paint_phantom(seed) for seed in seeds]
    measured = {side: measures(ct[side], joints[side]) for side in CT_LABELS}
    ours = [measures(phantom.bones, phantom.joint) for phantom in phantoms]
    stated = [phantom.stated for phantom in phantoms]
    _print_measures(measured, ours, stated)
    overlaps = overlaps_of(ct, joints, phantoms)
    _print_overlaps(overlaps)
    print(f"\n{len(phantoms)} phantoms, {time.perf_counter() - begin:.0f} s")
    if options.png:
        draw(options.png, options.data, joints, phantoms[0], upright=True)
        aligned = options.png.with_stem(f"{options.png.stem}-aligned")
        draw(aligned, options.data, joints, phantoms[0], upright=False)
    if options.json:
        found = {"ct": measured, "phantoms": ours, "stated": stated, "registered": overlaps}
        options.json.write_text(json.dumps(found, indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the CT")
    parser.add_argument("--png", type=Path, help="also draw OUT.png and OUT-aligned.png")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PHANTOMS} phantoms")
    parser.add_argument("--json", type=Path, help="write every figure here")
    return parser.parse_args()


def _print_measures(
    ct: dict[str, dict[str, float]],
    phantoms: Sequence[dict[str, float]],
    stated: Sequence[dict[str, float]],
) -> None:
    print("| mm | CT right | CT left | phantoms | lowest to highest | stated truth |")
    print("|---" * 6 + "|")
    for name in phantoms[0]:
        ours = np.array([found[name] for found in phantoms])
        truth = [found[name] for found in stated if name in found]
        cells = [
            name.removesuffix("_mm").replace("_", " "),
            *(_number(ct[side][name]) for side in CT_LABELS),
            _spread(ours),
            _range(ours),
            _spread(np.array(truth)) if truth else "",
        ]
        print(f"| {' | '.join(cells)} |")


def _print_overlaps(overlaps: dict[str, list[dict[str, float]]]) -> None:
    names = list(dict.fromkeys(name for rows in overlaps.values() for row in rows for name in row))
    print(f"\n| registered | {' | '.join(names)} |\n" + "|---" * (len(names) + 1) + "|")
    for title, rows in overlaps.items():
        spreads = [
            _spread(np.array([row.get(name, np.nan) for row in rows]), 3 if "Dice" in name else 1)
            for name in names
        ]
        print(f"| {title} | {' | '.join(spreads)} |")


def _number(value: float) -> str:
    return "cut off" if np.isnan(value) else f"{value:.1f}"


def _spread(values: Floats, digits: int = 1) -> str:
    found = values[~np.isnan(values)]
    if not len(found):
        return "cut off"
    if len(found) == 1:
        return f"{found[0]:.{digits}f}"
    return f"{found.mean():.{digits}f} ± {found.std(ddof=1):.{digits}f}"


def _range(values: Floats) -> str:
    found = values[~np.isnan(values)]
    return f"{found.min():.1f} to {found.max():.1f}" if len(found) else ""


if __name__ == "__main__":
    main()
