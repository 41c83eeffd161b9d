"""What a worker of a cluster does for a run: shows that it is fit for it, and segments a batch."""

from __future__ import annotations

import logging
import tempfile
import threading
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.cohort.presence import BusyError
from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.report.pictures import picture_result
from shoulderseg.workflows.segmentation.batches import work_on
from shoulderseg.workflows.segmentation.case_record import failure_record
from shoulderseg.workflows.segmentation.listener import Listener
from shoulderseg.workflows.segmentation.records import Records
from shoulderseg.workflows.segmentation.run_description import computed_on
from shoulderseg.workflows.segmentation.run_plan import Work
from shoulderseg.workflows.segmentation.segmenter import Segmenter

if TYPE_CHECKING:
    from shoulderseg.workflows.cohort.resume import Ledger
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.batch_list import Batch
    from shoulderseg.workflows.segmentation.options import Options

_LOGGER = logging.getLogger(__name__)
# A worker of several threads still does one case at a time.
_ONE_AT_A_TIME = threading.Lock()
# The models of the latest run, by what they were asked for as.
_LOADED: dict[tuple[str, Options, str], Segmenter] = {}


class UnfitError(ValueError):
    """Raised where a worker has other models than the run, or none."""


@dataclass(frozen=True)
class Order:
    """What a worker has to know of a run beside its cases; all paths are whole.

    Attributes:
        model: what finds the bundle.
        options: how it is used.
        digest: sha256 of the bundle's manifest.
        plan: where results go, and as what.
        ledger: where it stands what is done already.
        told: file in the folder of the results that tells of the run.
        images: an image of the run.
        preview: whether a picture of each case is drawn.
        measure: whether the bones are measured.
        side: left, right or axes, of images that do not say which shoulder they show.
        page: whether each case gives the report page its part.
        overwrite: whether results of other images are made anew.
    """

    model: str
    options: Options
    digest: str
    plan: OutputPlan
    ledger: Ledger
    told: Path
    images: Path | None
    preview: bool
    measure: bool
    side: str
    page: bool
    overwrite: bool


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes:
        records: of the cases.
        examinations: of the examination, if it is one.
        busy: whether another process works on it.
        unfit: why the worker cannot do it; empty if it can.
    """

    records: tuple[dict[str, Any], ...] = ()
    examinations: tuple[dict[str, Any], ...] = ()
    busy: bool = False
    unfit: str = ""


def examine(order: Order) -> str:
    """Says why this worker cannot work on a run; loads the models if it can.

    Args:
        order: of the run.

    Returns:
        The reason; empty if there is none.
    """
    out = order.plan.out
    if not order.told.is_file():
        return f"it does not see {out} as it is here; the folder has to be on a shared disk"
    if order.images is not None and not order.images.exists():
        return "it does not see the images; they have to be on a shared disk, not in a zip file"
    try:
        # Without a name: a worker that is killed here, or still here at the end, leaves nothing.
        with tempfile.TemporaryFile(dir=out), _ONE_AT_A_TIME:
            loaded_segmenter(order)
    except Exception as error:
        return reason_of(error)
    return ""


def do_batch(order: Order, batch: Batch) -> Outcome:
    """Segments a case, or the series of an examination, and writes the results.

    Args:
        order: of the run.
        batch: what to do.

    Returns:
        What the run report is to say; never raises, as the messages of Dask would show the batch.
    """
    records = Records()
    try:
        with _ONE_AT_A_TIME:
            work = _work_of(order, records)
            work_on(work, batch, _listener(order, work))
    except BusyError:
        return Outcome(busy=True)
    except UnfitError as error:
        return Outcome(unfit=str(error))
    except Exception as error:
        _LOGGER.debug("traceback", exc_info=True)
        failed = tuple(failure_record(source, error, []) for source in batch.sources)
        return Outcome(failed)
    return Outcome(tuple(records.of_cases), tuple(records.of_examinations))


def loaded_segmenter(order: Order) -> Segmenter:
    """The models of a run, loaded once a process.

    Args:
        order: of the run.

    Raises:
        UnfitError: if they cannot be loaded here, or are others.
    """
    key = (order.model, order.options, order.digest)
    if key in _LOADED:
        return _LOADED[key]
    _LOADED.clear()
    here, there = version("shoulderseg"), order.ledger.options["version"]
    if here != there:
        msg = f"it has shoulderseg {here}, the run has {there}"
        raise UnfitError(msg)
    try:
        segmenter = Segmenter(order.model, **asdict(order.options))
    except (ValueError, OSError) as error:
        raise UnfitError(reason_of(error)) from error
    if segmenter.bundle.digest != order.digest:
        msg = (
            f"its bundle is {segmenter.bundle.digest[:12]}, the run's is {order.digest[:12]} "
            f"(sha256 of the manifest), though both are called {Path(order.model).name}"
        )
        raise UnfitError(msg)
    _LOADED[key] = segmenter
    return segmenter


def _work_of(order: Order, records: Records) -> Work:
    segmenter = loaded_segmenter(order)
    return Work(
        segmenter=segmenter,
        plan=order.plan,
        report=records,
        ledger=order.ledger,
        preview=order.preview,
        measure=order.measure,
        side=order.side,
        computed_on=computed_on(segmenter.bundle, segmenter.settings),
        overwrite=order.overwrite,
    )


def _listener(order: Order, work: Work) -> Listener:
    if not order.page:
        return Listener()
    labels = work.segmenter.label_values
    return Listener(on_result=partial(_picture, order.plan.out, labels))


def _picture(out: Path, labels: dict[str, int], result: Any, record: Any) -> None:  # noqa: ANN401
    picture_result(out, result, record, labels)
