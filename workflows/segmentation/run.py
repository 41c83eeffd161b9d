"""Segments all cases of an input into a folder: what `shoulderseg predict` does."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.cohort.fingerprint import options_of
from shoulderseg.workflows.cohort.resume import Ledger, check_options
from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.examination.grouping import Mode, batches, group_cases
from shoulderseg.workflows.measure.results import is_measured, write_measures
from shoulderseg.workflows.measure.side import check_side
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.segmentation.batches import batch_name, segment_batches
from shoulderseg.workflows.segmentation.earlier_runs import INPUT, claimed, input_digest
from shoulderseg.workflows.segmentation.listener import Listener
from shoulderseg.workflows.segmentation.run_plan import Run
from shoulderseg.workflows.segmentation.run_report import RunReport, describe_run

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.discover import Inputs
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.segmenter import Segmenter

_LOGGER = logging.getLogger(__name__)


def prepare_run(
    segmenter: Segmenter,
    inputs: Inputs,
    images: Path,
    plan: OutputPlan,
    *,
    preview: bool = False,
    measure: bool = False,
    side: str = "",
    examination: Mode = "auto",
    overwrite: bool = False,
) -> Run:
    """Puts together what a run needs; nothing is written yet.

    Args:
        segmenter: the loaded models.
        inputs: of `collect_inputs`.
        images: what the user named.
        plan: where to, and in which formats.
        preview: whether a picture of each case is drawn.
        measure: whether the bones are measured.
        side: left, right or axes, of images that do not say which shoulder they show; empty if it
            is unknown. It matters to measures alone.
        examination: which cases vote together, see `group_cases`.
        overwrite: whether cases that were made with other options are made anew.

    Raises:
        ValueError: if the side is none.
    """
    check_side(side)
    groups = tuple(group_cases(inputs.cases, examination))
    # In the order of the report, in which the series of an examination come one after the other.
    ordered = [
        pair[0]
        for _, batch in batches([(case, None) for case in inputs.cases], groups)
        for pair in batch
    ]
    inputs = replace(inputs, cases=tuple(ordered))
    described = describe_run(segmenter.bundle, segmenter.settings) | {
        INPUT: input_digest(images),
        "examination": examination,
        "skipped": [
            {"name": item.name, "reason": item.reason}
            for item in inputs.skipped
            if not item.refused
        ],
    }
    refused = [item.name for item in inputs.skipped if item.refused]
    names = refused + [case.name for case in inputs.cases]
    report = RunReport(plan.out / REPORT_FILE, described, names)
    placed = replace(plan, source=inputs.public_folder(images), model=segmenter.bundle.digest)
    extras = {"preview": preview, "measure": measure, "side": side}
    ledger = Ledger(plan.out, options_of(described, segmenter.settings, placed, extras))
    return Run(segmenter, inputs, placed, report, ledger, preview, measure, side, groups, overwrite)


def execute_run(run: Run, listener: Listener | None = None) -> None:
    """Segments case by case and adds a record of each; a failed one keeps no other from its turn.

    What an earlier run has done of the same images with the same options is kept.

    The report is written after each case, and also where the run is interrupted. Records of earlier
    runs into the folder stay in it, but for the cases of this run.

    Args:
        run: of `prepare_run`.
        listener: is told how it goes.

    Raises:
        ValueError: if another run is at work in the folder, or cases in it were made with other
            options and are not to be overwritten.
        OSError: if the folder or the report cannot be written.
    """
    from shoulderseg.datasets.output_file import sweep_unfinished

    listener = listener or Listener()
    run.plan.start()
    with claimed(run.plan.out):
        if not run.overwrite:
            pairs = [(case, None) for case in run.inputs.cases]
            names = [batch_name(*batch) for batch in batches(pairs, run.examinations)]
            check_options(run.ledger, names)
        sweep_unfinished(run.plan.out)
        _execute(run, listener)


def _execute(run: Run, listener: Listener) -> None:
    # From now on an earlier report no longer holds for the cases of this run.
    run.report.begin()
    try:
        for item in run.inputs.skipped:
            if item.refused:
                record = {"case": item.name, "error": f"{item.name}: {item.reason}"}
                run.report.add(record)
                listener.on_record(record)
        segment_batches(run, listener)
    except BaseException:
        # Also after an interruption: what is done is done. Why it ended is told in any case.
        try:
            _write_up(run)
        except OSError as error:
            _LOGGER.warning("report or measures cannot be written: %s", reason_of(error))
        raise
    _write_up(run)


def _write_up(run: Run) -> None:
    """Writes the report, and the table of measures, also where cases are no longer in it."""
    run.report.write()
    if run.measure or any(map(is_measured, run.report.taken_over)):
        write_measures(run.plan.out, run.report.records)
