"""Segments what a run holds, batch by batch: a case, or the series of an examination."""

from __future__ import annotations

import contextlib
import glob
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.cohort.fingerprint import fingerprint
from shoulderseg.workflows.cohort.presence import BusyError, claimed
from shoulderseg.workflows.cohort.resume import find_done, forget, note_done
from shoulderseg.workflows.examination.grouping import batches
from shoulderseg.workflows.examination.run import segment_series
from shoulderseg.workflows.examination.write import write_group
from shoulderseg.workflows.measure.results import measure_examination, measure_result
from shoulderseg.workflows.measure.structured_report import report_case, report_examination
from shoulderseg.workflows.outputs.plan import Case
from shoulderseg.workflows.segmentation.case_record import PREVIEWS, case_record, failure_record

if TYPE_CHECKING:
    from shoulderseg.workflows.cohort.fragment import Fragment
    from shoulderseg.workflows.examination.grouping import Group
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.listener import Listener
    from shoulderseg.workflows.segmentation.result import Result
    from shoulderseg.workflows.segmentation.run_plan import Run

_LOGGER = logging.getLogger(__name__)

# How long to wait for other processes before asking again.
_PAUSE_S = 1.0

Pairs = Sequence[tuple["CaseInput", Case]]


def segment_batches(run: Run, listener: Listener) -> None:
    """Segments all cases and adds their records; what is done already is taken over.

    Args:
        run: what to do.
        listener: is told how it goes.
    """
    # Known before the first case is written, so that none replaces another's files.
    owners = run.plan.owners(map(_case_of, run.every), run.segmenter.label_values)
    pairs = [(source, _case_of(source)) for source in run.inputs.cases]
    waiting = list(batches(pairs, run.examinations))
    while waiting:
        busy = []
        for group, batch in waiting:
            try:
                with claimed(run.plan.out, batch_name(group, batch)):
                    _work_on(run, group, batch, owners, listener)
            except BusyError:
                busy.append((group, batch))
        if len(busy) == len(waiting):
            # Others work on all that is left.
            time.sleep(_PAUSE_S)
        waiting = busy


def _work_on(
    run: Run,
    group: Group | None,
    batch: Pairs,
    owners: Mapping[str, str],
    listener: Listener,
) -> None:
    """Takes over what is done of a batch, or does it and notes that."""
    name, sources = batch_name(group, batch), [source for source, _ in batch]
    # From before they are segmented: who changes one meanwhile has it segmented anew.
    images = fingerprint(sources)
    done = find_done(run.ledger, name, [source.name for source in sources], images)
    if done is not None:
        _take_over(run, done, listener)
        return
    forget(run.ledger, name)
    made = _segment_batch(run, group, batch, owners, listener)
    files = _side_files(run.plan, batch) if run.plan.bids else []
    note_done(run.ledger, name, images, made, files)


def _case_of(source: CaseInput) -> Case:
    return Case(source.name, source.source_files, source.public_file, source.source_frames)


def batch_name(group: Group | None, batch: Sequence[tuple[CaseInput, Any]]) -> str:
    """Under which name it is noted that a batch is done."""
    return batch[0][0].name if group is None else group.name


def _take_over(run: Run, done: Fragment, listener: Listener) -> None:
    if done.examination is not None:
        run.report.add_examination(done.examination)
    for record in done.records:
        kept = {**record, "kept": True}
        run.report.add(kept)
        listener.on_record(kept)


def _side_files(plan: OutputPlan, batch: Pairs) -> list[str]:
    """What a BIDS dataset has beside each label map; nothing of a case that it cannot name."""
    files: list[str] = []
    for _, case in batch:
        with contextlib.suppress(ValueError):
            base = plan.base(case)
            files += map(plan.below, sorted(base.parent.glob(f"{glob.escape(base.name)}.*")))
    return files


def _segment_batch(
    run: Run,
    group: Group | None,
    batch: Pairs,
    owners: Mapping[str, str],
    listener: Listener,
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Segments and writes; gives the record of each case, and of the examination."""
    records: list[dict[str, Any]] = []
    together: list[dict[str, Any]] = []
    for source, case, result, seconds in _segmented(run, group, batch, owners, listener, together):
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
        records.append(record)
        run.report.add(record)
        listener.on_record(record)
    return records, (together[0] if together else None)


def _segmented(
    run: Run,
    group: Group | None,
    batch: Pairs,
    owners: Mapping[str, str],
    listener: Listener,
    together: list[dict[str, Any]],
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
        together.append(record)
    for (source, case), outcome, spent in zip(batch, outcomes, seconds, strict=True):
        yield source, case, outcome, spent


def _of_others(owners: Mapping[str, str], case: Case) -> dict[str, str]:
    return {path: owner for path, owner in owners.items() if owner != case.name}
