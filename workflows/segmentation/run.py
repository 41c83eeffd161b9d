"""Segments all cases of an input into a folder: what `shoulderseg predict` does."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.examination.grouping import Mode, batches, group_cases
from shoulderseg.workflows.examination.run import segment_series
from shoulderseg.workflows.examination.write import write_group
from shoulderseg.workflows.measure.results import (
    is_measured,
    measure_examination,
    measure_result,
    write_measures,
)
from shoulderseg.workflows.measure.side import check_side
from shoulderseg.workflows.measure.structured_report import report_case, report_examination
from shoulderseg.workflows.outputs.plan import REPORT_FILE, Case
from shoulderseg.workflows.segmentation.case_record import PREVIEWS, case_record, failure_record
from shoulderseg.workflows.segmentation.earlier_runs import INPUT, claimed, input_digest
from shoulderseg.workflows.segmentation.listener import Listener
from shoulderseg.workflows.segmentation.run_report import RunReport, describe_run

if TYPE_CHECKING:
    from shoulderseg.workflows.examination.grouping import Group
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.inputs.discover import Inputs
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.result import Result
    from shoulderseg.workflows.segmentation.segmenter import Segmenter

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """Everything that a run needs.

    Attributes:
        segmenter: the loaded models.
        inputs: the cases, and what becomes none.
        plan: where results go, and as what.
        report: its file.
        preview: whether a picture of each case is drawn.
        measure: whether the bones are measured.
        side: left, right or axes, of images that do not say which shoulder they show.
        examinations: cases that vote together.
    """

    segmenter: Segmenter
    inputs: Inputs
    plan: OutputPlan
    report: RunReport
    preview: bool = False
    measure: bool = False
    side: str = ""
    examinations: tuple[Group, ...] = ()


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
    return Run(segmenter, inputs, placed, report, preview, measure, side, groups)


def execute_run(run: Run, listener: Listener | None = None) -> None:
    """Segments case by case and adds a record of each; a failed one keeps no other from its turn.

    The report is written after each case, and also where the run is interrupted. Records of earlier
    runs into the folder stay in it, but for the cases of this run.

    Args:
        run: of `prepare_run`.
        listener: is told how it goes.

    Raises:
        ValueError: if another run is at work in the folder.
        OSError: if the folder or the report cannot be written.
    """
    from shoulderseg.datasets.output_file import sweep_unfinished

    listener = listener or Listener()
    run.plan.start()
    with claimed(run.plan.out):
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
        _segment_cases(run, listener)
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


def _segment_cases(run: Run, listener: Listener) -> None:
    labels = run.segmenter.label_values
    cases = [
        Case(case.name, case.source_files, case.public_file, case.source_frames)
        for case in run.inputs.cases
    ]
    # Known before the first case is written, so that none replaces another's files.
    owners = run.plan.owners(cases, labels)
    pairs = list(zip(run.inputs.cases, cases, strict=True))
    for group, batch in batches(pairs, run.examinations):
        for source, case, result, seconds in _segmented(run, group, batch, owners, listener):
            others = _of_others(owners, case)
            try:
                if isinstance(result, Exception):
                    raise result
                record = case_record(run.plan, source, case, result, others, seconds, run.preview)
                if run.measure:
                    record |= measure_result(source, result, run.side)
                    record |= report_case(run.plan, source, case, result, record, run.side)
                listener.on_result(result, record)
            except Exception as error:
                # Whatever goes wrong in one case, the others go on.
                _LOGGER.debug("traceback", exc_info=True)
                record = failure_record(source, error, run.plan.left_over(case, others))
            run.report.add(record)
            listener.on_record(record)


def _segmented(
    run: Run,
    group: Group | None,
    batch: Sequence[tuple[CaseInput, Case]],
    owners: Mapping[str, str],
    listener: Listener,
) -> Iterator[tuple[CaseInput, Case, Result | Exception, float]]:
    """Segments a case, or the series of an examination; gives what each came to, and how long."""
    seconds: list[float] = []
    labels = run.segmenter.label_values
    cases = {source.name: case for source, case in batch}

    def segment(source: CaseInput) -> Result:
        case, started = cases[source.name], time.perf_counter()
        listener.on_start(source.name)
        try:
            run.plan.check_clash(case, _of_others(owners, case), labels)
            run.plan.check_folders(case, [PREVIEWS] * run.preview)
            return run.segmenter.segment_case(source, listener.on_progress)
        finally:
            seconds.append(time.perf_counter() - started)

    sources = [source for source, _ in batch]
    outcomes: list[Result | Exception] = []
    try:
        examination, why = segment_series(sources, segment, run.segmenter, outcomes)
    except BaseException:
        # Also after an interruption: what is done is done.
        for (source, case), outcome, spent in zip(batch, outcomes, seconds, strict=False):
            yield source, case, outcome, spent
        raise
    if group is not None:
        record = write_group(run.plan, group, examination, why, labels)
        if run.measure and examination is not None:
            name, side = group.name, run.side
            record |= measure_examination(name, sources, examination, labels, side)
            record |= report_examination(run.plan, name, sources, examination, record, side)
        run.report.add_examination(record)
    for (source, case), outcome, spent in zip(batch, outcomes, seconds, strict=True):
        yield source, case, outcome, spent


def _of_others(owners: Mapping[str, str], case: Case) -> dict[str, str]:
    return {path: owner for path, owner in owners.items() if owner != case.name}
