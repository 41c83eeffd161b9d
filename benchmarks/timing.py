"""Time, matrix rate and memory of what a benchmark runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from shoulderseg.refine.engines.threads import run_threaded

MATRIX_SIDE = 2048


def timed(
    run: Callable[[], npt.NDArray[np.float32]], device: torch.device
) -> tuple[int, float, float]:
    """Runs once; gives its voxels, seconds by the clock, and seconds of processor time."""
    _wait(device)
    begin, busy = time.perf_counter(), time.process_time()
    count = len(run())
    _wait(device)
    return count, time.perf_counter() - begin, time.process_time() - busy


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def matrix_rates(device: torch.device) -> tuple[float, float]:
    """Measures float32 matrix products, on all threads together, in operations.

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
def peak_memory() -> Iterator[list[float]]:
    """Measures how far the resident memory rises while inside, in MB; NaN where unknown."""
    peak = [float("nan")]
    statm = Path("/proc/self/statm")
    if not statm.exists():
        yield peak
        return

    def resident() -> float:
        return int(statm.read_text(encoding="utf-8").split()[1]) * 4096 / 1e6

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
