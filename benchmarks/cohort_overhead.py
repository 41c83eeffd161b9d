"""What many cases cost beside their work: cases that take none, spread over workers.

The run is real (its list of cases, the pool of workers, claims, notes, log, report and table):
a worker claims a case, notes that it is done with one small file, and gives back a record as long
as a real one. No image is read and no network runs. Workers are processes on this machine.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from shoulderseg.workflows.cohort.cluster import Where, joined
from shoulderseg.workflows.cohort.duty import Duty
from shoulderseg.workflows.cohort.presence import at_work, claimed
from shoulderseg.workflows.cohort.resume import Ledger, note_done
from shoulderseg.workflows.cohort.run_log import RunLog
from shoulderseg.workflows.cohort.spread import give_out
from shoulderseg.workflows.cohort.worker import Outcome
from shoulderseg.workflows.inputs.case_input import CaseInput
from shoulderseg.workflows.inputs.discover import Inputs
from shoulderseg.workflows.outputs.plan import REPORT_FILE, OutputPlan
from shoulderseg.workflows.segmentation.batch_list import Batch, list_batches
from shoulderseg.workflows.segmentation.listener import Listener
from shoulderseg.workflows.segmentation.run_plan import Run
from shoulderseg.workflows.segmentation.run_report import RunReport

BONES = {"humerus": 1, "glenoid": 2}


def main() -> None:
    """Runs the cases, prints the table, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        figures = _measure(Path(scratch) / "out", asked.cases, asked.workers)
    for name, value in figures.items():
        print(f"| {name} | {value if isinstance(value, int) else f'{value:.2f}'} |")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


def fit() -> str:
    """Every worker is."""
    return ""


def no_work(ledger: Ledger, batch: Batch) -> Outcome:
    """Claims and notes a case, and gives a record of it.

    Args:
        ledger: where it stands what is done.
        batch: the case.
    """
    with claimed(ledger.out, batch.name):
        file = f"{batch.name}.nii.gz"
        (ledger.out / file).write_bytes(b"nothing")
        record = _record(batch.name, file)
        note_done(ledger, batch.name, "0" * 64, ([record], None))
    return Outcome((record,))


def _record(name: str, file: str) -> dict[str, Any]:
    quality = {"humerus": 0.97, "glenoid": 0.93, "flags": [], "agreement": [0.912345] * 12}
    return {
        "case": name,
        "output": file,
        "outputs": [file],
        "shape": [24, 384, 384],
        "spacing_mm": [3.5, 0.416667, 0.416667],
        "empty": False,
        "volumes_ml": {"humerus": 61.234, "glenoid": 12.345},
        "voted_voxels": 123456,
        "disputed_voxels": 2345,
        "voter_disagreement": 0.018996,
        "quality": quality,
        "seconds": {"read": 0.1, "unets": 1.0, "vote": 0.1, "write": 0.1, "total": 1.3},
    }


def _measure(out: Path, cases: int, workers: int) -> dict[str, Any]:
    names = [f"case_{number:06d}" for number in range(cases)]
    run = _run_of(out, names)
    run.plan.start()
    begun, own = time.perf_counter(), _cpu_s(resource.RUSAGE_SELF)
    with joined(Where(workers=workers)) as crew, at_work(out, run.ledger.options):
        run.report.begin()
        batches = list_batches(run)
        listed = time.perf_counter()
        duty: Duty[Batch, Outcome] = Duty("case", fit, partial(no_work, run.ledger))
        listener = RunLog(out, run.report.run_id).listening(Listener())
        give_out(run, batches, duty, listener, crew.client)
        spread, spent = time.perf_counter(), _cpu_s(resource.RUSAGE_SELF) - own
        run.report.write()
        written = time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "cases": cases,
        "workers": workers,
        "cases_missing": len(run.report.not_reached) + run.report.failed,
        "seconds_to_begin": listed - begun,
        "seconds_of_the_cases": spread - listed,
        "overhead_ms_a_case": 1000 * (spread - listed) / cases,
        # Of a busy machine these tell more than the time on the clock; beginnings are in them.
        "driver_and_scheduler_cpu_ms_a_case": 1000 * spent / cases,
        "worker_cpu_ms_a_case": 1000 * _cpu_s(resource.RUSAGE_CHILDREN) / cases,
        "seconds_to_write_the_report": written - spread,
        "report_mb": (out / REPORT_FILE).stat().st_size / 1e6,
        "driver_and_scheduler_mb": used,
        "worker_mb": worker,
    }


def _cpu_s(of: int) -> float:
    used = resource.getrusage(of)
    return used.ru_utime + used.ru_stime


def _run_of(out: Path, names: list[str]) -> Run:
    described = {"labels": BONES, "input": "0" * 16, "versions": {}}
    inputs = tuple(CaseInput(name, Path(f"{name}.nii.gz"), _nothing) for name in names)
    segmenter: Any = SimpleNamespace(label_values=BONES)
    return Run(
        segmenter=segmenter,
        plan=OutputPlan(out),
        report=RunReport(out / REPORT_FILE, described, names),
        ledger=Ledger(out, {}),
        inputs=Inputs(inputs, (), ()),
        every=inputs,
    )


def _nothing() -> Any:  # noqa: ANN401
    raise NotImplementedError


if __name__ == "__main__":
    main()
