"""Many cases, some of them damaged, while processes are killed: what is lost, and what it costs.

Phantoms, of which each tenth file is damaged in one of ten ways, are segmented by `shoulderseg
predict`: by one process that nobody disturbs; by two that share the cases, of which one is killed
(SIGKILL) again and again; and once more with all done, for what a kept case costs. The masks of the
second run are compared with those of the first byte by byte, each damaged file has to be named, and
nothing half written may stay. Without `--quick` two also do all cases undisturbed, and a quarter of
them; memory is the largest of each process.

The two are workers of a Dask cluster that `predict --workers 2` starts; the second and the fifth
kill are of that command itself, which is given again then. With `--processes` they are two commands
that share the folder, and each that is killed is given again.

A worker has one thread of OpenVINO, as has the one process, so that two may be compared with one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.cohort_images import SEED, make_images
from shoulderseg.workflows.cohort.fragment import FOLDER
from shoulderseg.workflows.cohort.status import read_status

PROGRAM = Path(sys.executable).with_name("shoulderseg")
# Of several minutes, most are the networks'.
QUICKLY = ("--no-mirroring",)


class Job(NamedTuple):
    """What came of processes that shared the cases: memory of commands, and of their workers."""

    seconds: float
    kills: int
    memory_mb: float
    workers_mb: float


class Command(NamedTuple):
    """What is segmented, with which further options, and how many workers it starts."""

    images: Path
    options: tuple[str, ...] = ()
    workers: int = 0

    def start(self, out: Path) -> int:
        """Starts the command, and gives its process.

        Args:
            out: folder of the results.
        """
        words: list[str | Path] = [PROGRAM, "--quiet", "predict", self.images, out]
        words += ["--device", "cpu", *self.options]
        words += ["--workers", str(self.workers)] if self.workers else []
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        null = subprocess.DEVNULL
        # Ended processes are waited for by number.
        return subprocess.Popen(words, stdout=null, stderr=null, env=environment).pid


class Kills(NamedTuple):
    """When the next process is killed: after so many seconds, or after so many masks."""

    every_s: float = 0.0
    every_cases: int = 0
    # Which kills, from 0, are of the command that has workers.
    of_commands: tuple[int, ...] = (1, 4)

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
    parser.add_argument("--processes", action="store_true", help="two commands, no Dask")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="20 cases without mirroring, a kill after each fifth, no scaling",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    asked = parser.parse_args()
    cases = 20 if asked.quick else asked.cases
    kills = Kills(every_cases=5) if asked.quick else Kills(every_s=asked.kill_every)
    with tempfile.TemporaryDirectory() as scratch:
        figures = _measure(
            Path(scratch), cases, kills, commands=2 if asked.processes else 1, quick=asked.quick
        )
    for name, value in figures.items():
        print(f"| {name} | {value if isinstance(value, int) else f'{value:.2f}'} |")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


def _measure(
    scratch: Path, cases: int, kills: Kills, commands: int, *, quick: bool
) -> dict[str, Any]:
    few, images = scratch / "few", scratch / "in"
    bad = make_images(images, cases)
    alone = Command(images, QUICKLY if quick else ())
    shared = alone._replace(workers=2 if commands == 1 else 0)
    one = _run(alone, scratch / "one")
    killed = _run(shared, scratch / "killed", commands, kills)
    again = _run(alone, scratch / "killed")
    whole, masks = masks_of(scratch / "one"), masks_of(scratch / "killed")
    found = read_status(scratch / "killed")
    unnamed = [name for name in bad if name not in " ".join(found.failed.values())]
    figures = {
        "cases": cases,
        "damaged": len(bad),
        "kills": killed.kills,
        "cases_lost": len(whole.keys() - masks.keys()) + len(found.missing),
        "masks_differing": sum(masks.get(name) != content for name, content in whole.items()),
        "masks_too_many": len(masks.keys() - whole.keys()),
        "bad_unnamed": len(unnamed),
        "left_behind": len(left_behind(scratch / "killed")),
        "cases_a_minute_of_one": 60 * cases / one.seconds,
        "seconds_with_kills": killed.seconds,
        "seconds_all_kept": again.seconds,
        "kept_case_ms": 1000 * again.seconds / cases,
        "memory_mb_alone": one.memory_mb,
        "memory_mb_with_kills": killed.memory_mb,
        "worker_mb_with_kills": killed.workers_mb,
    }
    if quick:
        return figures
    make_images(few, max(cases // 4, 1))
    quarter = _run(shared._replace(images=few), scratch / "quarter", commands)
    two = _run(shared, scratch / "two", commands)
    return figures | {
        "cases_a_minute_of_two": 60 * cases / two.seconds,
        "two_to_one": one.seconds / two.seconds,
        "memory_mb_quarter": quarter.memory_mb,
        "memory_mb_all": two.memory_mb,
        "worker_mb_quarter": quarter.workers_mb,
        "worker_mb_all": two.workers_mb,
    }


def _run(command: Command, out: Path, commands: int = 1, kills: Kills | None = None) -> Job:
    """Gives the command so many times, and again after each kill, until nothing is left to do."""
    started, killed, memory, workers_mb = time.perf_counter(), 0, 0.0, 0.0
    rng, workers = np.random.default_rng(SEED), command.workers
    jobs = [command.start(out) for _ in range(commands)]
    while jobs:
        time.sleep(0.02)
        below = [worker for job in jobs for worker in _workers(job)] if workers else []
        workers_mb = max([workers_mb, *map(_peak_mb, below)])
        memory = max([memory, *map(_peak_mb, jobs)])
        due = kills is not None and kills.due(killed, time.perf_counter() - started, out)
        if due and kills is not None and workers and killed not in kills.of_commands:
            # A kill waits until there is a worker.
            if below:
                _kill(below[int(rng.integers(len(below)))])
                killed += 1
        elif due:
            victim = int(rng.integers(len(jobs)))
            _kill(jobs[victim])
            os.waitpid(jobs[victim], 0)
            jobs[victim] = command.start(out)
            killed += 1
        for job in list(jobs):
            ended, status = os.waitpid(job, os.WNOHANG)
            if ended:
                # Some cases failed.
                if os.waitstatus_to_exitcode(status) not in (0, 1):
                    msg = f"predict ended with {os.waitstatus_to_exitcode(status)}"
                    raise RuntimeError(msg)
                jobs.remove(job)
    return Job(time.perf_counter() - started, killed, memory, workers_mb)


def _workers(command: int) -> list[int]:
    """The processes that a command has started as workers."""
    try:
        threads = [path.name for path in Path(f"/proc/{command}/task").iterdir()]
        below = " ".join(
            Path(f"/proc/{command}/task/{thread}/children").read_text(encoding="ascii")
            for thread in threads
        )
    except OSError:
        return []
    return [int(process) for process in below.split() if "spawn_main" in _words(process)]


def _words(process: str) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


def _peak_mb(process: int) -> float:
    """The largest memory that a process has had; 0 of one that has ended."""
    try:
        told = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = [line.split()[1] for line in told.splitlines() if line.startswith("VmHWM:")]
    return float(found[0]) / 1024 if found else 0.0


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def masks_of(out: Path) -> dict[str, bytes]:
    """The bytes of each label map in a folder.

    Args:
        out: folder of the results; without any it need not be there.
    """
    return {path.name: path.read_bytes() for path in out.glob("*.nii.gz")}


def left_behind(out: Path) -> list[Path]:
    """What no run that has ended may leave: half-written files, locks, claims, marks of runs.

    Args:
        out: folder of the results.
    """
    own = out / FOLDER
    return [*out.rglob(".part-*"), *out.rglob("*.lock"), *own.glob("runs"), *own.glob("claims")]


if __name__ == "__main__":
    main()
