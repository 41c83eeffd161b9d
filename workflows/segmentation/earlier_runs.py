"""Reports of earlier runs into the same folder: they add up, and none is lost."""

from __future__ import annotations

import glob
import hashlib
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from shoulderseg.workflows.segmentation.flags import stopped_before_vote
from shoulderseg.workflows.segmentation.missing import OTHER_PARTS

EARLIER = "earlier_runs"
# In the record of a case that failed: files of an earlier run that lie in its place.
STALE = "stale"
INPUT = "input"
# Whether nothing of the input was left out that somebody did not ask for.
IN_FULL = "input_in_full"


def read_earlier(report: Path) -> list[dict[str, Any]]:
    """Reads what earlier runs into a folder reported.

    A file that cannot be read as a report is put aside under another name, never written over.

    Args:
        report: the file of the report.

    Returns:
        One report a run, oldest first; empty without a file.

    Raises:
        OSError: if the file can neither be read nor put aside.
    """
    if not report.exists():
        return []
    try:
        content = json.loads(report.read_text(encoding="utf-8"))
        earlier = content.pop(EARLIER, [])
        runs = [*earlier, content]
        return [_checked(run) for run in runs]
    except (ValueError, TypeError, AttributeError, KeyError):
        _put_aside(report)
        return []


def input_digest(images: Path) -> str:
    """Gives a short hash of where a run's images lie, by which runs are told apart.

    Links are followed, so that another spelling of the path is the same place. It has no salt: who
    can guess the path can check the guess.
    """
    return hashlib.sha256(os.fsencode(os.path.realpath(images))).hexdigest()[:16]


def still_holding(
    runs: Collection[dict[str, Any]],
    made: Collection[dict[str, Any]],
    named: Collection[str],
    images: str,
    every: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Gives what of earlier reports still holds.

    Args:
        runs: from `read_earlier`.
        made: records of the present run.
        named: names of all its cases.
        images: `input_digest` of its images.
        every: names of all cases of its input, also those of other parts, which it tells of now.

    Returns:
        The reports without the records of cases made anew; runs without any are left out. A case
        that failed stays if the one of its name is now of other images: two damaged files of two
        folders may have one name.
    """
    new = {record["case"]: "outputs" in record for record in made}
    own, told = set(named), set(every)
    kept = []
    for run in runs:
        elsewhere = run.get(INPUT) not in (None, images)
        records = [
            record
            for record in run["cases"]
            # Files of the same names are written over, whatever they were made of.
            if record["case"] not in new
            or (elsewhere and not (new[record["case"]] and "outputs" in record))
        ]
        missing = [name for name in run["not_reached"] if elsewhere or name not in own]
        others = [name for name in run.get(OTHER_PARTS, ()) if elsewhere or name not in told]
        if records or missing or others:
            complete = not (missing or stopped_before_vote(records))
            entry = {**run, "cases": records, "not_reached": missing, "complete": complete}
            # An examination of which a series was made anew is another one now.
            left = {record["case"] for record in records}
            together = [
                one
                for one in run.get("examinations", [])
                if left.issuperset(one.get("series", one.get("cases", ())))
            ]
            # Many parts would each tell of all the others.
            again = {"examinations": together, OTHER_PARTS: others}
            entry = {key: value for key, value in entry.items() if key not in again}
            kept.append(entry | {key: value for key, value in again.items() if value})
    return kept


def without_gone(
    runs: Collection[dict[str, Any]],
    run: Mapping[str, Any],
    present: Collection[str],
    out: Path,
) -> list[dict[str, Any]]:
    """Leaves out that a case failed, or was not reached, of what is in the input no more.

    Such as a damaged file that was copied anew, and is a case of another name since.

    Args:
        runs: from `read_earlier`.
        run: what holds for all cases of the present run, with `INPUT` and `IN_FULL`.
        present: names of all cases of its input, also those of other parts.
        out: folder of the results. Of files that lie there in the place of a failed case nothing
            else would tell.

    Returns:
        The reports; those of other inputs as they are, and all where not all of it was asked for.
    """
    if not run.get(IN_FULL):
        return list(runs)
    there = set(present)
    kept = []
    for one in runs:
        if one.get(INPUT) == run.get(INPUT):
            cases = [
                record
                for record in one["cases"]
                if "outputs" in record or record["case"] in there or _lies_there(out, record)
            ]
            missing = [name for name in one["not_reached"] if name in there]
            one = {**one, "cases": cases, "not_reached": missing}
            if OTHER_PARTS in one:
                one[OTHER_PARTS] = [name for name in one[OTHER_PARTS] if name in there]
        kept.append(one)
    return kept


def _lies_there(out: Path, record: Mapping[str, Any]) -> bool:
    """Whether a file of before lies in the place of a case that failed."""
    return any(any(out.rglob(glob.escape(str(name)))) for name in record.get(STALE, ()))


def earlier_records(runs: Collection[dict[str, Any]]) -> list[dict[str, Any]]:
    """Gives the records of earlier runs, in their order."""
    return [record for run in runs for record in run["cases"]]


def earlier_examinations(runs: Collection[dict[str, Any]]) -> list[dict[str, Any]]:
    """Gives the records of earlier runs' examinations, in their order."""
    return [record for run in runs for record in run.get("examinations", [])]


def earlier_lines(runs: Collection[dict[str, Any]], named: Collection[str]) -> list[str]:
    """Gives a line for the terminal about cases of earlier runs; none without any.

    Args:
        runs: from `still_holding`.
        named: names of the present run's cases.
    """
    others = [
        record
        for record in earlier_records(runs)
        if record["case"] not in named or "error" in record
    ]
    if not others:
        return []
    flagged = sum(bool(record.get("quality", {}).get("flags")) for record in others)
    return [
        f"{len(others)} case{'s' * (len(others) != 1)} of earlier runs into this folder "
        f"are in report and table too, {flagged} of them flagged"
    ]


def _checked(run: Any) -> dict[str, Any]:  # noqa: ANN401
    """What the report needs of an earlier one.

    Raises:
        KeyError: if it is no report, or TypeError.
    """
    records = [
        record
        for record in run["cases"]
        if isinstance(record["case"], str) and ("quality" not in record or is_whole(record))
    ]
    if len(records) < len(run["cases"]):
        raise KeyError
    missing = [str(name) for name in run.get("not_reached", [])]
    others = [str(name) for name in run.get(OTHER_PARTS, [])]
    left = {OTHER_PARTS: others} if others else {}
    return {**run, "cases": records, "not_reached": missing, **left}


def is_whole(record: dict[str, Any]) -> bool:
    """Whether the record of a case has what report and table need.

    Raises:
        KeyError: if it lacks something, or TypeError.
    """
    return (
        len(record["shape"]) == len(record["spacing_mm"]) == 3
        and isinstance(record["volumes_ml"], dict)
        and isinstance(record["quality"]["flags"], list)
        and "total" in record["seconds"]
    )


def _put_aside(path: Path) -> None:
    number = 1
    while (aside := path.with_name(f"{path.stem}_unread_{number}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
