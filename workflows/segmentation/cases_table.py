"""The table of a run's cases, for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def cases_table(records: Iterable[Mapping[str, Any]], bones: Iterable[str]) -> str:
    """Puts the records of a run report into a table, one row a case.

    Args:
        records: of the report, in its order.
        bones: names of the labels.

    Returns:
        CSV with a heading. Volumes are in ml; where a case has no value its cell is empty.
    """
    from shoulderseg.datasets.csv_file import csv_text

    bones = list(bones)
    headings = ["case", "state"]
    headings += [f"{bone}_ml" for bone in bones]
    headings += [f"{bone}_predicted_dice" for bone in bones]
    headings += ["flags", "slices", "rows", "columns", "spacing_mm", "seconds", "outputs", "error"]
    rows = (_row(record, bones) for record in records)
    return csv_text([headings, *([row.get(heading) for heading in headings] for row in rows)])


def case_line(record: Mapping[str, Any], bones: Iterable[str]) -> str:
    """A case in a line for the terminal: volumes, predicted Dice, seconds.

    Args:
        record: of a case that was segmented.
        bones: names of the labels.
    """
    bones = list(bones)
    volumes = record["volumes_ml"]
    words = [record["case"], *(f"{bone} {volumes[bone]:.1f} ml" for bone in bones)]
    predicted = [record["quality"][bone] for bone in bones]
    if None not in predicted:
        words.append(f"predicted Dice {'/'.join(f'{value:.2f}' for value in predicted)}")
    return "  ".join([*words, f"{record['seconds']['total']:.0f} s"])


def _row(record: Mapping[str, Any], bones: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "case": record["case"],
        "state": "failed" if "error" in record else "done",
        "error": record.get("error"),
        "outputs": "; ".join(record.get("outputs", [])),
    }
    if "quality" not in record:
        return row
    slices, rows, columns = record["shape"]
    # Records of earlier runs may be of a bundle with other bones.
    row |= {f"{bone}_ml": record["volumes_ml"].get(bone) for bone in bones}
    row |= {f"{bone}_predicted_dice": record["quality"].get(bone) for bone in bones}
    return row | {
        "flags": "; ".join(record["quality"]["flags"]),
        "slices": slices,
        "rows": rows,
        "columns": columns,
        "spacing_mm": " x ".join(f"{step:g}" for step in record["spacing_mm"]),
        "seconds": record["seconds"]["total"],
    }
