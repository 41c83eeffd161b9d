"""How far measures of bones are off, on phantoms whose truth is known.

`true` takes the true bones on voxels of 1 mm. `predicted` scans the person (3D, 1 mm), segments
that with the default bundle, and measures the result. Bone loss of 0 to 35 percent in front,
Hill-Sachs defects, both sides, both sexes, half of the shoulders healthy but for the loss. The true
width is that of the intact glenoid, so that it is compared where nothing is missing, and otherwise
with the diameter of the circle. What the phantom does not state (gap, offset, areas, volumes,
vault, clock, the defect's angle) is compared with the same measure on better masks, in the cases
that are segmented too: true bones of 0.5 mm voxels, or those of the scan. Width, length and volume
of a defect are compared with that, and, in rows of their own (`of the ball`), with the ball that
the phantom takes out of the head: what is measured ends a few mm beyond the joint surface, the
ball does not.
`coverage`: how often the truth lies within the stated uncertainty where the factors of
`morphometry/uncertainty.py` come from the other half of the cases. The factors printed at the end
come from all. `refusals`: slices of 4 mm (the height has to be refused, the Hill-Sachs depth where
they lie across the joint), an image that ends in the head (radius), and a side that the axes
contradict (bone loss).
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measures_cases import Wanted, kept_case
from benchmarks.measures_coverage import print_coverage
from benchmarks.measures_truth import STATED
from shoulderseg.morphometry.bone import take_bone
from shoulderseg.morphometry.measure import measure_shoulder
from shoulderseg.morphometry.shoulder import Measure, Shoulder
from shoulderseg.morphometry.uncertainty import worst_edge_mm

if TYPE_CHECKING:
    import numpy.typing as npt


MOST_LOSS = 20.0


def main() -> None:
    """Measures, prints the tables, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--predicted", type=int, default=60, help="how many are segmented too")
    parser.add_argument("--model", default="default", help="name or folder of a bundle")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="keep the cases here")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--quick", action="store_true", help="four cases, none segmented")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    asked = parser.parse_args()
    cases, predicted = (4, 0) if asked.quick else (asked.cases, asked.predicted)
    found: dict[str, list[Any]] = defaultdict(list)
    with (
        TemporaryDirectory() as scratch,
        ProcessPoolExecutor(asked.jobs, get_context("spawn")) as pool,
    ):
        wanted = Wanted(predicted, asked.model, asked.data or Path(scratch))
        several = pool.map(_one, range(cases), repeat(wanted), repeat(asked.jobs))
        for number, one in enumerate(several):
            for name, values in one.items():
                found[name] += values
            print(f"case {number + 1} of {cases}", flush=True)
    summary = _errors(found) | print_coverage(found) | _refusals(found)
    if asked.json:
        asked.json.write_text(json.dumps(summary, indent=2) + "\n")


def _one(number: int, wanted: Wanted, jobs: int) -> dict[str, list[Any]]:
    """Errors of a case, by masks and measure."""
    if jobs > 1:
        import torch

        torch.set_num_threads(1)
    case = kept_case(number, wanted)
    found: dict[str, list[Any]] = defaultdict(list)
    known = case.stated
    if case.finer is not None:
        known = known | _measured(case.finer, case.stated)
    _add("true", case.true, known, case.ball, found)
    for what, name, worse in _spoilt(case.true):
        refused = {one.name: one.refused for one in measure_shoulder(worse)}[name]
        found["refusals"].append((what, bool(refused)))
    if case.predicted is not None and case.scanned is not None:
        known = case.stated | _measured(case.scanned, case.stated)
        _add("predicted", case.predicted, known, case.ball, found)
    return dict(found)


def _measured(shoulder: Shoulder, truth: dict[str, float]) -> dict[str, float]:
    """All measures but those whose truth is stated or which are errors themselves."""
    return {
        one.name: one.value
        for one in measure_shoulder(shoulder)
        if one.value is not None
        and one.name not in truth
        and one.name not in ("head_residual", "glenoid_width")
    }


