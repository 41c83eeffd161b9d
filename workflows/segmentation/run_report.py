"""The report of a run of `predict`: true at every moment, also where the run is stopped."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoulderseg.workflows.cohort.presence import WAIT_S, BusyError, folder_locked
from shoulderseg.workflows.outputs.plan import CASES_FILE
from shoulderseg.workflows.segmentation.cases_table import cases_table
from shoulderseg.workflows.segmentation.earlier_runs import (
    EARLIER,
    INPUT,
    earlier_examinations,
    earlier_lines,
    earlier_records,
    read_earlier,
    still_holding,
    without_gone,
)
from shoulderseg.workflows.segmentation.flags import (
    flag_lines,
    missing_lines,
    stopped_before_vote,
    voting_lines,
)
from shoulderseg.workflows.segmentation.missing import still_left
from shoulderseg.workflows.segmentation.pace import Pace
from shoulderseg.workflows.segmentation.patient_lines import patient_lines

# A report of a thousand cases and more takes longer.
_QUICK_S = 0.25


class RunReport:
    """What a run has done so far, in a file."""

    def __init__(
        self, path: Path, run: Mapping[str, Any], cases: Sequence[str], every: Sequence[str] = ()
    ) -> None:
        """Begins a report; nothing is written yet.

        Args:
            path: the file.
            run: what holds for all cases.
            cases: the names of all, in the order they are worked on.
            every: names of the whole input, of which these are a part.
        """
        self._path, self._run, self._cases = path, run, list(cases)
        own = set(cases)
        self._others = [name for name in every if name not in own]
        self._records: list[dict[str, Any]] = []
        self._before: list[dict[str, Any]] = []
        self._at_first: list[dict[str, Any]] = []
        self._id = uuid.uuid4().hex
        self._examinations: list[dict[str, Any]] = []
        self._pace = Pace(_QUICK_S)
        self.begun = False

    def begin(self) -> None:
        """Takes over what still holds of the report in its place, and writes the first one.

        Raises:
            OSError: if the earlier one cannot be read, or the new one cannot be written.
        """
        self._at_first = read_earlier(self._path)
        # Of many parts that begin together some need not wait for each other: all write later on.
        with contextlib.suppress(BusyError):
            self.write()
        self.begun = True

    @property
    def described(self) -> Mapping[str, Any]:
        """What holds for all cases."""
        return self._run

    @property
    def records(self) -> list[dict[str, Any]]:
        """Of all cases, those of earlier runs first, and then of all examinations."""
        earlier = self._earlier()
        cases = [*earlier_records(earlier), *self._records]
        return [*cases, *earlier_examinations(earlier), *self._examinations]

    @property
    def taken_over(self) -> list[dict[str, Any]]:
        """Of all cases and examinations of earlier runs, also of those that are made anew."""
        return [*earlier_records(self._at_first), *earlier_examinations(self._at_first)]

    @property
    def run_id(self) -> str:
        """Tells this run from others."""
        return self._id

    @property
    def asked(self) -> int:
        """How many cases the run was asked for."""
        return len(self._cases)

    @property
    def counts(self) -> dict[str, int]:
        """How many cases are done, kept among these, flagged, failed, and not reached."""
        done = [record for record in self._records if "outputs" in record]
        flagged = sum(bool((one.get("quality") or {}).get("flags")) for one in done)
        kept = sum("kept" in record for record in done)
        return {"done": len(done), "kept": kept, "flagged": flagged, "failed": self.failed} | {
            "not_reached": len(self.not_reached)
        }

    @property
    def count(self) -> int:
        """How many cases have a record."""
        return len(self._records)

    @property
    def failed(self) -> int:
        """How many cases failed."""
        return sum("error" in record for record in self._records)

    @property
    def not_reached(self) -> list[str]:
        """The cases without a record, in their order; two may have one name."""
        done = Counter(record["case"] for record in self._records)
        missing = []
        for name in self._cases:
            if done[name]:
                done[name] -= 1
            else:
                missing.append(name)
        return missing

    def add(self, record: dict[str, Any], *, write: bool = True) -> None:
        """Adds the record of the next case and writes all, if that is quick; else now and then."""
        self._records.append(record)
        if not write or not self._pace.due:
            return
        # A full disk ends no run, nor does one that keeps the lock; the last writing reports it.
        with self._pace.taken(), contextlib.suppress(OSError, BusyError):
            self.write()

    def add_examination(self, record: dict[str, Any]) -> None:
        """Adds the record of an examination; it is written with that of its next series."""
        self._examinations.append(record)

    def write(
        self,
        more: Callable[[list[dict[str, Any]]], None] = lambda _: None,
        wait_s: float = WAIT_S,
    ) -> None:
        """Writes the file and the table of cases beside it anew, each whole or not at all.

        What other runs have reported meanwhile is taken over.

        Args:
            more: what else is written of all records before another run may write.
            wait_s: how long to wait for other runs, in seconds.

        Raises:
            BusyError: if other runs keep the report for so long.
            OSError: if it cannot be written.
        """
        with folder_locked(self._path.parent, wait_s):
            runs = read_earlier(self._path)
            self._before = [run for run in runs if run.get("run_id") != self._id]
            self._settle()
            self._write()
            more(self.records)

    def _settle(self) -> None:
        """Takes over what another run has done since this one began, and this one has not."""
        begun_before = {run.get("run_id") for run in self._at_first}
        done = {
            record["case"]: record
            for run in self._before
            if run.get("run_id") not in begun_before and run.get(INPUT) == self._run.get(INPUT)
            for record in run["cases"]
            if "error" not in record
        }
        self._records = [
            {**done[record["case"]], "kept": True}
            if "error" in record and record["case"] in done
            else record
            for record in self._records
        ]

    def _write(self) -> None:
        from shoulderseg.datasets.output_file import write_text

        complete = not (self.not_reached or stopped_before_vote(self._records))
        earlier = self._earlier()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        report = {
            "complete": complete,
            "finished": now if complete else None,
            "not_reached": self.not_reached,
            **still_left(self._others, earlier_records(earlier)),
            "run_id": self._id,
            **self._run,
            "cases": self._records,
            **({"examinations": self._examinations} if self._examinations else {}),
            **({EARLIER: earlier} if earlier else {}),
        }
        records = [*earlier_records(earlier), *self._records]
        # Bundles of earlier runs may know other bones.
        bones = dict.fromkeys(
            bone for run in (self._run, *earlier) for bone in run.get("labels", ())
        )
        write_text(self._path, json.dumps(report, indent=2) + "\n")
        write_text(self._path.with_name(CASES_FILE), cases_table(records, bones))

    def _earlier(self) -> list[dict[str, Any]]:
        every, images = [*self._cases, *self._others], self._run.get(INPUT, "")
        before = without_gone(self._before, self._run, every, self._path.parent)
        return still_holding(before, self._records, self._cases, images, every)

    def summary(self, skipped: Sequence[str], *, calibrated: bool) -> list[str]:
        """Lines for the terminal: how many cases are done, and which to look at.

        Args:
            skipped: lines about what was no image of a shoulder.
            calibrated: whether the bundle predicts a Dice.
        """
        # A case may be written and yet lack a format that was asked for.
        done = sum("outputs" in record for record in self._records)
        kept = sum("kept" in record for record in self._records)
        lines = [
            f"{done} of {len(self._cases)} cases written to {self._path.parent}"
            + f", {kept} of them before this run and kept" * bool(kept),
            f"run report: {self._path}; table of cases: {self._path.with_name(CASES_FILE)}",
        ]
        lines += patient_lines([*self._records, *self._examinations])
        lines += voting_lines(self._examinations)
        if self.not_reached:
            lines.append(
                f"stopped before {', '.join(self.not_reached)}; label maps of these, if there are "
                "any, are of an earlier run"
            )
        lines += earlier_lines(self._earlier(), set(self._cases))
        for record in self._records:
            old = record.get("of_an_earlier_run", [])
            if old:
                are = "is" if len(old) == 1 else "are"
                lines.append(f"{record['case']}: {', '.join(old)} {are} of an earlier run")
        lines += missing_lines(self._records, self._examinations)
        return [*lines, *skipped, *flag_lines(self._records, calibrated=calibrated)]
