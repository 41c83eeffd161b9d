"""The table of measures: a row a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from shoulderseg.workflows.measure.basis import COLUMNS, cells_of

TABLE_FILE = "measures.csv"
# What was measured: an image's label map, or the bones that an examination's series share.
SERIES, EXAMINATION = "series", "examination"


class Row(NamedTuple):
    """What was measured of a case.

    Attributes:
        case: its name.
        kind: `SERIES` or `EXAMINATION`.
        measures: as `as_records` gives them; a case without any has an empty row.
        basis: as `basis_of` gives it.
    """

    case: str
    kind: str
    measures: Sequence[Mapping[str, Any]]
    basis: Mapping[str, Any]


def write_table(path: Path, cases: Iterable[Row]) -> None:
    """Writes a CSV file: per measure its value, its uncertainty, why it is refused, and a note.

    Args:
        path: the file.
        cases: what was measured of each.

    Raises:
        OSError: if it cannot be written.
    """
    from shoulderseg.datasets.csv_file import write_csv
    from shoulderseg.morphometry.catalogue import DEFINITIONS

    heading = ["case", "kind", *COLUMNS]
    for name, definition in DEFINITIONS.items():
        column = column_name(name, definition.unit)
        heading += [column, f"{column}_uncertainty", f"{name}_refused", f"{name}_note"]
    rows: list[list[object]] = [list(heading)]
    for case in cases:
        known = {measure.get("name"): measure for measure in case.measures}
        row: list[object] = [case.case, case.kind, *cells_of(case.basis)]
        for name in DEFINITIONS:
            measure = known.get(name, {})
            row += [measure.get(key) for key in ("value", "uncertainty", "refused")]
            row.append(note_of(measure))
        rows.append(["" if cell is None else cell for cell in row])
    write_csv(path, rows)


def note_of(measure: Mapping[str, Any]) -> str:
    """What else to know of a measure, first of all whether it is experimental."""
    words = ["experimental" if measure.get("experimental") else "", str(measure.get("note") or "")]
    return "; ".join(word for word in words if word)


def column_name(name: str, unit: str) -> str:
    """A measure's name with its unit, such as `head_radius_mm`; a ratio has none."""
    return name if unit == "1" else f"{name}_{unit}"
