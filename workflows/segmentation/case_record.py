"""What the run report tells of a case, once its files are written."""

from __future__ import annotations

import contextlib
import glob
import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.cohort.set_aside import CHANGED
from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.measure.results import is_measured
from shoulderseg.workflows.outputs.write import TRY_AGAIN
from shoulderseg.workflows.segmentation.earlier_runs import STALE
from shoulderseg.workflows.segmentation.many import failure_of

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.outputs.plan import Case, OutputPlan
    from shoulderseg.workflows.segmentation.result import Result

PREVIEWS = "previews"

_LOGGER = logging.getLogger(__name__)


def case_record(
    plan: OutputPlan,
    source: CaseInput,
    case: Case,
    result: Result,
    others: Collection[str],
    seconds: float,
    preview: bool,
) -> dict[str, Any]:
    """Writes the files of a case.

    Args:
        plan: where to, and as what.
        source: the image.
        case: what it is written as.
        result: what came out.
        others: files, below the folder, of the run's other cases.
        seconds: how long it took so far.
        preview: whether a picture is drawn.

    Returns:
        Its record.

    Raises:
        ValueError: if nothing that was asked for can be written.
        OSError: if no file can be written.
    """
    started = time.perf_counter()
    outputs = result.write(plan, others, case.file)
    outputs |= _preview(plan, case, result, asked=preview)
    writing = time.perf_counter() - started
    about = {key: value for key, value in source.about.items() if key != "description"}
    volume, segmentation = result.segmented()
    return {
        "case": case.name,
        **outputs,
        "shape": list(volume.array.shape),
        "spacing_mm": [round(length, 6) for length in volume.spacing_mm],
        "empty": not segmentation.label_map.any(),
        "volumes_ml": {name: round(volume, 3) for name, volume in result.volumes_ml.items()},
        # Free text of a scanner may tell more than it should; `inspect` shows it, reports do not.
        **({"source": about} if about else {}),
        **segmentation.measures,
        "seconds": {
            **result.seconds,
            "write": round(writing, 4),
            "total": round(seconds + writing, 4),
        },
    }


def failure_record(source: CaseInput, error: Exception, stale: Sequence[str]) -> dict[str, Any]:
    """The record of a case that failed.

    Args:
        source: the image.
        error: why.
        stale: files of an earlier run in its place.
    """
    named = failure_of(source, error)
    left = {STALE: list(stale)} if stale else {}
    if stale:
        named += f" ({', '.join(stale)} {'is' if len(stale) == 1 else 'are'} of an earlier run)"
    return {"case": source.name, "error": named, **left}


def lacks(record: Mapping[str, Any], *, preview: bool, measure: bool) -> bool:
    """Whether a case or an examination is to be made again, though it has not failed.

    Args:
        record: of it.
        preview: whether a picture of each case was asked for.
        measure: whether measures were.
    """
    if TRY_AGAIN in record:
        return True
    if "error" in record:
        return False
    unmeasured = measure and not is_measured(record)
    if "case" in record:
        return unmeasured or (preview and "preview" not in record)
    # Series may share no bones.
    return unmeasured and record.get("drawn_in") is not None


def side_files(plan: OutputPlan, cases: Iterable[Case]) -> list[str]:
    """What a BIDS dataset has beside each label map; nothing of a case that it cannot name.

    Args:
        plan: where to, and as what.
        cases: the cases.
    """
    files: list[str] = []
    for case in cases:
        with contextlib.suppress(ValueError):
            base = plan.base(case)
            files += map(plan.below, sorted(base.parent.glob(f"{glob.escape(base.name)}.*")))
    return [file for file in files if CHANGED not in file]


def _preview(plan: OutputPlan, case: Case, result: Result, *, asked: bool) -> dict[str, Any]:
    """Draws a case, if that is asked for; one that cannot be drawn does not fail."""
    from shoulderseg.datasets.output_file import make_folder, refuse_links
    from shoulderseg.workflows.outputs.preview import write_preview

    path = plan.out / PREVIEWS / f"{case.name}.png"
    try:
        refuse_links(path.parent, plan.out)
        # That of an earlier result would pass for one of this.
        path.unlink(missing_ok=True)
    except (ValueError, OSError) as error:
        if asked or path.exists():
            _LOGGER.warning("%s: its old preview is left: %s", case.name, reason_of(error))
    if not asked:
        return {}
    try:
        make_folder(path.parent, plan.out)
        write_preview(path, result)
    except Exception:
        _LOGGER.warning("%s: its preview cannot be drawn", case.name, exc_info=True)
        return {}
    return {"preview": plan.below(path)}
