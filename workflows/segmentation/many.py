"""Segments image after image; one that fails does not stop the others."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.inputs.arguments import IN_MEMORY
from shoulderseg.workflows.segmentation.result import Result

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.case_input import CaseInput

_LOGGER = logging.getLogger(__name__)


def segment_each(
    segment: Callable[[object, str], Result], images: Iterable[object]
) -> Iterator[Result]:
    """Segments several images.

    Args:
        segment: segments a path or an image from memory, whose name comes second.
        images: paths or images from memory; none of them gives no result.

    Yields:
        A result for each. That of a failed one has an `error`, and so has that of a second one of
        the same name, since its files would replace those of the first.
    """
    from shoulderseg.datasets.files import case_name

    taken: set[str] = set()
    for number, image in enumerate(images, start=1):
        named = isinstance(image, str | os.PathLike)
        name = f"{IN_MEMORY}_{number}"
        if named:
            # A path such as "." names no case, and may yet hold one.
            with contextlib.suppress(ValueError):
                name = case_name(Path(image))  # type: ignore[arg-type]
        try:
            result = segment(image, name)
        except Exception as error:
            _LOGGER.debug("traceback", exc_info=True)
            reason = reason_of(error)
            result = Result(name, error=reason if name in reason else f"{name}: {reason}")
        if result.name in taken and not result.error:
            reason = f"another image is also called {result.name}; rename one"
            result = Result(result.name, error=reason)
        taken.add(result.name)
        yield result


def segment_path(segment: Callable[[CaseInput], Result], images: Path) -> Iterator[Result]:
    """Segments all that a path holds.

    Args:
        segment: reads and segments one case.
        images: an image, a folder of images, a DICOM folder tree, or a zip of one.

    Yields:
        A result for each image, by name. That of a failed or refused one has an `error`.

    Raises:
        ValueError: if there is no image, or a zip file cannot be unpacked.
    """
    from shoulderseg.workflows.inputs.discover import find_inputs
    from shoulderseg.workflows.inputs.zip_archive import unpacked

    with unpacked(images) as folder:
        inputs = find_inputs(folder, from_archive=folder != images)
        inputs.require_images(images)
        for item in inputs.skipped:
            if item.refused:
                yield Result(item.name, error=f"{item.name}: {item.reason}")
        for case in inputs.cases:
            try:
                result = segment(case)
            except Exception as error:
                _LOGGER.debug("traceback", exc_info=True)
                result = Result(case.name, error=failure_of(case, error))
            yield result


def failure_of(case: CaseInput, error: Exception) -> str:
    """Why a case failed, with the name that may be shown for it."""
    reason = reason_of(error)
    return reason if reason.startswith(case.shown) else f"{case.shown}: {reason}"
