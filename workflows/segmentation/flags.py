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


def voting_lines(examinations: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each examination: in how many of its series a bone was used.

    Args:
        examinations: of a run report; nothing is said of one that failed.
    """
    voting = {
        one["examination"]: [
            any(bone.get("used") for bone in bones.values()) for bones in one["series"].values()
        ]
        for one in examinations
        if "series" in one
    }
    return [
        f"{name}: {sum(used)} of {len(used)} series vote together" for name, used in voting.items()
    ]


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


def missing_lines(
    records: Sequence[Mapping[str, Any]], examinations: Sequence[Mapping[str, Any]]
) -> list[str]:
    """A line for each file that was not written in an earlier run, whose results are kept.

    Args:
        records: the cases of a run report.
        examinations: its examinations.
    """
    kept = {record["case"] for record in records if "kept" in record}
    told = [(str(record["case"]), record) for record in records if record["case"] in kept]
    told += [
        (str(one["examination"]), one)
        for one in examinations
        if kept and kept.issuperset(one.get("series", ()))
    ]
    return [
        f"{name}: no {form}: {why}"
        for name, record in told
        for form, why in record.get("not_written", {}).items()
    ]
