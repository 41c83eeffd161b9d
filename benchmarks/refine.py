"""How fast the edge refiner is, way by way, against a loop over patches and against arithmetic.

A stack of 384 x 384 slices holds two closed curves each, round like a humeral head and narrow like
a glenoid; the pixels within 3, 5 and 8 pixels of them are classified by networks with random
weights. One more row asks for a whole region, as where the classifier is one of the voters.

`loop` is the plain script: patches cut one by one from a padded slice with numpy, 64 stacked, then
the network. It runs once with torch's own threads and once with one slice thread a core, as the
engines do; the faster one counts. `floor` is the time that the multiply-adds of the needed set,
the fewest of the three ways, take at the rate of a square matrix product measured in between with
the same threads; `share` is how much of that rate auto reaches by the clock, `CPU share` by
processor time, which other work on the same cores hardly changes. Multiply-adds are counted as
convolutions do them; the needed set saves a third in layers of 3 x 3 (Winograd), so the floor is no
bound. Medians of interleaved repeats.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

# Threads that spin while they wait would slow whatever is measured next. Torch reads it on import.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import torch

from benchmarks.refine_ways import (
    SIDE,
    fewest_multiply_adds,
    runs_by_way,
    voxels_near_curves,
)
from benchmarks.timing import matrix_rates, peak_memory, timed
from shoulderseg.refine.inputs import patch_inputs
from shoulderseg.refine.network import AlexNetConfig, build_alexnet

SLOW_REPEATS = 3
_TITLES = (
    *("patch", "band", "px/slice", "loop", "loop, slice threads", "gather", "dense", "needed"),
    *("auto", "auto/loop", "auto/best", "MB loop", "MB auto", "matrix GFLOP/s"),
    *("floor s/10⁶ px", "share", "CPU share", "max diff"),
)
HEAD = f"| {' | '.join(_TITLES)} |\n" + "|---" * len(_TITLES) + "|"


class Effort(NamedTuple):
    """How much is measured."""

    slices: int
    repeats: int
    # Ways that take each patch by itself get a sample, spread evenly.
    patches: int
    cases: tuple[tuple[int, int], ...]


FULL = Effort(6, 9, 512, tuple((patch, band) for patch in (32, 64) for band in (3, 5, 8, 0)))
QUICK = Effort(6, 5, 256, ((32, 5),))


class Row(NamedTuple):
    """What was measured for one network and one band; rates in pixels per second."""

    patch: int
    band: str
    pixels_a_slice: float
    loop_own_threads: float
    loop_slice_threads: float
    gather: float
    dense: float
    needed: float
    auto: float
    ratio_auto_to_loop: float
    ratio_auto_to_best: float
    peak_mb_loop: float
    peak_mb_auto: float
    matrix_gflops: float
    floor_seconds_a_million: float
    share_of_matrix_rate: float
    cpu_share_of_matrix_rate: float
    max_abs_difference: float


def main() -> None:
    """Measures and prints the table."""
    options = _parse()
    effort = QUICK if options.quick else FULL
    device = torch.device(options.device)
    print(f"{device}, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print(HEAD, flush=True)
    rows = []
    for patch, band in effort.cases:
        rows.append(_measure(patch, band, effort, device))
        print(_as_markdown(rows[-1]), flush=True)
    head = next(row for row in rows if row.patch == 32 and row.band == "±5")
    summary: dict[str, Any] = {
        "ratio_auto_to_loop": head.ratio_auto_to_loop,
        "share_of_matrix_rate": head.share_of_matrix_rate,
        "cpu_share_of_matrix_rate": head.cpu_share_of_matrix_rate,
        "ratio_auto_to_best": min(row.ratio_auto_to_best for row in rows),
        "max_abs_difference": max(row.max_abs_difference for row in rows),
    }
    print("\n" + ", ".join(f"{name} {value:.3g}" for name, value in summary.items()))
    if options.json:
        summary["rows"] = [row._asdict() for row in rows]
        options.json.write_text(json.dumps(summary, indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--quick", action="store_true", help="32-pixel patches, ±5 pixels only")
    parser.add_argument("--json", type=Path, help="write every figure here")
    return parser.parse_args()


def _measure(patch: int, band: int, effort: Effort, device: torch.device) -> Row:
    config = AlexNetConfig(patch_size=patch, stride=patch // 32)
    model = build_alexnet(config, torch.Generator().manual_seed(0)).eval().to(device)
    shape = (effort.slices, SIDE, SIDE)
    volume = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    inputs = patch_inputs(volume, device)
    voxels = voxels_near_curves(effort.slices, band)
    sample = np.linspace(0, len(voxels) - 1, effort.patches).astype(np.int64)
    runs = runs_by_way(model, inputs, volume, voxels, sample, device)
    peaks = {}
    results = {}
    for name in ("loop by slice", "auto", "gather", "dense", "needed", "loop"):
        with peak_memory() as peak:
            found = runs[name]()
        peaks[name] = peak[0]
        results[name] = found if len(found) == len(sample) else found[sample]
    reference = results["loop"]
    difference = max(float(np.abs(found - reference).max()) for found in results.values())
    rates: dict[str, list[float]] = defaultdict(list)
    for repeat in range(effort.repeats):
        for name, run in runs.items():
            # Each of these takes as long as all others, and hundreds of patches even out.
            if repeat >= SLOW_REPEATS and name in ("loop", "loop by slice", "gather"):
                continue
            count, seconds, busy = timed(run, device)
            rates[name].append(count / seconds)
            rates[f"{name} CPU"].append(count / busy)
        for name, rate in zip(("matrix", "matrix CPU"), matrix_rates(device), strict=True):
            rates[name].append(rate)
    return _row(
        patch,
        band,
        effort,
        rates,
        fewest_multiply_adds(model, voxels),
        len(voxels),
        peaks,
        difference,
    )


def _row(
    patch: int,
    band: int,
    effort: Effort,
    rates: dict[str, list[float]],
    needed: float,
    pixels: int,
    peaks: dict[str, float],
    difference: float,
) -> Row:
    middle = {name: statistics.median(found) for name, found in rates.items()}
    loop = max(middle["loop"], middle["loop by slice"])
    return Row(
        patch=patch,
        band=f"±{band}" if band else "region",
        pixels_a_slice=pixels / effort.slices,
        loop_own_threads=middle["loop"],
        loop_slice_threads=middle["loop by slice"],
        gather=middle["gather"],
        dense=middle["dense"],
        needed=middle["needed"],
        auto=middle["auto"],
        ratio_auto_to_loop=middle["auto"] / loop,
        ratio_auto_to_best=middle["auto"]
        / max(middle["gather"], middle["dense"], middle["needed"]),
        peak_mb_loop=peaks["loop by slice"],
        peak_mb_auto=peaks["auto"],
        matrix_gflops=middle["matrix"] / 1e9,
        floor_seconds_a_million=2e6 * needed / middle["matrix"],
        share_of_matrix_rate=middle["auto"] * 2 * needed / middle["matrix"],
        cpu_share_of_matrix_rate=middle["auto CPU"] * 2 * needed / middle["matrix CPU"],
        max_abs_difference=difference,
    )


def _as_markdown(row: Row) -> str:
    cells = [
        str(row.patch),
        row.band,
        *(f"{value:.0f}" for value in row[2:9]),
        f"{row.ratio_auto_to_loop:.1f}",
        f"{row.ratio_auto_to_best:.2f}",
        *(f"{value:.0f}" for value in row[11:14]),
        f"{row.floor_seconds_a_million:.1f}",
        f"{100 * row.share_of_matrix_rate:.0f} %",
        f"{100 * row.cpu_share_of_matrix_rate:.0f} %",
        f"{row.max_abs_difference:.1e}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
