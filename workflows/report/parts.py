"""What each case gives to the report page, in files of its own.

So runs that go on beside each other never write one file, and the page is put together of what is
there, whenever one likes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.report.colours import bone_colours
from shoulderseg.workflows.report.measures import shown_measures
from shoulderseg.workflows.report.safe_json import plain_values, script_json

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume

REPORT_FOLDER = "report"
_CASES, _ROWS = "cases", "rows"
# What a case's part is made of; where it changes, the part is of an earlier result.
_DIGESTED = (
    *("case", "outputs", "shape", "spacing_mm", "volumes_ml", "quality", "seconds"),
    "measures_of_bones",
)
_SAFE_NAME = re.compile(r"(?!case-[0-9a-f]{24}$)[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_CALL = ("shoulderCase(", ");\n")
# Whole volumes lie apart: who opens a case need not load them.
VOLUMES, VOLUME_CALL = "volumes", ("shoulderVolume(", ");\n")


def file_stem(case: str) -> str:
    """Gives a name that every file system and every address takes, one for each case."""
    if _SAFE_NAME.fullmatch(case) and not case.endswith("."):
        return case
    return f"case-{hashlib.sha256(case.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def result_digest(record: Mapping[str, Any]) -> str:
    """Gives a short hash by which one result of a case is told from the next.

    Args:
        record: of the run report.
    """
    told = json.dumps({key: record.get(key) for key in _DIGESTED}, sort_keys=True)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def write_part(
    out: Path,
    record: Mapping[str, Any],
    labels: Mapping[str, int],
    label_map: Volume | None,
    image: Volume | None,
    note: str = "",
) -> None:
    """Writes a case's script and the beginning of its row, each whole or not at all.

    Args:
        out: folder of the run.
        record: of the case in the run report.
        labels: the voxel value of each bone.
        label_map: labels, uint8 (Z, Y, X); None where they are not at hand.
        image: the image on the same grid; None where it is not at hand.
        note: why something is not at hand.

    Raises:
        ValueError: if the folder of the report is a link.
        OSError: if a file cannot be written.
    """
    from shoulderseg.datasets.labels import describe_labels
    from shoulderseg.datasets.output_file import make_folder, write_text
    from shoulderseg.workflows.report.mesh import small_meshes
    from shoulderseg.workflows.report.slices import shown_case, slice_pictures, thumbnail

    digest, pictured = result_digest(record), image is not None
    row: dict[str, Any] = {"digest": digest, "note": note, "pictured": pictured}
    content: dict[str, Any] = {"case": record["case"], "digest": digest}
    content["measures"] = shown_measures(record)
    if label_map is not None:
        described = describe_labels(labels)
        shown = shown_case(label_map, image, [label.value for label in described])
        row["plane"] = _plane(shown.grid)
        row["thumbnail"] = thumbnail(
            shown, list(bone_colours(label.name for label in described).values())
        )
        content["slices"] = slice_pictures(shown)
        content["meshes"] = small_meshes(shown)
    stem = file_stem(record["case"])
    for folder, name, text in (
        (_CASES, f"{stem}.js", script_json(content).join(_CALL)),
        # Last: where it is, the script is too.
        (_ROWS, f"{stem}.json", json.dumps(plain_values(row))),
    ):
        make_folder(out / REPORT_FOLDER / folder, out)
        write_text(out / REPORT_FOLDER / folder / name, text)


def read_row(out: Path, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Reads the beginning of a case's row.

    Args:
        out: folder of the run.
        record: of the case in the run report.

    Returns:
        `note`, `pictured`, `plane` and `thumbnail`, the last two only where known; None where there
        is none of this very result.
    """
    stem = file_stem(record["case"])
    try:
        text = (out / REPORT_FOLDER / _ROWS / f"{stem}.json").read_text(encoding="utf-8")
        row = json.loads(text)
        if row["digest"] != result_digest(record) or not script_of(out, record["case"]).is_file():
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(row)


def script_of(out: Path, case: str) -> Path:
    """Gives the path of a case's script."""
    return out / REPORT_FOLDER / _CASES / f"{file_stem(case)}.js"


def read_content(out: Path, case: str) -> str:
    """Reads what a case's script hands over, as JSON that may stand in a page.

    Raises:
        OSError: if it cannot be read.
    """
    text = script_of(out, case).read_text(encoding="utf-8")
    return text.removeprefix(_CALL[0]).removesuffix(_CALL[1])


def volume_script(out: Path, record: Mapping[str, Any]) -> Path:
    """Gives the path of the script with a case's whole volume."""
    return out / REPORT_FOLDER / VOLUMES / f"{file_stem(record['case'])}.js"


def has_volume(out: Path, record: Mapping[str, Any]) -> bool:
    """Tells whether the viewer can show this very result of a case.

    Args:
        out: folder of the run.
        record: of the case in the run report.
    """
    # The digest stands first.
    begins = VOLUME_CALL[0] + script_json({"digest": result_digest(record)})[:-1]
    try:
        with volume_script(out, record).open(encoding="utf-8") as file:
            return file.read(len(begins)) == begins
    except (OSError, ValueError):
        return False


def _plane(grid: Volume) -> str:
    from shoulderseg.datasets.dicom.description import plane_of

    return plane_of(grid.direction[2::3])
