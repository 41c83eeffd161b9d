"""A run on several machines, of which one is cut off from the network and comes back.

The machines are network namespaces of this one: a Dask scheduler, workers, and the command `predict
--scheduler`, each with an address of its own, joined by a bridge; all of them share one disk. While
a worker has a case, its cable is pulled, and put in again later. Dask ends a worker that comes
back; it is then started again. Each tenth image is damaged. Masks are compared byte by byte with
those of one process that nobody disturbs, each damaged image has to be named, and nothing may be
left behind.

Needs Linux and root, and says so else (exit code 2). The namespaces go when the command ends, also
where it is interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.cohort import PROGRAM, left_behind, masks_of
from benchmarks.cohort_events import done_by, in_hand, read_events, times_given
from benchmarks.cohort_images import make_images
from benchmarks.network_namespaces import (
    Network,
    NoNamespacesError,
    namespaces_left,
    network_of,
)
from shoulderseg.workflows.cohort.status import read_status

DASK = Path(sys.executable).with_name("dask")
PORT = 8786
# When a scheduler gives up a worker that it does not hear of; Dask's own five minutes are long.
LOST_AFTER = "10s"
PATIENCE_S = 600.0
# How long a worker that was away may take to find out that it is no longer known.
FAREWELL_S = 60.0


class Cut(NamedTuple):
    """What came of a worker that was cut off.

    Attributes:
        away_s: how long it was.
        case: what it had.
        back_in_time: whether it came back while the run went on.
        events: how many the log of the run had then.
    """

    away_s: float
    case: str
    back_in_time: bool
    events: int


def main() -> int:
    """Runs the cases both ways, prints the table, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--away", type=float, default=25.0, help="seconds without a network")
    parser.add_argument("--quick", action="store_true", help="16 cases, two workers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    asked = parser.parse_args()
    cases, workers = (16, 2) if asked.quick else (asked.cases, asked.workers)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory() as scratch:
        try:
            figures = _measure(Path(scratch), cases, workers, asked.away)
        except NoNamespacesError as error:
            print(f"not rehearsed: {error}", file=sys.stderr)
            return 2
    for name, value in figures.items():
        print(f"| {name} | {value if isinstance(value, int) else f'{value:.1f}'} |")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def _measure(scratch: Path, cases: int, workers: int, away_s: float) -> dict[str, Any]:
    images, whole, out, logs = (scratch / name for name in ("in", "whole", "out", "logs"))
    logs.mkdir()
    names = ["scheduler", "command", *(f"worker{number}" for number in range(workers))]
    bad = make_images(images, cases)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    words: list[str | Path] = [PROGRAM, "--quiet", "predict", images, "--device", "cpu"]
    with network_of(names, logs) as network:
        began = time.monotonic()
        null = subprocess.DEVNULL
        code = subprocess.call([*words, whole], env=environment, stdout=null, stderr=null)
        alone = time.monotonic() - began
        cluster = Cluster(network, scratch, environment)
        began = time.monotonic()
        scheduler = f"tcp://{network.address('scheduler')}:{PORT}"
        command = network.start("command", [*words, out, "--scheduler", scheduler], environment)
        worker = cluster.start()[0]
        cut = _cut_off(network, command, out, away_s)
        _wait(lambda: _over(command) or _over(worker), network, "the worker or the run to end")
        if not _over(command):
            cluster.start_worker("worker0")
        _wait(lambda: _over(command), network, "the run to end")
        together = time.monotonic() - began
        # The one that was away may be at the end of its case.
        _waited(lambda: not left_behind(out), FAREWELL_S)
        ended = _waited(lambda: _over(worker), FAREWELL_S)
    where = f"tcp://{network.address('worker0')}:"
    return {
        "cases": cases,
        "damaged": len(bad),
        "workers": workers,
        **_compared(whole, out, bad),
        "exit_code_alone": code,
        "exit_code_on_machines": command.returncode,
        "seconds_away": cut.away_s,
        "back_while_the_run_went_on": int(cut.back_in_time),
        "times_its_case_was_given": times_given(read_events(out), cut.case),
        "worker_ended_by_dask": int(ended),
        "cases_it_did_when_started_again": done_by(read_events(out)[cut.events :], where),
        "seconds_alone": alone,
        "seconds_on_machines": together,
        "namespaces_left": len(namespaces_left()),
    }


def _compared(whole: Path, out: Path, bad: list[str]) -> dict[str, int]:
    right, masks, found = masks_of(whole), masks_of(out), read_status(out)
    told = " ".join(found.failed.values())
    return {
        "cases_lost": len(right.keys() - masks.keys()) + len(found.missing),
        "masks_differing": sum(masks.get(name) != content for name, content in right.items()),
        "masks_too_many": len(masks.keys() - right.keys()),
        "bad_unnamed": sum(name not in told for name in bad),
        "failed_too_many": len(found.failed) - len(bad),
        "left_behind": len(left_behind(out)),
    }


@dataclass(frozen=True)
class Cluster:
    """Scheduler and workers, each on its machine.

    Attributes:
        network: of the machines.
        scratch: folder for what workers write beside results.
        environment: variables of all of them.
    """

    network: Network
    scratch: Path
    environment: Mapping[str, str]

    def start(self) -> list[subprocess.Popen[bytes]]:
        """Starts all, and gives the workers."""
        more = {**self.environment, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": LOST_AFTER}
        words: list[str | Path] = [DASK, "scheduler", "--host", self.network.address("scheduler")]
        self.network.start("scheduler", [*words, "--port", str(PORT), "--no-dashboard"], more)
        names = [name for name in self.network.machines if name.startswith("worker")]
        return [self.start_worker(name) for name in names]

    def start_worker(self, name: str) -> subprocess.Popen[bytes]:
        """Starts a worker, also one that has ended.

        Args:
            name: of its machine.
        """
        words: list[str | Path] = [DASK, "worker"]
        words += [f"tcp://{self.network.address('scheduler')}:{PORT}"]
        words += ["--host", self.network.address(name), "--nthreads", "1", "--memory-limit", "0"]
        words += ["--no-dashboard", "--local-directory", self.scratch / name]
        return self.network.start(name, words, self.environment)


def _cut_off(network: Network, command: subprocess.Popen[bytes], out: Path, away_s: float) -> Cut:
    """Pulls the first worker's cable while it has a case and a mask is there, and puts it back."""
    where = f"tcp://{network.address('worker0')}:"

    def at_work() -> str:
        # Damaged ones, which end with 5, are done in a moment.
        good = [case for case in in_hand(read_events(out), where) if case[-1] != "5"]
        return min(good, default="") if masks_of(out) else ""

    _wait(lambda: bool(at_work()) or _over(command), network, "a case to be at work")
    case = at_work()
    network.plug("worker0", into=False)
    pulled = time.monotonic()
    try:
        _waited(lambda: _over(command), away_s)
    finally:
        network.plug("worker0", into=True)
    return Cut(time.monotonic() - pulled, case, not _over(command), len(read_events(out)))


def _over(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


def _waited(until: Callable[[], bool], patience_s: float) -> bool:
    """Whether something came to be in time."""
    end = time.monotonic() + patience_s
    while not until():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _wait(until: Callable[[], bool], network: Network, what: str) -> None:
    if _waited(until, PATIENCE_S):
        return
    for log in sorted(network.logs.iterdir()):
        print(f"{log.stem}:\n{log.read_text()[-2000:]}", file=sys.stderr)
    msg = f"waited {PATIENCE_S:.0f} s for {what}"
    raise TimeoutError(msg)


if __name__ == "__main__":
    sys.exit(main())
