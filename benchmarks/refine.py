"""How fast the patch classifier is, way by way, against a loop over patches and against arithmetic.

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
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

# Threads that spin while they wait would slow whatever is measured next. Torch reads it on import.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import distance_transform_edt

from shoulderseg.refine.classify import Method, classify_voxels
from shoulderseg.refine.engines.folding import fold
from shoulderseg.refine.engines.needed import make_plan, multiply_adds
from shoulderseg.refine.engines.slices import group_by_slice
from shoulderseg.refine.engines.threads import run_threaded
from shoulderseg.refine.inputs import PatchInputs, patch_inputs
from shoulderseg.refine.network import AlexNetConfig, PatchAlexNet, build_alexnet

SIDE, BATCH = 384, 64
WAYS: tuple[Method, ...] = ("gather", "dense", "needed", "auto")
MATRIX_SIDE = 2048
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


def phantom(slices: int, band: int) -> npt.NDArray[np.int64]:
    """Voxels within `band` pixels of two closed curves; all inside and 8 around for 0."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    found = []
    for z in range(slices):
        radius = 36 - 0.5 * abs(z - slices / 2)
        angle = np.arctan2(rows - 190, columns - 170)
        head = np.hypot(rows - 190, columns - 170) < radius + 2 * np.sin(3 * angle + z)
        # A narrow shape bent round the head.
        bent = columns - 226 + 0.006 * (rows - 192) ** 2
        glenoid = np.hypot((rows - 192) / 27, bent / 7) < 1
        mask = np.zeros((SIDE, SIDE), bool)
        for bone in (head, glenoid):
            outside, inside = distance_transform_edt(~bone), distance_transform_edt(bone)
            distance = np.where(bone, inside, outside) - 0.5
            mask |= (distance <= band) if band else (bone | (distance <= 8))
        pixels = np.argwhere(mask)
        found.append(np.insert(pixels, 0, z, axis=1))
    return np.concatenate(found).astype(np.int64)


def _measure(patch: int, band: int, effort: Effort, device: torch.device) -> Row:
    config = AlexNetConfig(patch_size=patch, stride=patch // 32)
    model = build_alexnet(config, torch.Generator().manual_seed(0)).eval().to(device)
    shape = (effort.slices, SIDE, SIDE)
    volume = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    inputs = patch_inputs(volume, device)
    voxels = phantom(effort.slices, band)
    sample = np.linspace(0, len(voxels) - 1, effort.patches).astype(np.int64)
    runs = _runs(model, inputs, volume, voxels, sample, device)
    peaks = {}
    results = {}
    for name in ("loop by slice", "auto", "gather", "dense", "needed", "loop"):
        with _peak_memory() as peak:
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
            count, seconds, busy = _timed(run, device)
            rates[name].append(count / seconds)
            rates[f"{name} CPU"].append(count / busy)
        for name, rate in zip(("matrix", "matrix CPU"), _matrix_rates(device), strict=True):
            rates[name].append(rate)
    return _row(patch, band, effort, rates, _fewest(model, voxels), len(voxels), peaks, difference)


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


def _runs(
    model: PatchAlexNet,
    inputs: PatchInputs,
    volume: npt.NDArray[np.float32],
    voxels: npt.NDArray[np.int64],
    sample: npt.NDArray[np.int64],
    device: torch.device,
) -> dict[str, Callable[[], npt.NDArray[np.float32]]]:
    some = voxels[sample]

    def classified(method: Method) -> Callable[[], npt.NDArray[np.float32]]:
        chosen = some if method == "gather" else voxels
        return lambda: classify_voxels(model, inputs, chosen, device=device, method=method)

    def by_slice() -> npt.NDArray[np.float32]:
        found = np.empty((len(some), model.config.classes), np.float32)

        def start() -> Callable[[int], None]:
            def handle(first: int) -> None:
                part = slice(first, first + BATCH)
                found[part] = _loop(model, volume, some[part], device)

            return handle

        run_threaded(start, range(0, len(some), BATCH), torch.get_num_threads())
        return found

    return {
        "loop": lambda: _loop(model, volume, some, device),
        "loop by slice": by_slice,
        **{way: classified(way) for way in WAYS},
    }


def _loop(
    model: PatchAlexNet,
    volume: npt.NDArray[np.float32],
    voxels: npt.NDArray[np.int64],
    device: torch.device,
) -> npt.NDArray[np.float32]:
    """What a plain script does."""
    size = model.config.patch_size
    edge = ((size // 2, size - 1 - size // 2),) * 2
    found, patches, padded, current = [], [], volume[0], -1
    with torch.inference_mode():
        for number, (z, y, x) in enumerate(voxels.tolist(), start=1):
            if z != current:
                padded, current = np.pad(volume[z], edge, mode="edge"), z
            patches.append(padded[y : y + size, x : x + size])
            if len(patches) == BATCH or number == len(voxels):
                batch = torch.from_numpy(np.stack(patches)[:, None]).to(device)
                found.append(model(batch).softmax(dim=1).cpu().numpy())
                patches = []
    return np.concatenate(found)


def _fewest(model: PatchAlexNet, voxels: npt.NDArray[np.int64]) -> float:
    """Multiply-adds of the needed set for one voxel."""
    layers = fold(model, "cpu", torch.float32)
    works = group_by_slice(torch.from_numpy(voxels), len(voxels))
    return sum(multiply_adds(layers, make_plan(layers, w.pixels)) for w in works) / len(voxels)


def _timed(
    run: Callable[[], npt.NDArray[np.float32]], device: torch.device
) -> tuple[int, float, float]:
    """Voxels, seconds by the clock, and seconds of processor time."""
    _wait(device)
    begin, busy = time.perf_counter(), time.process_time()
    count = len(run())
    _wait(device)
    return count, time.perf_counter() - begin, time.process_time() - busy


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _matrix_rates(device: torch.device) -> tuple[float, float]:
    """Floating-point operations of float32 matrix products, on all threads together.

    For each second by the clock, and for each second of processor time.
    """
    workers = torch.get_num_threads() if device.type == "cpu" else 1
    tensors = [torch.rand(3, MATRIX_SIDE, MATRIX_SIDE, device=device) for _ in range(workers)]

    def start() -> Callable[[torch.Tensor], None]:
        def multiply(three: torch.Tensor) -> None:
            for _ in range(3):
                torch.mm(three[0], three[1], out=three[2])
            _wait(device)

        return multiply

    run_threaded(start, [three[:, :64, :64] for three in tensors], workers)
    begin, busy = time.perf_counter(), time.process_time()
    run_threaded(start, tensors, workers)
    operations = 3 * workers * 2 * MATRIX_SIDE**3
    wall = operations / (time.perf_counter() - begin)
    return wall, operations / (time.process_time() - busy)


@contextmanager
def _peak_memory() -> Iterator[list[float]]:
    """Highest resident memory while inside above that at the start, MB; NaN where unknown."""
    peak = [float("nan")]
    statm = Path("/proc/self/statm")
    if not statm.exists():
        yield peak
        return

    def resident() -> float:
        return int(statm.read_text().split()[1]) * 4096 / 1e6

    stop, before = threading.Event(), resident()
    peak[0] = 0.0

    def watch() -> None:
        while not stop.wait(0.002):
            peak[0] = max(peak[0], resident() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()


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
