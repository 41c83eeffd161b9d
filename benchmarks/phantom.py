"""How long a phantom takes, and how much memory.

Every kind of case runs in a process of its own, whose peak resident memory is the kernel's
(`ru_maxrss`, everything imported included). Each repeat is another shoulder with another seed; the
table has the median and the slowest. `draw`, `paint` and `acquire` are medians of the parts, `CPU`
of the processor time of all threads. The last row is the command line from start to exit, with what
it writes.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

# Small arrays gain nothing from BLAS threads, which would compete with the painter's.
os.environ.setdefault("OMP_NUM_THREADS", "1")

WORKERS = 2
COMMAND = ("--cases", "1", "--sequence", "pd-fs", "--plane", "axial", "--seed", "1")


class Kind(NamedTuple):
    """A kind of case: what is asked for, and how long and large it may be."""

    name: str
    options: dict[str, Any]
    limit_s: float | None = None
    limit_gib: float | None = None


LARGE = Kind(
    "volume, 100 slices",
    {
        "sequence": "pd-fs",
        "plane": "isotropic",
        "shape": (100, 384, 384),
        "spacing_mm": (1.0, 0.45, 0.45),
    },
    60,
    4,
)
USUAL = Kind("axial, 25 slices", {"sequence": "pd-fs", "plane": "axial", "shape": (25, 384, 384)})
SMALL = Kind(
    "for training",
    {
        "sequence": "t1-se",
        "plane": "coronal",
        "shape": (20, 128, 128),
        "spacing_mm": (4.0, 1.25, 1.25),
    },
)
COMMAND_LIMIT_S = 30


class Row(NamedTuple):
    """What was measured for one kind; seconds, GiB, medians unless said otherwise."""

    name: str
    voxels: str
    seconds: float
    slowest: float
    cpu: float
    draw: float
    paint: float
    acquire: float
    peak_gib: float
    limit: str


_TITLES = (
    *("case", "voxels", "seconds", "slowest", "CPU s", "draw s", "paint s", "acquire s"),
    *("peak GiB", "wanted"),
)


def main() -> None:
    """Measures and prints the table."""
    options = _parse()
    kinds = (USUAL, SMALL) if options.quick else (LARGE, USUAL, SMALL)
    repeats = 1 if options.quick else options.repeats
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{platform.machine()}, {os.cpu_count()} cores, load before {load}; {repeats} repeats\n")
    print(f"| {' | '.join(_TITLES)} |\n" + "|---" * len(_TITLES) + "|", flush=True)
    rows = []
    for kind in kinds:
        rows.append(_measured(kind, repeats))
        print(_as_markdown(rows[-1]), flush=True)
    rows.append(_measured_command(repeats))
    print(_as_markdown(rows[-1]), flush=True)
    if options.json:
        found = {"load_before": load, "rows": [row._asdict() for row in rows]}
        options.json.write_text(json.dumps(found, indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smaller cases once")
    parser.add_argument("--repeats", type=int, default=3, help="shoulders of a kind (default: 3)")
    parser.add_argument("--json", type=Path, help="write every figure here")
    return parser.parse_args()


def _measured(kind: Kind, repeats: int) -> Row:
    # A spawned process has only its own memory; a forked one would count its parent's.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        times, shape, peak_gib = pool.submit(_make_cases, kind.options, repeats).result()
    middle = {name: statistics.median(taken[name] for taken in times) for name in times[0]}
    wanted = [f"< {kind.limit_s:.0f} s"] if kind.limit_s else []
    wanted += [f"< {kind.limit_gib:.0f} GiB"] if kind.limit_gib else []
    return Row(
        name=kind.name,
        voxels=" x ".join(map(str, shape)),
        seconds=middle["wall"],
        slowest=max(taken["wall"] for taken in times),
        cpu=middle["cpu"],
        draw=middle["wall"] - middle["paint"] - middle["acquire"],
        paint=middle["paint"],
        acquire=middle["acquire"],
        peak_gib=peak_gib,
        limit=", ".join(wanted),
    )


def _make_cases(
    asked: dict[str, Any], repeats: int
) -> tuple[list[dict[str, float]], tuple[int, ...], float]:
    """Seconds of each case and its parts, the shape, and this process's peak memory in GiB."""
    import numpy as np

    from shoulderseg.datasets.phantom import case
    from shoulderseg.datasets.phantom.options import PhantomOptions
    from shoulderseg.datasets.phantom.painting import paint
    from shoulderseg.datasets.phantom.scanner.acquire import acquire

    times, shape = [], (0, 0, 0)
    for seed in range(1, repeats + 1):
        taken: dict[str, float] = {}
        with (
            patch.object(case, "paint", _timed(paint, taken, "paint")),
            patch.object(case, "acquire", _timed(acquire, taken, "acquire")),
        ):
            begin, busy = time.perf_counter(), time.process_time()
            made = case.make_case(
                PhantomOptions(**asked), np.random.default_rng(seed), workers=WORKERS
            )
            taken["wall"] = time.perf_counter() - begin
            taken["cpu"] = time.process_time() - busy
        times.append(taken)
        shape = made.image.array.shape
    return times, shape, _gib(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _timed(run: Callable[..., Any], taken: dict[str, float], name: str) -> Callable[..., Any]:
    """The same function, noting how long it takes."""

    def timed(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passes on whatever comes
        begin = time.perf_counter()
        result = run(*args, **kwargs)
        taken[name] = time.perf_counter() - begin
        return result

    return timed


def _measured_command(repeats: int) -> Row:
    """The command line as users type it, into a new folder each time."""
    program = Path(sys.executable).with_name("shoulderseg")
    walls, busy, peaks = [], [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            arguments = [str(program), "phantom", str(Path(folder) / "out"), *COMMAND]
            with (Path(folder) / "stderr").open("w+") as stderr:
                process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=stderr)
                # Tells the memory of this one process, as waiting through `subprocess` does not.
                _, status, usage = os.wait4(process.pid, 0)
                walls.append(time.perf_counter() - begin)
                process.returncode = os.waitstatus_to_exitcode(status)
                stderr.seek(0)
                complaint = stderr.read()
        if process.returncode:
            msg = f"{' '.join(arguments)} ended with {process.returncode}: {complaint.strip()}"
            raise RuntimeError(msg)
        busy.append(usage.ru_utime + usage.ru_stime)
        peaks.append(_gib(usage.ru_maxrss))
    nan = float("nan")
    return Row(
        f"`shoulderseg phantom OUT {' '.join(COMMAND)}`",
        "",
        statistics.median(walls),
        max(walls),
        statistics.median(busy),
        nan,
        nan,
        nan,
        max(peaks),
        f"< {COMMAND_LIMIT_S} s",
    )


def _gib(maxrss: int) -> float:
    """Linux counts KiB, macOS bytes."""
    return maxrss / (1024**3 if sys.platform == "darwin" else 1024**2)


def _as_markdown(row: Row) -> str:
    cells = [row.name, row.voxels]
    cells += ["" if math.isnan(value) else f"{value:.1f}" for value in row[2:8]]
    cells += [f"{row.peak_gib:.2f}", row.limit]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
