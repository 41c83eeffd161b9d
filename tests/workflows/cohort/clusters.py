"""Images that kill the process that reads them, and tasks of a pool."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.inputs.case_input import CaseInput


def deadly(case: CaseInput, marks: Path, times: int) -> CaseInput:
    """The case, whose reader kills its process so many times; `marks` counts them."""
    from dataclasses import replace

    return replace(case, load=partial(_die, case, marks, times))


def _die(case: CaseInput, marks: Path, times: int) -> Volume:
    died = len(list(marks.glob(f"{case.name}.*")))
    if died < times:
        (marks / f"{case.name}.{died}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return case.load()


@dataclass(frozen=True)
class Given:
    """An answer of a task that does nothing."""

    worker: str
    busy: bool = False
    unfit: str = ""


def fit() -> str:
    return ""


def unfit() -> str:
    return "its bundle is aaaa, the run's is bbbb"


def answer(item: list[str]) -> Given:
    from distributed import get_worker

    return Given(get_worker().address)


def busy_at_first(mark: Path, item: list[str]) -> Given:
    busy = item == ["b"] and not mark.exists()
    if busy:
        mark.touch()
    return Given("", busy=busy)


def unfit_at_first(mark: Path, item: list[str]) -> Given:
    # In one step: two workers that begin together must not both be the first.
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return Given("")
    return Given("", unfit="it has no models")


def wait_for(mark: Path, item: list[str]) -> Given:
    """Waits until there is a file."""
    while not mark.exists():
        time.sleep(0.01)
    return Given("")


def fail(item: list[str]) -> Given:
    raise KeyError(*item)
