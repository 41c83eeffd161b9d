"""Pictures of cases for the report page: as they are segmented, or afterwards from their files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.report.noted import Noted
from shoulderseg.workflows.report.parts import read_row, result_digest, write_part
from shoulderseg.workflows.report.rows import Reported, labels_of, read_reported
from shoulderseg.workflows.report.sources import Images, found_images, label_map_of

if TYPE_CHECKING:
    from shoulderseg.workflows.segmentation.result import Result

_LOGGER = logging.getLogger(__name__)


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


def picture_missing(
    out: Path,
    reported: Reported,
    images: Path | None,
    on_case: Callable[[int, int], None] | None = None,
) -> None:
    """Gives the report page the cases that have no pictures yet.

    Args:
        out: folder of the run.
        reported: its run report.
        images: what `predict` was given; None to show the bones alone.
        on_case: is told how many of these cases are done, and how many there are.

    Raises:
        FileNotFoundError: if there are no such images.
        ValueError: if a folder is a link, or a zip file cannot be unpacked.
        OSError: if a file cannot be written.
    """
    records = [record for record in reported.done() if _lacks(out, record, images)]
    if not records:
        return
    noted = Noted(out)
    with found_images(images) as found:
        for number, record in enumerate(records):
            if on_case is not None:
                on_case(number, len(records))
            _picture_again(noted, record, found)
    if on_case is not None:
        on_case(len(records), len(records))


def _lacks(out: Path, record: Mapping[str, Any], images: Path | None) -> bool:
    row = read_row(out, record)
    # Where a file could not be read, it may be there by now.
    return row is None or "thumbnail" not in row or (images is not None and not row.get("pictured"))


def _picture_again(noted: Noted, record: Mapping[str, Any], images: Images) -> None:
    label_map = image = None
    out, labels, note = noted.out, labels_of(record), ""
    try:
        label_map = label_map_of(noted, record)
        image = images.of(noted, record, label_map)
    except Exception as error:
        note = _missed(error)
    if not still_holds(out, record):
        # The run at work has pictured the new result, or will.
        return
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


def still_holds(out: Path, record: Mapping[str, Any]) -> bool:
    """Tells whether no run has made a case anew since its record was read.

    Args:
        out: folder of the run.
        record: of the case.

    Raises:
        ValueError: if the run report is none any more.
        OSError: if it cannot be read.
    """
    # A run replaces the file by a new one each time.
    file = (out / REPORT_FILE).stat()
    return result_digest(record) in _digests(out, (file.st_mtime_ns, file.st_size, file.st_ino))


@lru_cache(maxsize=1)
def _digests(out: Path, _version: tuple[int, int, int]) -> frozenset[str]:
    """Those of all results in the run report; for each case to read it all takes far too long."""
    return frozenset(map(result_digest, read_reported(out).done()))
