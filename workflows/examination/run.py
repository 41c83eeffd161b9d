"""Segments the series of an examination one after the other, and lets them vote together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.examination.flags import FAILED, flagged_alone
from shoulderseg.workflows.examination.vote import Examination, vote_together

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.segmentation.result import Result
    from shoulderseg.workflows.segmentation.segmenter import Segmenter

_LOGGER = logging.getLogger(__name__)


def segment_series(
    series: Sequence[CaseInput],
    segment: Callable[[CaseInput], Result],
    segmenter: Segmenter,
    outcomes: list[Result | Exception],
) -> tuple[Examination | None, str]:
    """Segments the series of an examination, each alone, and then lets them vote together.

    Args:
        series: of one examination; a single one has nobody to vote with.
        segment: reads and segments one.
        segmenter: the loaded models that it does so with.
        outcomes: gets the result of each series, or the error that it failed with; empty at first.
            Where the run is interrupted it holds those that are done, each by itself.

    Returns:
        The examination, None where fewer than two series could be segmented or the vote failed;
        and why there is none.
    """
    for case in series:
        try:
            outcomes.append(segment(case))
        except Exception as error:
            # The other series go on without it.
            _LOGGER.debug("traceback", exc_info=True)
            outcomes.append(error)
    numbers = [k for k, outcome in enumerate(outcomes) if not isinstance(outcome, Exception)]
    results = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    if len(results) < 2:
        return None, "fewer than two series could be segmented"
    started = time.perf_counter()
    try:
        examination = vote_together(results, segmenter.bundle, segmenter.settings)
    except Exception as error:
        # What each series has by itself is not lost.
        _LOGGER.debug("traceback", exc_info=True)
        for k, result in zip(numbers, results, strict=True):
            outcomes[k] = flagged_alone(result, f"{FAILED}: {reason_of(error)}")
        return None, f"the vote failed: {reason_of(error)}"
    seconds = round(time.perf_counter() - started, 4)
    examination.record["seconds"] = seconds
    for k, result in zip(numbers, examination.results, strict=True):
        outcomes[k] = result
    return examination, ""
