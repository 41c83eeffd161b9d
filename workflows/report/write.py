"""The report page for programs: `shoulderseg.write_report`."""

from __future__ import annotations

import logging
import os
from pathlib import Path

_LOGGER = logging.getLogger(__name__)


def write_report(
    out: str | os.PathLike[str],
    images: str | os.PathLike[str] | None = None,
    *,
    single_file: bool = False,
    viewer: bool = False,
) -> Path:
    """Builds the report page of a folder that `shoulderseg predict` wrote to.

    Args:
        out: the folder; a run may still be at work in it.
        images: what `predict` was given, to show images of cases that have no pictures yet; without
            it these show their bones alone.
        single_file: whether the page shall hold all cases itself, up to 100.
        viewer: whether cases can be looked at as whole volumes too; takes `images`.

    Returns:
        The page: `report/index.html` in the folder, or `report/report.html` as a single file.

    Raises:
        FileNotFoundError: if there is no run report in the folder, or no such images.
        ValueError: if the run report is none, there are too many cases for a single file, or the
            viewer is asked for as one or without images.
        OSError: if a file cannot be read or written.
    """
    from shoulderseg.workflows.report.build import build_report

    given = None if images is None else Path(images)
    page = build_report(Path(out), given, single_file=single_file, viewer=viewer)
    for why in page.without_volume:
        _LOGGER.warning("not in the viewer: %s", why)
    return page.path
