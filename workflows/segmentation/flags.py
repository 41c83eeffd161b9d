"""Tells which cases of a run someone should look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.skipped import SkippedInput


# A folder of a whole examination has many reports and scouts; the run report lists them all.
_MOST_SHOWN = 10


def skipped_lines(skipped: Sequence[SkippedInput]) -> list[str]:
    """A line for each file or series that is no image of a shoulder, for the first ten.

    Args:
        skipped: all that became no case, also what was refused, of which nothing is said here but
            where the names of its DICOM files are shown.
    """
    skipped = [item for item in skipped if not item.refused]
    lines = [f"skipped {item.name}: {item.reason}" for item in skipped[:_MOST_SHOWN]]
    more = len(skipped) - len(lines)
    lines += [f"skipped {more} more; see the run report"] if more else []
    if any(item.files for item in skipped):
        lines.append("`shoulderseg inspect` with the same input shows which DICOM files these are")
    return lines


def flag_lines(records: Sequence[dict[str, Any]], *, calibrated: bool) -> list[str]:
    """A line for each flagged case, and how many there are; no line where no case was done.

    Args:
        records: the cases of a run report; those that failed do not count.
        calibrated: whether the bundle predicts a Dice.
    """
    done = [record for record in records if "quality" in record]
    if not done:
        return []
    flagged = [record for record in done if record["quality"]["flags"]]
    lines = [
        f"check {record['case']}: {'; '.join(record['quality']['flags'])}" for record in flagged
    ]
    hint = "" if calibrated else " (not calibrated: only missing and distant bones are)"
    return [*lines, f"{len(flagged)} of {len(done)} cases flagged{hint}"]


def stopped_before_vote(records: Sequence[Mapping[str, Any]]) -> bool:
    """Tells whether a run was stopped between the series of an examination and their vote.

    Args:
        records: of its cases.
    """
    from shoulderseg.workflows.examination.flags import STOPPED

    return any(
        str(flag).endswith(STOPPED)
        for record in records
        for flag in (record.get("quality") or {}).get("flags", ())
    )
