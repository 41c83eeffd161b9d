"""Segments all cases of an input into a folder: what `shoulderseg predict` does."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.cohort.fingerprint import options_of
from shoulderseg.workflows.cohort.fragment import read_fragments
from shoulderseg.workflows.cohort.origin import check_origin
from shoulderseg.workflows.cohort.part import WHOLE, Part, take_part
from shoulderseg.workflows.cohort.presence import PATIENCE_S, WAIT_S, BusyError, at_work
from shoulderseg.workflows.cohort.resume import Ledger, check_options
from shoulderseg.workflows.cohort.run_log import RunLog
from shoulderseg.workflows.cohort.spread import segment_on_cluster
from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.examination.grouping import Mode, batches, group_cases
from shoulderseg.workflows.measure.results import check_table, is_measured, write_measures
from shoulderseg.workflows.measure.side import check_side
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.segmentation.batch_list import owners_of
from shoulderseg.workflows.segmentation.batches import segment_batches
from shoulderseg.workflows.segmentation.earlier_runs import IN_FULL, INPUT, input_digest
from shoulderseg.workflows.segmentation.listener import Listener
from shoulderseg.workflows.segmentation.run_description import describe_run
from shoulderseg.workflows.segmentation.run_plan import Run
from shoulderseg.workflows.segmentation.run_report import RunReport

if TYPE_CHECKING:
    from shoulderseg.workflows.cohort.cluster import Crew
    from shoulderseg.workflows.examination.grouping import Group
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
    part: Part = WHOLE,
) -> Run:
    """Puts together what a run needs; nothing is written yet.

    Args:
        segmenter: the loaded models.
        inputs: of `collect_inputs`.
        images: what the user named.
        plan: where to, and in which formats.
        preview: whether a picture of each case is drawn.
        measure: whether the bones are measured.
        side: left, right or axes, of images that do not say it; empty if it is unknown.
        examination: which cases vote together, see `group_cases`.
        overwrite: whether cases that were made with other options are made anew.
        part: which of the cases.

    Raises:
        ValueError: if the side is none.
    """
    check_side(side)
    groups, every, names = _groups_of(inputs, examination), inputs.cases, _names_of(inputs)
    # Whether the folder may be told depends on all that lies in it.
    plan = replace(plan, source=inputs.public_folder(images), model=segmenter.bundle.digest)
    inputs = _part_of(inputs, groups, part)
    described = _described(segmenter, inputs, images, examination, part)
    report = RunReport(plan.out / REPORT_FILE, described, _names_of(inputs), names)
    return Run(
        segmenter=segmenter,
        inputs=inputs,
        plan=plan,
        report=report,
        ledger=_ledger_of(segmenter, report, plan, preview=preview, measure=measure, side=side),
        preview=preview,
        measure=measure,
        side=side,
        examinations=groups,
        overwrite=overwrite,
        every=every,
    )


def _groups_of(inputs: Inputs, examination: Mode) -> tuple[Group, ...]:
    """Which cases vote together; where some were left out, as if they had not been."""
    if inputs.groups is not None:
        return inputs.groups
    return tuple(group_cases(inputs.cases, examination))


def _ledger_of(
    segmenter: Segmenter, report: RunReport, plan: OutputPlan, **extras: bool | str
) -> Ledger:
    return Ledger(plan.out, options_of(report.described, segmenter.settings, plan, extras))


def _described(
    segmenter: Segmenter, inputs: Inputs, images: Path, examination: Mode, part: Part
) -> dict[str, Any]:
    taken = {} if part == WHOLE else {"part": f"{part.number}/{part.of}"}
    return (
        taken
        | describe_run(segmenter.bundle, segmenter.settings, elsewhere=segmenter.elsewhere)
        | {
            INPUT: input_digest(images),
            IN_FULL: inputs.in_full,
            "examination": examination,
            "skipped": [
                {"name": item.name, "reason": item.reason}
                for item in inputs.skipped
                if not item.refused
            ],
        }
    )


def _names_of(inputs: Inputs) -> list[str]:
    """What gets a record; what is refused comes first."""
    refused = [item.name for item in inputs.skipped if item.refused]
    return refused + [case.name for case in inputs.cases]


def _part_of(inputs: Inputs, groups: tuple[Group, ...], part: Part) -> Inputs:
    """The cases of a part, in the order of the report: series of an examination in a row."""
    # The name of an examination may change with each series that is added.
    found = (
        [case for case, _ in pairs]
        for _, pairs in batches([(case, None) for case in inputs.cases], groups)
    )
    chosen = take_part(found, part, lambda series: min(case.name for case in series))
    cases = [case for series in chosen for case in series]
    # All parts together tell of each once.
    skipped = tuple(take_part(inputs.skipped, part, lambda item: item.name))
    return replace(inputs, cases=tuple(cases), skipped=skipped)


def execute_run(run: Run, listener: Listener | None = None, crew: Crew | None = None) -> None:
    """Segments case by case and adds a record of each; a failed one keeps no other from its turn.

    What an earlier run has done of the same images with the same options is kept. Other processes
    may work in the same folder with the same options: each case is done by one of them.

    The report is written after each case, or now and then where there are thousands, and also where
    the run is interrupted. Records of earlier runs into the folder stay in it, but for the cases of
    this run. What happens is also noted in the log of the folder's runs.

    Args:
        run: of `prepare_run`.
        listener: is told how it goes.
        crew: the cluster whose workers segment; the paths of the run have to be whole then, and
            the segmenter one that is elsewhere. None for this process.

    Raises:
        BrokenEnvironmentError: if no worker can be used, or the scheduler is lost.
        ValueError: if a run with other options is at work in the folder, or cases in it were made
            with other options, or of other images of another folder, and are not to be overwritten.
        OSError: if the folder or the report cannot be written.
    """
    listener = listener or Listener()
    if run.measure:
        check_table(run.plan.out)
    run.plan.start()
    with at_work(run.plan.out, run.ledger.options) as told:
        if not run.overwrite:
            _check_done(run)
        log = RunLog(run.plan.out, run.report.run_id)
        with log.around(run.report):
            _execute(run, log.listening(listener), crew, told)


def _check_done(run: Run) -> None:
    """Refuses to replace what was made with other options, or of other images."""
    done, cases = read_fragments(run.plan.out), run.inputs.cases
    names = {case.name for case in cases}
    check_options(run.ledger, names, done.values())
    together = {g.name: g.cases for g in run.examinations if names.issuperset(g.cases)}
    # Elsewhere files are called after their case.
    owners = owners_of(run) if run.plan.bids else {}
    check_origin(run.plan.out, cases, done, together, owners)


def _execute(run: Run, listener: Listener, crew: Crew | None, told: Path) -> None:
    # From now on an earlier report no longer holds for the cases of this run.
    run.report.begin()
    try:
        for item in run.inputs.skipped:
            if item.refused:
                record = {"case": item.name, "error": f"{item.name}: {item.reason}"}
                run.report.add(record)
                listener.on_record(record)
        if crew is None:
            segment_batches(run, listener)
        else:
            segment_on_cluster(run, listener, crew, told)
    except BaseException:
        # Also after an interruption: what is done is done. Why it ended is told in any case.
        try:
            _write_up(run, WAIT_S)
        except (OSError, BusyError) as error:
            _LOGGER.warning("report or measures cannot be written: %s", reason_of(error))
        raise
    _write_up(run, PATIENCE_S)


def _write_up(run: Run, wait_s: float) -> None:
    """Writes the report, and the table of measures, also where cases are no longer in it."""

    def write_table(records: Sequence[Mapping[str, Any]]) -> None:
        if run.measure or any(map(is_measured, run.report.taken_over)):
            write_measures(run.plan.out, records)

    run.report.write(write_table, wait_s)
