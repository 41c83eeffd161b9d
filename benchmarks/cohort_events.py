"""What the log of the runs into a folder tells of cases and workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shoulderseg.workflows.outputs.plan import RUN_LOG_FILE


def read_events(out: Path) -> list[dict[str, Any]]:
    """Reads all events.

    Args:
        out: folder of the results; without a log there are none.
    """
    try:
        lines = (out / RUN_LOG_FILE).read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def in_hand(events: list[dict[str, Any]], worker: str) -> list[str]:
    """The cases that a worker was given and that have not ended.

    Args:
        events: of a log.
        worker: how its address begins.
    """
    begun: dict[str, str] = {}
    for event in events:
        if event["event"] == "case_started":
            begun[event["case"]] = event["worker"]
        elif "case" in event:
            begun.pop(event["case"], None)
    return [case for case, where in begun.items() if where.startswith(worker)]


def times_given(events: list[dict[str, Any]], case: str) -> int:
    """How often workers were given a case.

    Args:
        events: of a log.
        case: its name.
    """
    return sum(one["event"] == "case_started" and one["case"] == case for one in events)


def done_by(events: list[dict[str, Any]], worker: str) -> int:
    """How many cases a worker has done.

    Args:
        events: of a log.
        worker: how its address begins.
    """
    done = [event for event in events if event["event"] == "case_done"]
    return sum(event["worker"].startswith(worker) for event in done)
