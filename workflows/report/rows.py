"""The rows of the report page, from the run report and what each case has given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.report.measures import column_values, table_columns
from shoulderseg.workflows.report.parts import file_stem, has_volume, read_row, result_digest
from shoulderseg.workflows.report.safe_json import plain_values
from shoulderseg.workflows.segmentation.earlier_runs import EARLIER
from shoulderseg.workflows.segmentation.missing import missing_names


class Reported(NamedTuple):
    """What the run report of a folder tells, all its runs together.

    Attributes:
        last: the last run, as it stands there.
        records: of all cases, those of earlier runs first; each with the `labels` of its run.
        not_reached: names of the cases without a record.
        examinations: name of each examination with those of its series.
        fused: records of the examinations, by name; those of earlier runs first.
    """

    last: Mapping[str, Any]
    records: tuple[dict[str, Any], ...]
    not_reached: tuple[str, ...]
    examinations: Mapping[str, tuple[str, ...]]
    fused: Mapping[str, Mapping[str, Any]]

    @property
    def bones(self) -> tuple[str, ...]:
        """The bones of all runs: first those of the last one, by rising voxel value."""
        return tuple(dict.fromkeys(b for one in (self.last, *self.records) for b in one["labels"]))

    def done(self) -> Iterator[dict[str, Any]]:
        """The records of cases that were segmented."""
        return (record for record in self.records if "quality" in record)


def read_reported(out: Path) -> Reported:
    """Reads the run report of a folder.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if the file is no run report.
        OSError: if it cannot be read.
    """
    path = out / REPORT_FILE
    if not path.is_file():
        msg = f"no {REPORT_FILE} in {out}; expected a folder that `shoulderseg predict` wrote to"
        raise FileNotFoundError(msg)
    try:
        return parse_report(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        msg = f"{path} cannot be read as a run report: {error}"
        raise ValueError(msg) from error


def parse_report(content: Any) -> Reported:  # noqa: ANN401
    """Reads the content of a run report.

    Args:
        content: plain values.

    Raises:
        ValueError: if it is no run report; does not say which file it was.
    """
    try:
        runs = [*content.get(EARLIER, []), content]
        labels = [_labels_of(run.get("labels", content["labels"])) for run in runs]
        records = tuple(
            {**record, "labels": own}
            for run, own in zip(runs, labels, strict=True)
            for record in run["cases"]
        )
        if not all(isinstance(record["case"], str) for record in records):
            raise TypeError
        for record in records:
            if "quality" in record:
                _check_done(record)
        missing = tuple(missing_names(runs))
        fused: dict[str, dict[str, Any]] = {
            str(one["examination"]): dict(one)
            for run in runs
            for one in run.get("examinations", [])
        }
        together = {
            name: tuple(map(str, one.get("series", one.get("cases", ()))))
            for name, one in fused.items()
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        msg = "expected the run report of `shoulderseg predict`; run `predict` into the folder"
        raise ValueError(msg) from error
    return Reported({**content, "labels": labels[-1]}, records, missing, together, fused)


def _labels_of(labels: Mapping[str, Any]) -> dict[str, int]:
    named = {str(name): int(value) for name, value in labels.items()}
    return dict(sorted(named.items(), key=lambda item: item[1]))


def labels_of(record: Mapping[str, Any]) -> dict[str, int]:
    """Gives the voxel value of each bone in a case, by rising value: bundles differ.

    Args:
        record: one of `Reported.records`.
    """
    return dict(record["labels"])


def _check_done(record: Mapping[str, Any]) -> None:
    """Sees that what the page needs of a segmented case is there: `KeyError`, or `TypeError`."""
    flags, volumes = record["quality"]["flags"], record["volumes_ml"]
    if not isinstance(flags, list) or not isinstance(volumes, dict) or len(record["shape"]) != 3:
        raise TypeError


def notice_of(reported: Reported) -> str:
    """What a page says above, whatever it shows."""
    return str(reported.last.get("notice") or "Research use only.")


def page_rows(out: Path, reported: Reported) -> list[dict[str, Any]]:
    """Gives a row a case, as plain values for the page's script.

    Args:
        out: folder of the run, where each case has put its part.
        reported: its run report.
    """
    bones = reported.bones
    examination = {case: name for name, cases in reported.examinations.items() for case in cases}
    columns = table_columns(reported.records)
    rows = (
        plain_values(
            _row(out, record, bones, examination.get(record["case"]))
            | {"measured": column_values(record, columns)}
        )
        for record in reported.records
    )
    # What is not known or not there takes no place, of thousands of cases.
    return [
        {key: value for key, value in row.items() if value not in (None, "", [])} for row in rows
    ]


def _row(
    out: Path, record: Mapping[str, Any], bones: Sequence[str], examination: str | None
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "case": record["case"],
        "examination": examination,
        "error": record.get("error"),
    }
    if "quality" not in record:
        return row | {"state": "failed"}
    part = read_row(out, record)
    source = record.get("source", {})
    own = labels_of(record)
    about = part or {"note": "its pictures are missing; run `shoulderseg report` again"}
    return row | {
        "state": "done",
        "file": file_stem(record["case"]) if part else None,
        "volume": has_volume(out, record) or None,
        "digest": result_digest(record),
        "thumbnail": about.get("thumbnail"),
        "note": about.get("note", ""),
        "plane": source.get("plane") or about.get("plane"),
        "sequence": source.get("contrast"),
        "side": source.get("side"),
        "side_from": source.get("side_from"),
        "notes": source.get("notes", []),
        # In the order of the numbers that the pictures have; None where all bones are so.
        "bones": None if tuple(own) == tuple(bones) else [bones.index(bone) for bone in own],
        "volumes": [record["volumes_ml"].get(bone) for bone in bones],
        "dice": [record["quality"].get(bone) for bone in bones],
        "flags": record["quality"]["flags"],
        "missing": [bone for bone in own if not record["volumes_ml"].get(bone)],
        "shape": record["shape"],
        "spacing": record["spacing_mm"],
    }
