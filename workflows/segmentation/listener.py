"""Who is told how a run goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoulderseg.workflows.segmentation.result import Result


def _ignore(*_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Listener:
    """Who is told how a run goes.

    Attributes:
        on_start: is called with the name of each case before it is read.
        on_progress: with the share of the case's networks that has run, 0 to 1.
        on_record: with the record of each case as it stands in the run report.
        on_result: with what came out for a case, and its record; must not raise.
        on_given: with the name of each case that a worker of a cluster is given, and the worker's
            address; more than once where a worker is lost, or another process has the case.
    """

    on_start: Callable[[str], None] = _ignore
    on_progress: Callable[[float], None] = _ignore
    on_record: Callable[[Mapping[str, Any]], None] = _ignore
    on_result: Callable[[Result, Mapping[str, Any]], None] = _ignore
    on_given: Callable[[str, str], None] = _ignore
