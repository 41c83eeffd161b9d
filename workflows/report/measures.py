"""Measures as the report page shows them: of cases, and of examinations' fused bones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_KEY = "measures_of_bones"
_SHOWN = ("name", "value", "unit", "uncertainty", "refused", "experimental", "note")


def shown_measures(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Gives a record's measures without what is the same in all cases; empty without any.

    Args:
        record: of the run report.
    """
    return [
        {
            key: one[key]
            for key in _SHOWN
            if one.get(key) not in ("", None) and one[key] is not False
        }
        for one in _measures(record)
    ]


def methods_of(records: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Gives how each measure is taken, as the records say it.

    Args:
        records: of the run report, the latest last.
    """
    return {
        str(one["name"]): str(one["method"])
        for record in records
        for one in _measures(record)
        if one.get("method")
    }


def _measures(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    measures = record.get(_KEY)
    if not isinstance(measures, list):
        return []
    return [one for one in measures if isinstance(one, Mapping) and "name" in one]
