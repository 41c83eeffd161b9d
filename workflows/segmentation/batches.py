"""Segments what a run holds, batch by batch: a case, or the series of an examination."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.cohort.fingerprint import combined, origins_of
from shoulderseg.workflows.cohort.former import (
    drop_examinations,
    noted_examinations,
    noted_files,
    outdate,
    part_others,
    unnote,
)
from shoulderseg.workflows.cohort.fragment import files_of
from shoulderseg.workflows.cohort.presence import BusyError, claimed
from shoulderseg.workflows.cohort.resume import find_done, forget, note_done
from shoulderseg.workflows.cohort.set_aside import put_back, set_aside_changed
from shoulderseg.workflows.examination.flags import stopped
from shoulderseg.workflows.examination.run import segment_series
from shoulderseg.workflows.examination.write import write_group
from shoulderseg.workflows.measure.results import measure_examination, measure_result
from shoulderseg.workflows.measure.structured_report import report_case, report_examination
from shoulderseg.workflows.segmentation.batch_list import check_batch, list_batches
from shoulderseg.workflows.segmentation.case_record import (
    PREVIEWS,
    case_record,
    failure_record,
    lacks,
    side_files,
)

if TYPE_CHECKING:
    from shoulderseg.workflows.cohort.fragment import Fragment
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.outputs.plan import Case
    from shoulderseg.workflows.segmentation.batch_list import Batch
    from shoulderseg.workflows.segmentation.listener import Listener
    from shoulderseg.workflows.segmentation.result import Result
    from shoulderseg.workflows.segmentation.run_plan import Run, Work

_LOGGER = logging.getLogger(__name__)

# How long to wait for other processes before asking again.
_PAUSE_S = 1.0


def segment_batches(run: Run, listener: Listener) -> None:
    """Segments all cases and adds their records; what is done already is taken over.

    Args:
        run: what to do.
        listener: is told how it goes.
    """
    waiting, told = list_batches(run), False
    while waiting:
        busy = []
        for batch in waiting:
            try:
                work_on(run, batch, listener)
            except BusyError:
                busy.append(batch)
        if len(busy) == len(waiting):
            if not told:
                names = ", ".join(batch.name for batch in busy)
                _LOGGER.warning("waiting for other processes that work on %s", names)
                told = True
            time.sleep(_PAUSE_S)
        waiting = busy


def work_on(run: Work, batch: Batch, listener: Listener) -> None:
    """Does one batch while no other process does, or takes over what is done of it.

    Args:
        run: to whose report the records are added.
        batch: what to do.
        listener: is told how it goes.

    Raises:
        BusyError: if another process works on it.
    """
    with ExitStack() as held:
        try:
            held.enter_context(claimed(run.plan.out, batch.name))
        except BusyError:
            raise
        except (ValueError, OSError) as error:
            fail_batch(run, batch, error, listener)
            return
        _work_on(run, batch, listener)


def fail_batch(run: Work, batch: Batch, error: Exception, listener: Listener) -> None:
    """Records that nothing came of a batch.

    Args:
        run: to whose report the records are added.
        batch: what failed.
        error: why.
        listener: is told.
    """
    for source in batch.sources:
        record = failure_record(source, error, [])
        run.report.add(record)
        listener.on_record(record)


def _work_on(run: Work, batch: Batch, listener: Listener) -> None:
    """Takes over what is done of a batch, or does it and notes that in place of what was noted."""
    # From before they are segmented: who changes one meanwhile has it segmented anew.
    origins = origins_of(batch.sources)
    done = find_done(run.ledger, batch.name, origins)
    if done is not None:
        _take_over(run, done, listener)
        return
    noted = noted_files(run.ledger, batch.noted, batch.cases)
    try:
        if not run.overwrite:
            # Another process may have begun with other images meanwhile.
            check_batch(run.plan.out, batch)
        moved = set_aside_changed(run.plan.out, noted)
    except (ValueError, OSError) as error:
        fail_batch(run, batch, error, listener)
        return
    try:
        _make_anew(run, batch, listener, origins, noted)
    finally:
        put_back(moved)


def _make_anew(
    run: Work,
    batch: Batch,
    listener: Listener,
    origins: Mapping[str, tuple[str, str]],
    noted: Mapping[str, Sequence[str]],
) -> None:
    """Segments a batch and notes it in place of what was noted."""
    former = noted_examinations(run.ledger, batch.noted, batch.cases)
    part_others(run.ledger, batch.noted, batch.cases)
    outdate(run.ledger, batch.noted, former)
    records: list[dict[str, Any]] = []
    together: list[dict[str, Any]] = []
    whole = False
    try:
        _segment_batch(run, batch, listener, records, together)
        whole = not any(
            lacks(record, preview=run.preview, measure=run.measure)
            for record in [*records, *together]
        )
    finally:
        # Also after an interruption: what somebody changes in its files is not lost in the next.
        made = records, (together[0] if together else None)
        files = side_files(run.plan, [case for _, case in batch.pairs]) if run.plan.bids else []
        images = combined(origins)
        note_done(run.ledger, batch.name, images if whole else "", made, files, noted, origins)
    forget(run.ledger, [name for name in batch.noted if name not in (batch.name, *former)])
    if not any("error" in record for record in records):
        written = [file for one in [*records, *together] for file in files_of(one)]
        drop_examinations(run.ledger, former, batch.name, written)


def _take_over(run: Work, done: Fragment, listener: Listener) -> None:
    if done.examination is not None:
        run.report.add_examination(done.examination)
    for record in done.records:
        kept = {**record, "kept": True}
        # All of them are written with the next case that is worked on, or at the end.
        run.report.add(kept, write=False)
        listener.on_record(kept)


def _segment_batch(
    run: Work,
    batch: Batch,
    listener: Listener,
    records: list[dict[str, Any]],
    together: list[dict[str, Any]],
) -> None:
    """Segments and writes; adds the record of each case, and of the examination if it is one."""
    for source, case, result, seconds in _segmented(run, batch, listener, together):
        others = batch.of_others(case)
        try:
            if isinstance(result, Exception):
                raise result
            unnote(run.ledger, batch.noted, source.name)
            record = case_record(run.plan, source, case, result, others, seconds, run.preview)
            if run.computed_on is not None:
                record["computed_on"] = dict(run.computed_on)
            if run.measure:
                record |= measure_result(source, result, run.side)
                record |= report_case(run.plan, case, result, record)
            listener.on_result(result, record)
        except Exception as error:
            # Whatever goes wrong in one case, the others go on.
            _LOGGER.debug("traceback", exc_info=True)
            record = failure_record(source, error, run.plan.left_over(case, others))
        records.append(record)
        run.report.add(record)
        listener.on_record(record)


def _segmented(
    run: Work,
    batch: Batch,
    listener: Listener,
    together: list[dict[str, Any]],
) -> Iterator[tuple[CaseInput, Case, Result | Exception, float]]:
    """Segments a case, or the series of an examination; gives what each came to, and how long."""
    seconds: list[float] = []
    labels, group = run.segmenter.label_values, batch.group
    cases = {source.name: case for source, case in batch.pairs}

    def segment(source: CaseInput) -> Result:
        case, started = cases[source.name], time.perf_counter()
        listener.on_start(source.name)
        try:
            run.plan.check_clash(case, batch.of_others(case), labels)
            run.plan.check_folders(case, [PREVIEWS] * run.preview)
            return run.segmenter.segment_case(source, listener.on_progress)
        finally:
            seconds.append(time.perf_counter() - started)

    sources = batch.sources
    outcomes: list[Result | Exception] = []
    try:
        examination, why = segment_series(sources, segment, run.segmenter, outcomes)
    except BaseException:
        # Also after an interruption: what is done is done, unless better is there already.
        for (source, case), outcome, spent in zip(batch.pairs, outcomes, seconds, strict=False):
            if group is None or not run.plan.left_over(case, batch.of_others(case)):
                yield source, case, outcome if group is None else stopped(outcome), spent
        raise
    if group is not None:
        unnote(run.ledger, batch.noted)
        record = write_group(run.plan, group, examination, why, labels)
        if run.measure and examination is not None:
            record |= measure_examination(group.name, sources, examination, labels, run.side)
            record |= report_examination(run.plan, group.name, examination, record)
        run.report.add_examination(record)
        together.append(record)
    for (source, case), outcome, spent in zip(batch.pairs, outcomes, seconds, strict=True):
        yield source, case, outcome, spent
