"""How far the runs in a folder are: what is done, what failed and why, what is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoulderseg.workflows.cohort.presence import count_runs
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.segmentation.earlier_runs import EARLIER
from shoulderseg.workflows.segmentation.flags import stopped_before_vote
from shoulderseg.workflows.segmentation.missing import missing_names


@dataclass(frozen=True)
class Status:
    """How far the runs in a folder are.

    Attributes:
        done: how many cases have results.
        flagged: how many of these somebody should look at.
        failed: why, by case.
        missing: cases that no run has reached, also those that runs left to parts which never
            began, or that a run left before they had voted.
        at_work: how many runs are at work now; None where the folder's locks cannot be asked.
    """

    done: int
    flagged: int
    failed: dict[str, str]
    missing: tuple[str, ...]
    at_work: int | None


def read_status(out: Path) -> Status:
    """Reads how far the runs in a folder are; they may be at work.

    Args:
        out: folder that `predict` writes to.

    Raises:
        FileNotFoundError: if there is no run report.
        ValueError: if the report cannot be read as one.
        OSError: if it cannot be read.
    """
    path = out / REPORT_FILE
    if not path.is_file():
        msg = f"there is no {REPORT_FILE} in {out}; expected a folder that predict wrote to"
        raise FileNotFoundError(msg)
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        runs = [*report.get(EARLIER, []), report]
        # A later run counts where two have a case.
        records = {record["case"]: record for run in runs for record in run["cases"]}
        missing = missing_names(runs)
        failed = {name: str(one["error"]) for name, one in records.items() if "error" in one}
        waiting = [name for name, one in records.items() if stopped_before_vote([one])]
        done = [one for name, one in records.items() if "outputs" in one and name not in waiting]
        flagged = sum(map(_is_flagged, done))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        msg = f"{path} is no run report: {type(error).__name__}"
        raise ValueError(msg) from error
    return Status(len(done), flagged, failed, (*waiting, *missing), _at_work(out))


def _at_work(out: Path) -> int | None:
    try:
        return count_runs(out)
    except (OSError, ValueError):
        return None


def _is_flagged(record: Mapping[str, Any]) -> bool:
    return bool((record.get("quality") or {}).get("flags"))
