"""Draws the picture of the README: a real slice, and the default bundle's masks on it.

The slice is the T1-weighted one among the NEMA samples that pydicom-data carries. `--label-map`
draws a label map that is there already instead of segmenting the slice.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image
from pydicom.data import get_testdata_file

from shoulderseg.datasets.labels import PALETTE, SHOULDER_LABELS, as_hex
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.workflows.processes.scripts import installed_script

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

REAL_SLICE = "MR2_UNCR.dcm"
INCHES, DOTS_AN_INCH = (8.0, 3.5), 100
# Few enough that the file stays small, enough that shades look smooth.
COLOURS = 128


def main() -> None:
    """Segments, draws and prints the area of each bone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.png", help="the picture")
    parser.add_argument("--label-map", type=Path, help="draw this instead of segmenting")
    parser.add_argument("--quick", action="store_true", help="segment without mirror images")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the areas as JSON")
    asked = parser.parse_args()
    found = get_testdata_file(REAL_SLICE, download=False)
    if found is None:
        parser.error(f"{REAL_SLICE} is not there; install pydicom-data")
    source = Path(str(found))
    image = read_image(source)
    label_map = read_label_map(asked.label_map or _segmented(source, quick=asked.quick)).array
    _draw(asked.out, image, label_map[0])
    height_mm, width_mm = image.spacing_mm[1:]
    areas_cm2 = {
        bone: round(float((label_map == value).sum()) * height_mm * width_mm / 100, 2)
        for bone, value in SHOULDER_LABELS.items()
    }
    print("".join(f"| {bone} | {area} cm² |\n" for bone, area in areas_cm2.items()), end="")
    if asked.json:
        asked.json.write_text(json.dumps({"areas_cm2": areas_cm2}, indent=2) + "\n")


def _segmented(source: Path, *, quick: bool) -> Path:
    """The label map that `shoulderseg predict` writes for the slice."""
    out = Path(tempfile.mkdtemp(prefix="result-picture-"))
    words = ["predict", str(source), str(out), "--format", "nii.gz", "--device", "cpu"]
    words += ["--no-mirroring"] if quick else []
    subprocess.run([installed_script("shoulderseg"), *words], check=True)
    return out / f"{source.stem}.nii.gz"


def _draw(path: Path, image: Volume, label_map: npt.NDArray[np.uint8]) -> None:
    figure = Figure(figsize=INCHES, dpi=DOTS_AN_INCH, layout="constrained")
    plain, labelled = figure.subplots(1, 2)
    low, high = np.percentile(image.array, (1, 99.5))
    aspect = image.spacing_mm[1] / image.spacing_mm[2]
    # The slice without the scanner's empty margins.
    filled = image.array[0] > high / 8
    rows, columns = (np.flatnonzero(filled.any(axis=axis)) for axis in (1, 0))
    for panel, title in ((plain, "T1-weighted slice"), (labelled, "with the predicted masks")):
        panel.imshow(image.array[0], cmap="gray", vmin=low, vmax=high, aspect=aspect)
        panel.set_title(title, fontsize=10)
        panel.set_xlim(columns[0], columns[-1])
        panel.set_ylim(rows[-1], rows[0])
        panel.set_axis_off()
    lines = []
    for bone, value in SHOULDER_LABELS.items():
        colour = as_hex(PALETTE[value - 1])
        _overlay(labelled, label_map == value, colour)
        lines.append(Line2D([], [], color=colour, linewidth=4, label=bone))
    labelled.legend(handles=lines, loc="lower left", fontsize=9, framealpha=0.85)
    figure.savefig(path)
    with Image.open(path) as picture:
        # The octree keeps the few coloured pixels, which a palette by frequency would turn grey.
        reduced = picture.convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE)
    reduced.save(path, optimize=True)


def _overlay(panel: Any, mask: npt.NDArray[np.bool_], colour: str) -> None:  # noqa: ANN401
    if mask.any():
        panel.contourf(mask, levels=[0.5, 1.5], colors=colour, alpha=0.35)
        panel.contour(mask, levels=[0.5], colors=colour, linewidths=1.6)


if __name__ == "__main__":
    main()
