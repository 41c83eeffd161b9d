"""Measures as the report page shows them: of cases, and of examinations' fused bones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_KEY = "measures_of_bones"
# What stands in the table of cases: the key, its heading, and how many digits.
_IN_TABLE = (
    ("head_radius", "Head radius, mm", 1),
    ("glenoid_height", "Glenoid height, mm", 1),
    ("glenoid_width", "Glenoid width, mm", 1),
    ("bone_loss_area", "Bone loss, % of area", 1),
)
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


def table_columns(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Gives the columns of measures that the table of cases has: those with a value in any case.

    Args:
        records: of the run report.

    Returns:
        For each its `name`, `title` and `digits`; none where nothing was measured.
    """
    given = {
        str(one["name"])
        for record in records
        for one in _measures(record)
        if _value(one) is not None
    }
    return [
        {"name": name, "title": title, "digits": digits}
        for name, title, digits in _IN_TABLE
        if name in given
    ]


def column_values(
    record: Mapping[str, Any], columns: Iterable[Mapping[str, Any]]
) -> list[float | None]:
    """Gives a case's values of these columns; None where a measure was refused or not taken.

    Args:
        record: of the run report.
        columns: as `table_columns` gives them.
    """
    values = {str(one["name"]): _value(one) for one in _measures(record)}
    found = [values.get(str(column["name"])) for column in columns]
    return found if any(value is not None for value in found) else []


def _value(measure: Mapping[str, Any]) -> float | None:
    value = measure.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float) or measure.get("refused"):
        return None
    return float(value)


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
