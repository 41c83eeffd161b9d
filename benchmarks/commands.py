"""What the commands need: wall time, processor time, peak memory and disk.

Each command runs as a process of its own, one after another, on small phantoms and on one of usual
size. `CPU s` is the processor time of the command and of all processes that it started; `peak GiB`
the resident memory of the largest of these; `disk MiB` what the command left behind. Trainings are
cut to a few steps, so that a step's time can be told; `start` is what a command takes that has
nothing to do. What else runs on the machine lengthens the wall time, hence the load before each
command. `--quick` runs the commands that take seconds, on tiny phantoms.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from shoulderseg.workflows.processes.scripts import installed_script, process_limit

SMALL = "--shape {small} --spacing 4,0.8,0.8 --sequence pd-fs --plane coronal"
USUAL = "--shape 25,384,384 --spacing 4,0.42,0.42 --sequence pd-fs --plane axial"
DATA, PLANNED = "{root}/nnUNet_raw", "{root}/nnUNet_raw/Dataset901_Phantom"
# Number of the small network's training steps, and of the edge refiner's.
STEPS = 20


@dataclass(frozen=True)
class Step:
    """A command that is measured.

    Attributes:
        words: what stands behind `shoulderseg`; {root} and {small} are filled in.
        given: the input, in words.
        quick: whether `--quick` runs it too.
    """

    words: str
    given: str
    quick: bool = False


PLAN = (
    Step("doctor", "start", quick=True),
    Step("models", "start", quick=True),
    Step(f"phantom {DATA} --cases 2 --dataset-id 901 --seed 2 {SMALL}", "2 small", quick=True),
    Step(f"phantom {{root}}/usual --cases 1 --seed 1 {USUAL}", "1 usual"),
    Step(f"inspect {PLANNED}/imagesTr", "2 small", quick=True),
    Step(f"predict {PLANNED}/imagesTr {{root}}/out", "2 small", quick=True),
    Step("predict {root}/usual/Dataset900_Phantom/imagesTr {root}/out-usual", "1 usual"),
    Step(f"evaluate {{root}}/out {PLANNED}/labelsTr", "2 small", quick=True),
    Step(
        "evaluate {root}/out-usual {root}/usual/Dataset900_Phantom/labelsTr",
        "1 usual",
    ),
    Step(
        f"convert pairs {PLANNED}/imagesTr {PLANNED}/labelsTr {DATA} --dataset-id 902 "
        "--map 1=humerus --map 2=glenoid --folds 2",
        "2 small",
    ),
    Step("plan 901 --size small", "2 small"),
    Step(
        "train 901 --size small --variants humerus --folds 0 --epochs 1 --device cpu "
        f"--iterations {STEPS}",
        f"2 small, one U-Net, {STEPS} steps",
    ),
    Step(
        f"train-refiner 901 --unets default --folds 0 --epochs 1 --steps {STEPS} --device cpu",
        f"2 small, one fold, {STEPS} steps",
    ),
    Step("export 901 {root}/bundle --unets default", "one fold"),
)


@dataclass(frozen=True)
class Row:
    """What a command took.

    Attributes:
        command: without its paths.
        given: the input, in words.
        exit_code: of the command.
        wall_s: seconds by the clock.
        cpu_s: processor seconds of the command and its processes.
        peak_gib: resident memory of the largest of these processes.
        disk_mib: bytes left behind, in MiB.
        load_before: the machine's load average over a minute.
    """

    command: str
    given: str
    exit_code: int
    wall_s: float
    cpu_s: float
    peak_gib: float
    disk_mib: float
    load_before: float


def main() -> None:
    """Runs the commands and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="commands that take seconds, tiny")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    asked = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores\n")
    print("| command | input | wall s | CPU s | peak GiB | disk MiB | load |")
    print("|---|---|---|---|---|---|---|", flush=True)
    rows = []
    with tempfile.TemporaryDirectory(prefix="commands-") as scratch:
        for step in PLAN:
            if step.quick or not asked.quick:
                rows.append(_measure(step, Path(scratch), quick=asked.quick))
                print(_as_markdown(rows[-1]), flush=True)
    if asked.json:
        found: dict[str, object] = {"machine": platform.machine(), "cores": os.cpu_count()}
        found["rows"] = [asdict(row) for row in rows]
        asked.json.write_text(json.dumps(found, indent=2) + "\n")
    failed = [row.command for row in rows if row.exit_code]
    if failed:
        sys.exit(f"these commands failed, so their rows say nothing: {', '.join(failed)}")


def _measure(step: Step, root: Path, *, quick: bool) -> Row:
    small = "6,64,64" if quick else "8,192,192"
    words = step.words.format(root=root, small=small).split()
    environment = {**os.environ, **process_limit(), "OMP_WAIT_POLICY": "passive"}
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (root / variable).mkdir(exist_ok=True)
        environment[variable] = str(root / variable)
    before, load = _bytes_below(root), os.getloadavg()[0]
    started = time.perf_counter()
    log = root.with_suffix(".log")
    with log.open("wb") as stream:
        child = subprocess.Popen(
            [installed_script("shoulderseg"), *words],
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(child.pid, 0)
    wall_s = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        print(log.read_text(errors="replace")[-2000:], file=sys.stderr)
    log.unlink()
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return Row(
        command=" ".join(word for word in words[:2] if "/" not in word and not word.isdecimal()),
        given=step.given,
        exit_code=child.returncode,
        wall_s=round(wall_s, 1),
        cpu_s=round(usage.ru_utime + usage.ru_stime, 1),
        peak_gib=round(usage.ru_maxrss * unit / 2**30, 2),
        disk_mib=round((_bytes_below(root) - before) / 2**20, 1),
        load_before=round(load, 1),
    )


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _as_markdown(row: Row) -> str:
    cells = [f"`{row.command}`", row.given, f"{row.wall_s:.1f}", f"{row.cpu_s:.1f}"]
    cells += [f"{row.peak_gib:.2f}", f"{row.disk_mib:.1f}", f"{row.load_before:.1f}"]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
