"""Whole volumes of cases for the viewer (NiiVue), a script each, and the viewer's own page."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.report.colours import bone_colours
from shoulderseg.workflows.report.noted import Noted
from shoulderseg.workflows.report.page import render_viewer
from shoulderseg.workflows.report.parts import (
    REPORT_FOLDER,
    VOLUME_CALL,
    VOLUMES,
    result_digest,
    volume_script,
)
from shoulderseg.workflows.report.pictures import still_holds
from shoulderseg.workflows.report.rows import Reported, labels_of, notice_of
from shoulderseg.workflows.report.safe_json import script_json
from shoulderseg.workflows.report.sources import Images, found_images, label_map_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

_LOGGER = logging.getLogger(__name__)

VIEWER, _VENDOR = "viewer.html", "vendor"
_VENDOR_FILES = ("niivue.umd.js", "NOTICE.txt")
# Grey values that are no whole numbers are kept in so many steps.
_STEPS = 4095


def write_viewer(
    out: Path,
    reported: Reported,
    images: Path,
    on_case: Callable[[int, int], None] | None = None,
) -> list[str]:
    """Writes the viewer and the volumes of all cases, which may have other images than before.

    Args:
        out: folder of the run.
        reported: its run report.
        images: what `predict` was given.
        on_case: is told how many cases are done, and how many there are.

    Returns:
        For each case that has no volume why.

    Raises:
        FileNotFoundError: if there are no such images.
        ValueError: if a folder is a link, or a zip file cannot be unpacked.
        OSError: if the viewer itself cannot be written.
    """
    from shoulderseg.datasets.output_file import make_folder, write_text

    folder = out / REPORT_FOLDER
    for name in (VOLUMES, _VENDOR):
        make_folder(folder / name, out)
    for name in _VENDOR_FILES:
        asset = resources.files("shoulderseg.workflows.report").joinpath(_VENDOR, name)
        write_text(folder / _VENDOR / name, asset.read_text(encoding="utf-8"))
    write_text(folder / VIEWER, render_viewer(notice_of(reported)))
    missing = []
    records, noted = list(reported.done()), Noted(out)
    with found_images(images) as found:
        for number, record in enumerate(records):
            if on_case is not None:
                on_case(number, len(records))
            try:
                content = script_json(_content(noted, record, found))
                if still_holds(out, record):
                    # Else the run at work has made the case anew, and the page does not show it.
                    write_text(volume_script(out, record), content.join(VOLUME_CALL))
            except Exception as error:
                # Whatever goes wrong in one case, the others go on.
                _LOGGER.debug("traceback", exc_info=True)
                missing.append(f"{record['case']}: {reason_of(error)}")
    if on_case is not None:
        on_case(len(records), len(records))
    return missing


def _content(noted: Noted, record: Mapping[str, Any], images: Images) -> dict[str, Any]:
    from shoulderseg.datasets.labels import describe_labels

    label_map = label_map_of(noted, record)
    image = images.of(noted, record, label_map)
    if image is None:
        msg = "no image"
        raise ValueError(msg)
    labels = labels_of(record)
    colours = bone_colours(labels)
    return {
        # First: by this it is found whether the file is of this result.
        "digest": result_digest(record),
        "case": record["case"],
        "image": _nifti(replace(image, array=_grey(image.array))),
        "labels": _nifti(label_map),
        "bones": [
            {"name": label.name, "value": label.value, "colour": list(colours[label.name])}
            for label in describe_labels(labels)
        ],
    }


def _grey(array: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    """Grey values as int16, whole numbers as they are; decimals would take three times as much."""
    whole: npt.NDArray[np.int16] = np.clip(array, -32768, 32767).astype(np.int16)
    if np.array_equal(whole, array):
        return whole
    # A single bright voxel takes no steps from the others.
    low, high = (float(value) for value in np.percentile(array, (0.02, 99.98)))
    share = np.clip((array - low) / (high - low or 1.0), 0.0, 1.0)
    grey: npt.NDArray[np.int16] = (share * _STEPS).round().astype(np.int16)
    return grey


def _nifti(volume: Volume) -> str:
    """A volume as a NIfTI file in base64; SimpleITK writes to files alone."""
    from shoulderseg.datasets.temporary_folder import temporary_folder
    from shoulderseg.datasets.writer import write_image

    with temporary_folder() as scratch:
        path = scratch / "volume.nii.gz"
        write_image(path, volume)
        return base64.b64encode(path.read_bytes()).decode("ascii")
