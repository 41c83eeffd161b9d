"""The cases of a run, segmented by the workers of a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.cohort.duty import Duty
from shoulderseg.workflows.cohort.pool import Pool
from shoulderseg.workflows.cohort.presence import BusyError, sweep_after_workers
from shoulderseg.workflows.cohort.worker import Order, Outcome, do_batch, examine
from shoulderseg.workflows.segmentation.batch_list import Batch, list_batches
from shoulderseg.workflows.segmentation.batches import fail_batch
from shoulderseg.workflows.segmentation.pace import Pace

if TYPE_CHECKING:
    from distributed import Client

    from shoulderseg.workflows.cohort.cluster import Crew
    from shoulderseg.workflows.segmentation.listener import Listener
    from shoulderseg.workflows.segmentation.run_plan import Run
    from shoulderseg.workflows.segmentation.run_report import RunReport


def segment_on_cluster(run: Run, listener: Listener, crew: Crew, told: Path) -> None:
    """Has all cases segmented by workers, and adds their records.

    A worker takes one batch at a time, claims it and notes what is done as a run without a cluster
    does, and gives back its records alone.

    Args:
        run: what to do; its paths are whole.
        listener: is told how it goes.
        crew: the cluster.
        told: file in the folder of the results that tells of the run.

    Raises:
        BrokenEnvironmentError: if no worker can be used, or the scheduler is lost.
    """
    order = order_of(run, told)
    duty: Duty[Batch, Outcome] = Duty("case", partial(examine, order), partial(do_batch, order))

    try:
        give_out(run, list_batches(run), duty, listener, crew.client)
    finally:
        crew.stop()
        # What stays is removed by the next run.
        with suppress(OSError, ValueError):
            sweep_after_workers(run.plan.out)


def give_out(
    run: Run,
    batches: Iterable[Batch],
    duty: Duty[Batch, Outcome],
    listener: Listener,
    client: Client,
) -> None:
    """Has workers do batches, and adds what they give to the run report.

    Args:
        run: to which they belong.
        batches: no two of them the same.
        duty: what workers are asked.
        listener: is told.
        client: of the cluster.

    Raises:
        BrokenEnvironmentError: if no worker can be used, or the scheduler is lost.
    """

    def tell(batch: Batch, address: str) -> None:
        for source in batch.sources:
            listener.on_given(source.name, address)

    with closing(Pool(client, duty, tell).run(batches)) as answers:
        _add_answers(run, listener, answers)


def _add_answers(
    run: Run,
    listener: Listener,
    answers: Iterable[tuple[Batch, Outcome | Exception] | None],
) -> None:
    """Adds what workers give to the run report, which is written now and then."""
    report = _PacedReport(run.report)
    for answered in answers:
        if answered is not None:
            batch, outcome = answered
            if isinstance(outcome, Exception):
                fail_batch(run, batch, outcome, listener)
                continue
            for record in outcome.examinations:
                run.report.add_examination(record)
            for record in outcome.records:
                run.report.add(record, write=False)
                listener.on_record(record)
        report.write()


def order_of(run: Run, told: Path) -> Order:
    """What workers have to know of a run.

    Args:
        run: what to do.
        told: file in the folder of the results that tells of it.
    """
    model, options = run.segmenter.recipe
    return Order(
        *(model, options, run.segmenter.bundle.digest),
        plan=run.plan,
        ledger=run.ledger,
        told=told,
        images=next((case.path for case in run.inputs.cases), None),
        preview=run.preview,
        measure=run.measure,
        side=run.side,
        page=run.page,
        overwrite=run.overwrite,
    )


class _PacedReport:
    """Writes a run report now and then."""

    def __init__(self, report: RunReport) -> None:
        self._report, self._written, self._pace = report, 0, Pace()

    def write(self) -> None:
        """Writes what was added since, if it is time."""
        known = self._report.count
        if known == self._written or not self._pace.due:
            return
        # A full disk ends no run, nor does one that keeps the lock; the last writing reports it.
        with self._pace.taken(), suppress(OSError, BusyError):
            self._report.write()
        self._written = known
