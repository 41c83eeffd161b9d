"""Which cases no run into a folder has come to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

# Key of a run report: names of cases that a run with `--part` left to the other parts.
OTHER_PARTS = "left_to_other_parts"


def missing_names(runs: Collection[Mapping[str, Any]]) -> list[str]:
    """Gives the cases that a run was asked for, or left to other parts, and that have no record.

    Args:
        runs: reports of runs into one folder, in their order.

    Returns:
        Each name once; empty where all cases have a record in any run.

    Raises:
        KeyError: if one is no run report, or TypeError.
    """
    told = {record["case"] for run in runs for record in run["cases"]}
    asked = dict.fromkeys(
        str(name)
        for run in runs
        for name in (*run.get("not_reached", ()), *run.get(OTHER_PARTS, ()))
    )
    return [name for name in asked if name not in told]


def still_left(names: Iterable[str], others: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Gives the entry of a run report about cases that a run left to other parts.

    Args:
        names: of these cases.
        others: records of the other runs.

    Returns:
        The names without a record, under their key; empty if there are none, so that what is done
        makes no report longer.
    """
    told = {record["case"] for record in others}
    left = [name for name in names if name not in told]
    return {OTHER_PARTS: left} if left else {}
