"""Many cases, some of them damaged, while processes are killed: what is lost, and what it costs.

Phantoms, of which each tenth file is damaged in one of ten ways, are segmented by `shoulderseg
predict` four times: by one process that nobody disturbs; by two that share the folder; by two of
which one is killed (SIGKILL) again and again, and started anew; and once more with all done, for
what a kept case costs. The masks of the third are compared with those of the first byte by byte,
each damaged file has to be named, and nothing half written may stay. Memory is the largest of each
process, with a quarter of the cases and with all.

One process has one thread of OpenVINO, so that two may be compared with one.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.writer import write_image
from shoulderseg.workflows.cohort.status import read_status

SEED = 4200
PROGRAM = Path(sys.executable).with_name("shoulderseg")


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _header(place: int, content: bytes) -> Callable[[bytes], bytes]:
    """Other bytes in the NIfTI header, which begins with 348."""

    def spoil(file: bytes) -> bytes:
        plain = gzip.decompress(file)
        return gzip.compress(plain[:place] + content + plain[place + len(content) :])

    return spoil


def _voxels(value: float) -> Callable[[bytes], bytes]:
    return lambda file: gzip.compress(
        gzip.decompress(file)[:-4] + np.array(value, np.float32).tobytes()
    )


# NIfTI-1: sizes at 40, type of voxels at 70, their bits at 72, spacing at 80, axes at 280.
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut off": _cut,
    "empty": lambda _: b"",
    "text": lambda _: b"no image\n" * 50,
    "not packed whole": lambda file: file[:-8] + bytes(8),
    "NaN": _voxels(float("nan")),
    "infinite": _voxels(float("inf")),
    "more slices than there are": _header(46, np.array([900], np.int16).tobytes()),
    "complex voxels": _header(70, np.array([32, 64], np.int16).tobytes()),
    "no size of its header": _header(0, np.array([7], np.int32).tobytes()),
    "skewed axes": _header(280, np.array([1, 1, 0, 0, 0, 1], np.float32).tobytes()),
}


class Job(NamedTuple):
    """What came of processes that shared a folder."""

    seconds: float
    kills: int
    memory_mb: float


class Kills(NamedTuple):
    """When the next process is killed: after so many seconds, or after so many masks."""

    every_s: float = 0.0
    every_cases: int = 0

    def due(self, killed: int, seconds: float, out: Path) -> bool:
        """Whether it is time for one more."""
        if self.every_cases:
            return len(list(out.glob("*.nii.gz"))) >= (killed + 1) * self.every_cases
        return seconds > (killed + 1) * self.every_s


def main() -> None:
    """Makes the files, segments them, prints the table, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--kill-every", type=float, default=20.0, help="seconds")
    parser.add_argument("--quick", action="store_true", help="20 cases, a kill after each fifth")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    asked = parser.parse_args()
    cases = 20 if asked.quick else asked.cases
    kills = Kills(every_cases=5) if asked.quick else Kills(every_s=asked.kill_every)
    with tempfile.TemporaryDirectory() as scratch:
        figures = _measure(Path(scratch), cases, kills)
    for name, value in figures.items():
        print(f"| {name} | {value if isinstance(value, int) else f'{value:.2f}'} |")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


def _measure(scratch: Path, cases: int, kills: Kills) -> dict[str, Any]:
    few, images = scratch / "few", scratch / "in"
    _make_images(few, max(cases // 4, 1))
    bad = _make_images(images, cases)
    one = _run(images, scratch / "one", workers=1)
    quarter = _run(few, scratch / "quarter", workers=1)
    two = _run(images, scratch / "two", workers=2)
    killed = _run(images, scratch / "killed", workers=2, kills=kills)
    again = _run(images, scratch / "killed", workers=1)
    whole, masks = _masks(scratch / "one"), _masks(scratch / "killed")
    found = read_status(scratch / "killed")
    unnamed = [name for name in bad if name not in " ".join(found.failed.values())]
    left = [*(scratch / "killed").rglob(".part-*"), *(scratch / "killed").rglob("*.lock")]
    return {
        "cases": cases,
        "damaged": len(bad),
        "kills": killed.kills,
        "cases_lost": len(whole.keys() - masks.keys()) + len(found.missing),
        "masks_differing": sum(masks.get(name) != content for name, content in whole.items()),
        "masks_too_many": len(masks.keys() - whole.keys()),
        "bad_unnamed": len(unnamed),
        "left_behind": len(left),
        "cases_a_minute_of_one": 60 * cases / one.seconds,
        "cases_a_minute_of_two": 60 * cases / two.seconds,
        "two_to_one": one.seconds / two.seconds,
        "seconds_with_kills": killed.seconds,
        "seconds_all_kept": again.seconds,
        "kept_case_ms": 1000 * again.seconds / cases,
        "memory_mb_quarter": quarter.memory_mb,
        "memory_mb_all": one.memory_mb,
    }


def _make_images(folder: Path, cases: int) -> list[str]:
    """Phantoms, each tenth of them damaged; gives the names of these files."""
    folder.mkdir()
    bad = []
    for number in range(cases):
        rng = np.random.default_rng(SEED + number)
        case = make_case(PhantomOptions(shape=(4, 96, 96)), rng)
        path = folder / f"case_{number:04d}.nii.gz"
        image = case.image
        write_image(path, replace(image, array=image.array.astype(np.float32)))
        if number % 10 == 5:
            kind = list(DAMAGE)[number // 10 % len(DAMAGE)]
            path.write_bytes(DAMAGE[kind](path.read_bytes()))
            bad.append(path.name)
    return bad


def _run(images: Path, out: Path, workers: int, kills: Kills | None = None) -> Job:
    """Lets processes work in one folder until none has anything left to do."""
    started, killed, memory = time.perf_counter(), 0, 0.0
    rng = np.random.default_rng(SEED)
    jobs = [_start(images, out) for _ in range(workers)]
    while jobs:
        time.sleep(0.02)
        if kills is not None and kills.due(killed, time.perf_counter() - started, out):
            victim = int(rng.integers(len(jobs)))
            os.kill(jobs[victim], signal.SIGKILL)
            os.waitpid(jobs[victim], 0)
            jobs[victim] = _start(images, out)
            killed += 1
        for job in list(jobs):
            ended, status, used = os.wait4(job, os.WNOHANG)
            if ended:
                # Some cases failed.
                if os.waitstatus_to_exitcode(status) not in (0, 1):
                    msg = f"predict ended with {os.waitstatus_to_exitcode(status)}"
                    raise RuntimeError(msg)
                memory = max(memory, used.ru_maxrss / 1024)
                jobs.remove(job)
    return Job(time.perf_counter() - started, killed, memory)


def _start(images: Path, out: Path) -> int:
    words: list[str | Path] = [PROGRAM, "--quiet", "predict", images, out, "--device", "cpu"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    null = subprocess.DEVNULL
    # Ended processes are waited for by number, which tells their memory.
    return subprocess.Popen(words, stdout=null, stderr=null, env=environment).pid


def _masks(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("*.nii.gz")}


if __name__ == "__main__":
    main()
