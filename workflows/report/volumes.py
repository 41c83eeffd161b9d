"""Whole volumes of cases for the viewer (NiiVue), a script each, and the viewer's own page."""

from __future__ import annotations

import base64
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.report.page import render_viewer
from shoulderseg.workflows.report.parts import REPORT_FOLDER, file_stem, result_digest
from shoulderseg.workflows.report.safe_json import script_json
from shoulderseg.workflows.report.sources import Images, found_images, label_map_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.report.rows import Reported

_LOGGER = logging.getLogger(__name__)

VIEWER, _VOLUMES, _VENDOR = "viewer.html", "volumes", "vendor"
_VENDOR_FILES = ("niivue.umd.js", "NOTICE.txt")
_CALL = ("shoulderVolume(", ");\n")
# Grey values that are no int16 are kept in so many steps, as most scanners have them.
_STEPS = 4095


def write_viewer(
    out: Path,
    reported: Reported,
    images: Path,
    on_case: Callable[[int, int], None] | None = None,
) -> list[str]:
    """Writes the viewer and the volumes of all cases whose volumes are not there yet.

    Args:
        out: folder of the run.
        reported: its run report.
        images: what `predict` was given.
        on_case: is told how many of these cases are done, and how many there are.

    Returns:
        For each case that has no volume why.

    Raises:
        FileNotFoundError: if there are no such images.
        ValueError: if a folder is a link, or a zip file cannot be unpacked.
        OSError: if a file cannot be written.
    """
    from shoulderseg.datasets.output_file import make_folder, write_text

    folder = out / REPORT_FOLDER
    for name in (_VOLUMES, _VENDOR):
        make_folder(folder / name, out)
    for name in _VENDOR_FILES:
        asset = resources.files("shoulderseg.workflows.report").joinpath(_VENDOR, name)
        write_text(folder / _VENDOR / name, asset.read_text(encoding="utf-8"))
    write_text(folder / VIEWER, render_viewer(str(reported.last.get("notice", ""))))
    missing = []
    records = [record for record in reported.done() if not has_volume(out, record)]
    with found_images(images) as found:
        for number, record in enumerate(records):
            if on_case is not None:
                on_case(number, len(records))
            try:
                content = _content(out, record, reported.bones, found)
            except Exception as error:
                # Whatever goes wrong in one case, the others go on.
                _LOGGER.debug("traceback", exc_info=True)
                missing.append(f"{record['case']}: {reason_of(error)}")
                continue
            write_text(_script(out, record), script_json(content).join(_CALL))
    if on_case is not None:
        on_case(len(records), len(records))
    return missing


def has_volume(out: Path, record: Mapping[str, Any]) -> bool:
    """Tells whether the viewer can show this very result of a case.

    Args:
        out: folder of the run.
        record: of the case in the run report.
    """
    begins = _CALL[0] + script_json({"digest": result_digest(record)})[:-1]
    try:
        with _script(out, record).open(encoding="utf-8") as file:
            return file.read(len(begins)) == begins
    except (OSError, ValueError):
        return False


def _script(out: Path, record: Mapping[str, Any]) -> Path:
    return out / REPORT_FOLDER / _VOLUMES / f"{file_stem(record['case'])}.js"


def _content(
    out: Path, record: Mapping[str, Any], labels: Mapping[str, int], images: Images
) -> dict[str, Any]:
    from shoulderseg.datasets.labels import describe_labels

    label_map = label_map_of(out, record)
    image = images.of(record["case"], label_map)
    if image is None:
        msg = "no image"
        raise ValueError(msg)
    return {
        # First: by this it is found whether the file is of this result.
        "digest": result_digest(record),
        "case": record["case"],
        "image": _nifti(replace(image, array=_grey(image.array))),
        "labels": _nifti(label_map),
        "bones": [
            {"name": label.name, "value": label.value, "colour": list(label.colour)}
            for label in describe_labels(labels)
        ],
    }


def _grey(array: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    """Grey values as int16: a third of the size of decimals, which nobody sees."""
    low, high = float(array.min()), float(array.max())
    if np.issubdtype(array.dtype, np.integer) and low >= -32768 and high <= 32767:
        return array.astype(np.int16)
    spread = high - low or 1.0
    grey: npt.NDArray[np.int16] = ((array - low) * (_STEPS / spread)).round().astype(np.int16)
    return grey


def _nifti(volume: Volume) -> str:
    """A volume as a NIfTI file in base64; SimpleITK writes to files alone."""
    from shoulderseg.datasets.writer import write_image

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "volume.nii.gz"
        write_image(path, volume)
        return base64.b64encode(path.read_bytes()).decode("ascii")