def _add(
    kind: str,
    shoulder: Shoulder,
    truth: dict[str, float],
    ball: dict[str, float],
    found: dict[str, Any],
) -> None:
    bones = [take_bone(mask, shoulder.affine) for mask in (shoulder.humerus, shoulder.glenoid)]
    measures: dict[str, Measure] = {one.name: one for one in measure_shoulder(shoulder)}
    for name, true in truth.items():
        value = measures[name].value
        if value is None:
            if name in STATED:
                found[f"{kind} refused {name}"].append(measures[name].refused)
            continue
        edge = worst_edge_mm(name, bones, shoulder.dice)
        scale = float("nan") if edge is None else edge
        found[f"{kind} {name}"].append((value - true, scale))
        if name == "bone_loss_area" and true > MOST_LOSS:
            found[f"{kind} bone_loss_area above {MOST_LOSS:g}"].append((value - true, scale))
    for name, true in ball.items():
        value = measures[name].value
        # Of a defect that was not found its depth tells.
        if value:
            found[f"{kind} {name} of the ball"].append((value - true, float("nan")))


def _spoilt(shoulder: Shoulder) -> list[tuple[str, str, Shoulder]]:
    """What has to be refused: the reason, the measure, and the shoulder."""
    wide = shoulder.affine.copy()
    wide[:3, 0] *= 4
    # The bones' first axis points upwards; the head is at the end.
    top = int(np.flatnonzero(shoulder.humerus.any(axis=(1, 2))).max()) - 20
    other = "left" if shoulder.side == "right" else "right"
    coarse = replace(
        shoulder, humerus=shoulder.humerus[::4], glenoid=shoulder.glenoid[::4], affine=wide
    )
    deep = shoulder.affine.copy()
    deep[:3, 2] *= 4
    across = replace(
        shoulder,
        humerus=shoulder.humerus[:, :, ::4],
        glenoid=shoulder.glenoid[:, :, ::4],
        affine=deep,
    )
    cut = replace(shoulder, humerus=shoulder.humerus[:top], glenoid=shoulder.glenoid[:top])
    return [
        ("slices of 4 mm", "glenoid_height", coarse),
        ("slices of 4 mm across the joint", "hill_sachs_depth", across),
        ("the image ends in the head", "head_radius", cut),
        ("the wrong side", "bone_loss_area", replace(shoulder, side=other)),
    ]


def _errors(found: dict[str, list[Any]]) -> dict[str, Any]:
    print("\n| masks | measure | n | refused | mean error | mean absolute error | worst |")
    print("|---|---|---|---|---|---|---|")
    summary: dict[str, Any] = {}
    kinds = ("true ", "predicted ")
    for key in [key for key in found if key.startswith(kinds) and "refused" not in key]:
        kind, name = key.split(" ", 1)
        errors: npt.NDArray[np.float64] = np.array([error for error, _ in found[key]])
        refused = len(found[f"{kind} refused {name}"])
        absolute = np.abs(errors)
        print(
            f"| {kind} | {name} | {len(errors)} | {refused} | {errors.mean():+.2f} | "
            f"{absolute.mean():.2f} | {absolute.max():.1f} |"
        )
        summary[f"{kind}_{name}_mae"] = float(absolute.mean())
        summary[f"{kind}_{name}_refused"] = refused
    for key in [key for key in found if "refused" in key and found[key]]:
        print(f"{key}: {sorted(set(found[key]))[:3]}")
    return summary


def _refusals(found: dict[str, list[Any]]) -> dict[str, Any]:
    shares = {}
    for what in dict.fromkeys(what for what, _ in found["refusals"]):
        refused = [one for name, one in found["refusals"] if name == what]
        shares[what] = float(np.mean(refused))
        print(f"refused, {what}: {sum(refused)} of {len(refused)}")
    every = float(np.mean([one for _, one in found["refusals"]]))
    return {"correct_refusals": every, "refusals": shares}


if __name__ == "__main__":
    main()
