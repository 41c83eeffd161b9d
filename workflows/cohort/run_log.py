"""What happens in a run, an event a line, for who wants to watch it or look it up later."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.outputs.plan import RUN_LOG_FILE

if TYPE_CHECKING:
    from shoulderseg.workflows.segmentation.listener import Listener
    from shoulderseg.workflows.segmentation.run_report import RunReport

_LOGGER = logging.getLogger(__name__)
# Characters of a message, of which each may take twelve in JSON; the run report has all of it.
_LONGEST = 120


class RunLog:
    """Adds the events of one run to the file; what cannot be written fails nothing."""

    def __init__(self, out: Path, run_id: str) -> None:
        """Prepares; nothing is written yet.

        Args:
            out: folder of the results.
            run_id: of the run, as in its report.
        """
        self._path, self._run = out / RUN_LOG_FILE, run_id
        self._begun: dict[str, tuple[float, str]] = {}
        self._warned = False

    def case_started(self, name: str, worker: str = "") -> None:
        """Notes that a case is at work.

        Args:
            name: of the case.
            worker: who has it, where the run has a cluster.
        """
        self._begun[name] = (time.monotonic(), worker)
        self._add("case_started", case=name, worker=worker)

    def case_ended(self, record: Mapping[str, Any]) -> None:
        """Notes what came of a case.

        Args:
            record: of the case, as in the run report.
        """
        name = record["case"]
        begun, worker = self._begun.pop(name, (None, ""))
        spent = None if begun is None else round(time.monotonic() - begun, 3)
        if record.get("kept"):
            self._add("case_kept", case=name, worker=worker, flags=_flags(record))
        elif "error" in record:
            error = record["error"][:_LONGEST]
            self._add("case_failed", case=name, worker=worker, seconds=spent, error=error)
        else:
            took = record.get("seconds", {}).get("total", spent)
            self._add("case_done", case=name, worker=worker, seconds=took, flags=_flags(record))

    def listening(self, listener: Listener) -> Listener:
        """A listener that also notes what it is told.

        Args:
            listener: who else is told.
        """

        def start(name: str) -> None:
            self.case_started(name)
            listener.on_start(name)

        def give(name: str, worker: str) -> None:
            self.case_started(name, worker)
            listener.on_given(name, worker)

        def tell(record: Mapping[str, Any]) -> None:
            self.case_ended(record)
            listener.on_record(record)

        return replace(listener, on_start=start, on_given=give, on_record=tell)

    @contextmanager
    def around(self, report: RunReport) -> Iterator[None]:
        """Notes that a run begins, and with which reason it ends.

        Args:
            report: of the run.
        """
        self._add("run_started", cases=report.asked)
        started = time.monotonic()
        reason, error = "failed", ""
        try:
            yield
            reason = "finished"
        except (KeyboardInterrupt, SystemExit):
            reason = "interrupted"
            raise
        except Exception as raised:
            # Its message may have a path, and a path a name.
            error = type(raised).__name__
            raise
        finally:
            seconds = round(time.monotonic() - started, 3)
            self._add("run_ended", reason=reason, error=error, seconds=seconds, **report.counts)

    def _add(self, event: str, **told: Any) -> None:  # noqa: ANN401
        from shoulderseg.datasets.appended_file import append_line

        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        # What there is not is left out, as the worker of a run without a cluster.
        more = {key: value for key, value in told.items() if value not in ("", None)}
        line = {"time": now, "event": event, "run": self._run, "process": os.getpid(), **more}
        try:
            append_line(self._path, json.dumps(line))
        except (OSError, ValueError) as error:
            if not self._warned:
                # Once: a full disk has more to say. Its words may have a path, and a path a name.
                why = getattr(error, "strerror", None) or type(error).__name__
                _LOGGER.warning("%s is not complete: %s", RUN_LOG_FILE, why)
                self._warned = True


def _flags(record: Mapping[str, Any]) -> int | None:
    """For how many reasons somebody should look at a case; None without any."""
    return len((record.get("quality") or {}).get("flags") or ()) or None
