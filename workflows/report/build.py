"""Builds the report page of a run's folder: what `shoulderseg report` does."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.report.page import render_page
from shoulderseg.workflows.report.parts import (
    REPORT_FOLDER,
    read_content,
    read_row,
    write_part,
)
from shoulderseg.workflows.report.rows import Reported, page_rows, parse_report
from shoulderseg.workflows.report.sources import Images, found_images, label_map_of

if TYPE_CHECKING:
    from shoulderseg.workflows.segmentation.result import Result

_LOGGER = logging.getLogger(__name__)
_INDEX, _SINGLE, _ID_FILE = "index.html", "report.html", "run_id.txt"
MOST_IN_ONE_FILE = 100


@dataclass(frozen=True)
class Page:
    """A report page that was built.

    Attributes:
        path: the page.
        cases: how many were segmented.
        failed: how many failed.
        not_reached: how many no run has come to yet.
        without_image: how many are shown without their image.
    """

    path: Path
    cases: int
    failed: int
    not_reached: int
    without_image: int


def build_report(
    out: Path,
    images: Path | None = None,
    *,
    single_file: bool = False,
    on_case: Callable[[int, int], None] | None = None,
) -> Page:
    """Builds `report/index.html` in the folder of a run, which may still go on.

    Cases that `predict --report` has pictured keep their pictures. For others the label map is read
    again, and the image where it is given; without it, the bones alone are shown.

    Args:
        out: folder of the results.
        images: what `predict` was given; None to show the others without their images.
        single_file: whether the page holds all cases itself, as `report/report.html`.
        on_case: is told how many of the cases without pictures are done, and how many there are.

    Raises:
        FileNotFoundError: if there is no run report, or no such images.
        ValueError: if the report is none, a folder is a link, or a single file is asked for and
            there are more than 100 cases.
        OSError: if a file cannot be read or written.
    """
    from shoulderseg.datasets.output_file import make_folder, write_text

    reported = read_reported(out)
    if single_file:
        _check_few(len(reported.records))
    make_folder(out / REPORT_FOLDER, out)
    if lacking := [record for record in reported.done() if _lacks(out, record, images)]:
        _picture_all(out, lacking, reported.bones, images, on_case)
    rows = page_rows(out, reported)
    data = _page_data(reported, rows, _run_id(out), single_file=single_file)
    contents = [
        (row["file"], read_content(out, row["case"]))
        for row in (rows if single_file else [])
        if row.get("file")
    ]
    path = out / REPORT_FOLDER / (_SINGLE if single_file else _INDEX)
    write_text(path, render_page(data, contents))
    done = list(reported.done())
    pictured = sum(bool((read_row(out, record) or {}).get("pictured")) for record in done)
    return Page(
        path,
        len(done),
        sum("error" in record for record in reported.records),
        len(reported.not_reached),
        len(done) - pictured,
    )


def _check_few(cases: int) -> None:
    if cases > MOST_IN_ONE_FILE:
        msg = (
            f"{cases} cases, expected at most {MOST_IN_ONE_FILE} for a single file; leave out "
            "--single-file, and pass on the whole folder of the report"
        )
        raise ValueError(msg)


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


def picture_result(
    out: Path, result: Result, record: Mapping[str, Any], labels: Mapping[str, int]
) -> None:
    """Gives the report page a case that was just segmented; what fails is missed, no case fails.

    Args:
        out: folder of the run.
        result: of the case.
        record: of the case in the run report.
        labels: the voxel value of each bone.
    """
    from dataclasses import replace

    try:
        volume, segmentation = result.segmented()
        write_part(out, record, labels, replace(volume, array=segmentation.label_map), volume)
    except Exception:
        _LOGGER.warning("%s: its part of the report page is missing", result.name, exc_info=True)


def _lacks(out: Path, record: Mapping[str, Any], images: Path | None) -> bool:
    row = read_row(out, record)
    return row is None or (images is not None and not row.get("pictured"))


def _picture_all(
    out: Path,
    records: Iterable[Mapping[str, Any]],
    labels: Mapping[str, int],
    images: Path | None,
    on_case: Callable[[int, int], None] | None,
) -> None:
    records = list(records)
    with found_images(images) as found:
        for number, record in enumerate(records):
            if on_case is not None:
                on_case(number, len(records))
            _picture_again(out, record, labels, found)
    if on_case is not None:
        on_case(len(records), len(records))


def _picture_again(
    out: Path, record: Mapping[str, Any], labels: Mapping[str, int], images: Images
) -> None:
    label_map = image = None
    note = ""
    try:
        label_map = label_map_of(out, record)
        image = images.of(record["case"], label_map)
    except Exception as error:
        note = _missed(error)
    try:
        write_part(out, record, labels, label_map, image, note)
    except OSError:
        raise
    except Exception as error:
        write_part(out, record, labels, None, None, _missed(error))


def _missed(error: Exception) -> str:
    """Whatever goes wrong in one case, the others go on; the page says what is missing."""
    _LOGGER.debug("traceback", exc_info=True)
    return reason_of(error)


def _page_data(
    reported: Reported, rows: list[dict[str, Any]], run_id: str, *, single_file: bool
) -> dict[str, Any]:
    from shoulderseg.datasets.labels import as_hex, describe_labels

    last = reported.last
    return {
        "run_id": run_id,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": version("shoulderseg"),
        "notice": str(last.get("notice", "Research use only.")),
        "model": str(last.get("model_sha256", ""))[:12],
        "complete": not reported.not_reached and bool(last.get("complete", True)),
        "not_reached": list(reported.not_reached),
        "bones": [
            {"name": label.name, "colour": as_hex(label.colour)}
            for label in describe_labels(reported.bones)
        ],
        "examinations": {name: list(cases) for name, cases in reported.examinations.items()},
        "single_file": single_file,
        "rows": rows,
    }


def _run_id(out: Path) -> str:
    """A name for this folder's verdicts; kept, so that they outlast a rebuilt page."""
    from shoulderseg.datasets.output_file import write_text

    path = out / REPORT_FOLDER / _ID_FILE
    try:
        kept = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        kept = ""
    if len(kept) != 32 or not kept.isalnum():
        kept = secrets.token_hex(16)
        write_text(path, kept + "\n")
    return kept
