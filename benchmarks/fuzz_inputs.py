"""Reads damaged images by the thousand: no crash, no hang, no image in a wrong place.

Valid NIfTI files (plain and packed) and DICOM series are damaged at random: bits flipped, bytes set
or cut out or doubled, ends cut off, header numbers replaced by extreme ones. Each is read as
`predict` and `inspect` read it, in a process that may be killed. A damaged file may be refused with
a reason, or read. What is read must have the geometry, and its voxels the values, that another
library finds in the same file: nibabel for NIfTI, pydicom for DICOM. Where a warning says that the
orientation is in doubt (it is not stated, or stated twice and differently), its difference counts
as told.

With `--privacy`, people are hidden in headers, descriptions and names of DICOM files instead, in
many scripts and spellings; `predict` (of folders and zip files, plain and as BIDS), `inspect` and
`convert dicom-study` run on them, and every byte that comes out is searched for them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.fuzzing.damage import KINDS, damaged_file
from benchmarks.fuzzing.judging import Outcome, judge_file
from benchmarks.fuzzing.privacy_run import run_privacy

BATCH = 50
# A batch may take this long, its start included; a file takes a tenth of a second or so.
SECONDS_A_BATCH = 90.0


def main() -> None:
    """Damages, reads, and prints how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=4000, help="damaged files in all")
    parser.add_argument("--seed", type=int, default=1, help="of the damage")
    parser.add_argument("--quick", action="store_true", help="100 files")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts as JSON")
    parser.add_argument("--keep", type=Path, help="folder for the files that failed")
    parser.add_argument("--one", type=int, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--privacy", action="store_true", help="look for names that come out")
    asked = parser.parse_args()
    if asked.privacy:
        run_privacy(200 if asked.quick else asked.mutations, asked.seed, asked.json)
        return
    if asked.one:
        _run_batch(asked.seed, range(*asked.one))
        return
    total = 100 if asked.quick else asked.mutations
    started = time.monotonic()
    counts: Counter[str] = Counter()
    bad: list[dict[str, Any]] = []
    for first in range(0, total, BATCH):
        for line in _batch(asked.seed, first, min(first + BATCH, total)):
            counts[f"{line['kind']} {line['outcome']}"] += 1
            if line["outcome"] not in (Outcome.READ, Outcome.REFUSED):
                bad.append(line)
                print("FAULT", line, flush=True)
                _keep(asked.keep, asked.seed, line["number"])
    _print_table(counts)
    print(f"{total} damaged files, {len(bad)} faults, {time.monotonic() - started:.0f} s")
    if asked.json:
        result = {"mutations": total, "seed": asked.seed, "counts": counts, "faults": bad}
        asked.json.write_text(json.dumps(result, indent=2) + "\n")
    if bad:
        raise SystemExit(1)


def _batch(seed: int, first: int, last: int) -> list[dict[str, Any]]:
    """Reads a batch in a process of its own; a crash or a hang is laid to the file it was at."""
    lines: list[dict[str, Any]] = []
    while first < last:
        command = [sys.executable, "-m", "benchmarks.fuzz_inputs", "--seed", str(seed)]
        command += ["--one", str(first), str(last)]
        outcome = Outcome.CRASH
        try:
            ran = subprocess.run(
                command, capture_output=True, text=True, timeout=SECONDS_A_BATCH, check=False
            )
            output = ran.stdout
            if ran.returncode == 0:
                outcome = Outcome.READ
        except subprocess.TimeoutExpired as stopped:
            output = (stopped.stdout or b"").decode()
            outcome = Outcome.HANG
        done = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        lines += done
        first = done[-1]["number"] + 1 if done else first
        if first < last:
            kind = KINDS[first % len(KINDS)]
            lines.append({"number": first, "kind": kind, "outcome": outcome, "detail": ""})
            first += 1
    return lines


def _run_batch(seed: int, numbers: range) -> None:
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            kind, path = damaged_file(Path(folder), seed, number)
            outcome, detail = judge_file(kind, path)
        line = {"number": number, "kind": kind, "outcome": outcome, "detail": detail}
        print(json.dumps(line), flush=True)


def _keep(folder: Path | None, seed: int, number: int) -> None:
    if folder is not None:
        (folder / str(number)).mkdir(parents=True, exist_ok=True)
        damaged_file(folder / str(number), seed, number)


def _print_table(counts: Counter[str]) -> None:
    outcomes = list(Outcome)
    print("| file | " + " | ".join(outcomes) + " |")
    print("|---" * (1 + len(outcomes)) + "|")
    for kind in KINDS:
        cells = [str(counts[f"{kind} {outcome}"]) for outcome in outcomes]
        print(f"| {kind} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
