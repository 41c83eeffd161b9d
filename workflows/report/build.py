"""Builds the report page of a run's folder: what `shoulderseg report` does."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shoulderseg.workflows.report.colours import bone_colours
from shoulderseg.workflows.report.measures import methods_of, shown_measures, table_columns
from shoulderseg.workflows.report.page import render_page
from shoulderseg.workflows.report.parts import (
    REPORT_FOLDER,
    read_content,
    read_row,
)
from shoulderseg.workflows.report.pictures import picture_missing
from shoulderseg.workflows.report.rows import Reported, notice_of, page_rows, read_reported
from shoulderseg.workflows.report.volumes import write_viewer

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
        without_volume: for each case that the viewer was asked to show and cannot, why.
    """

    path: Path
    cases: int
    failed: int
    not_reached: int
    without_image: int
    without_volume: tuple[str, ...] = ()


def build_report(
    out: Path,
    images: Path | None = None,
    *,
    single_file: bool = False,
    viewer: bool = False,
    on_case: Callable[[int, int], None] | None = None,
) -> Page:
    """Builds `report/index.html` in the folder of a run, which may still go on.

    Cases that `predict --report` has pictured keep their pictures. For others the label map is read
    again, and the image where it is given; without it, the bones alone are shown.

    Args:
        out: folder of the results.
        images: what `predict` was given; None to show the others without their images.
        single_file: whether the page holds all cases itself, as `report/report.html`.
        viewer: whether cases can be looked at as whole volumes too; takes `images`.
        on_case: is told how many of the cases without pictures are done, and how many there are.

    Raises:
        FileNotFoundError: if there is no run report, or no such images.
        ValueError: if the report is none, a folder is a link, or a single file is asked for and
            there are more than 100 cases, or the viewer, which takes several files and the images.
        OSError: if a file cannot be read or written.
    """
    from shoulderseg.datasets.output_file import make_folder, write_text

    reported = read_reported(out)
    _check_wishes(len(reported.records), images, single_file=single_file, viewer=viewer)
    make_folder(out / REPORT_FOLDER, out)
    picture_missing(out, reported, images, on_case)
    lacking = write_viewer(out, reported, images, on_case) if viewer and images else []
    rows = page_rows(out, reported)
    run_id, moved = _run_id(out)
    data = _page_data(reported, rows, single_file=single_file)
    data |= {"run_id": run_id, "moved": moved}
    held = [row for row in rows if single_file and row.get("file")]
    contents = [(row["file"], read_content(out, row["case"])) for row in held]
    path = out / REPORT_FOLDER / (_SINGLE if single_file else _INDEX)
    write_text(path, render_page(data, contents))
    parts = [read_row(out, record) or {} for record in reported.done()]
    return Page(
        path,
        len(parts),
        sum("error" in record for record in reported.records),
        len(reported.not_reached),
        sum(not part.get("pictured") for part in parts),
        tuple(lacking),
    )


def _check_wishes(cases: int, images: Path | None, *, single_file: bool, viewer: bool) -> None:
    msg = ""
    if single_file and cases > MOST_IN_ONE_FILE:
        msg = (
            f"{cases} cases, expected at most {MOST_IN_ONE_FILE} for a single file; leave out "
            "--single-file, and pass on the whole folder of the report"
        )
    if viewer and single_file:
        msg = "the viewer needs files beside the page: leave out --single-file"
    elif viewer and images is None:
        msg = "the viewer shows images: say with --images where they are"
    if msg:
        raise ValueError(msg)


def _page_data(
    reported: Reported, rows: list[dict[str, Any]], *, single_file: bool
) -> dict[str, Any]:
    from shoulderseg.datasets.labels import as_hex

    last, fused = reported.last, reported.fused
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": version("shoulderseg"),
        "notice": notice_of(reported),
        "model": str(last.get("model_sha256", ""))[:12],
        "complete": not reported.not_reached and bool(last.get("complete", True)),
        "not_reached": list(reported.not_reached),
        "bones": [
            {"name": name, "colour": as_hex(colour)}
            for name, colour in bone_colours(reported.bones).items()
        ],
        "examinations": {name: list(cases) for name, cases in reported.examinations.items()},
        "fused": {name: shown for name, one in fused.items() if (shown := shown_measures(one))},
        "methods": methods_of([*reported.records, *fused.values()]),
        "columns": table_columns(reported.records),
        "single_file": single_file,
        "rows": rows,
    }


def _run_id(out: Path) -> tuple[str, bool]:
    """A name for this folder's verdicts; kept, so that they outlast a rebuilt page.

    A folder that was copied has the file too, and would share them. So each place where the folder
    has been has a line of its own, with a hash of the path.

    Returns:
        The name, and whether the folder has been elsewhere.
    """
    from shoulderseg.datasets.output_file import write_text

    path = out / REPORT_FOLDER / _ID_FILE
    try:
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    except (OSError, ValueError):
        lines = []
    known = [line for line in lines if line and len(line[0]) == 32 and line[0].isalnum()]
    for name, *places in known:
        if places == [_place(name, out)]:
            return name, len(known) > 1
    # An earlier version kept the name alone.
    is_old = bool(known) and len(known[-1]) == 1
    name = known.pop()[0] if is_old else secrets.token_hex(16)
    known.append([name, _place(name, out)])
    write_text(path, "".join(" ".join(line) + "\n" for line in known))
    return name, len(known) > 1


def _place(name: str, out: Path) -> str:
    """A hash of where a folder is; the name goes in, so that nobody can look up common paths."""
    return hashlib.sha256(name.encode() + os.fsencode(out.resolve())).hexdigest()[:32]
