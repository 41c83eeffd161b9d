"""Tells which cases of a run someone should look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def flag_lines(records: Sequence[dict[str, Any]], *, calibrated: bool) -> list[str]:
    """A line for each flagged case, and how many there are.

    Args:
        records: the cases of a run report; those that failed do not count.
        calibrated: whether the bundle predicts a Dice.
    """
    done = [record for record in records if "quality" in record]
    flagged = [record for record in done if record["quality"]["flags"]]
    lines = [
        f"check {record['case']}: {'; '.join(record['quality']['flags'])}" for record in flagged
    ]
    hint = "" if calibrated else " (not calibrated: only missing and distant bones are)"
    return [*lines, f"{len(flagged)} of {len(done)} cases flagged{hint}"]
