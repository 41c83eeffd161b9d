"""Draws docs/examination.png: series alone and together, and the bones that they make.

    python -m benchmarks.examination_picture DATA/exam_0004 docs/examination.png

`DATA` is what `benchmarks.examination --data DATA` keeps.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from skimage.measure import marching_cubes

from shoulderseg import Segmenter
from shoulderseg.workflows.examination.vote import Examination, vote_together
from shoulderseg.workflows.segmentation.result import Result

mpl.use("Agg")
COLOURS = {1: "lime", 2: "red"}
SHOWN = 3


def main() -> None:
    """Segments an examination and draws it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examination", type=Path, help="a folder with images")
    parser.add_argument("picture", type=Path, help="the PNG file")
    asked = parser.parse_args()
    segmenter = Segmenter(device="cpu")
    alone = [segmenter(path) for path in sorted((asked.examination / "images").iterdir())]
    examination = vote_together(alone, segmenter.bundle, segmenter.settings)
    _draw(alone, examination, asked.picture)


def _draw(alone: list[Result], examination: Examination, picture: Path) -> None:
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(12, 5.2), facecolor="black")
    chosen = sorted(range(len(alone)), key=lambda k: -_changed(alone[k], examination.results[k]))
    for column, k in enumerate(chosen[:SHOWN]):
        z = _slice(alone[k], examination.results[k])
        for row, result in enumerate((alone[k], examination.results[k])):
            axes = figure.add_subplot(2, SHOWN + 2, 1 + column + row * (SHOWN + 2))
            _outline(axes, result, z)
            words = "alone" if row == 0 else "together"
            axes.set_title(f"{result.name}, {words}", color="white", fontsize=8)
    axes = figure.add_subplot(1, SHOWN + 2, (SHOWN + 1, SHOWN + 2), projection="3d")
    _bones(axes, examination)
    figure.tight_layout(pad=0.4, h_pad=1.5)
    figure.savefig(picture, dpi=90, facecolor="black")


def _changed(before: Result, after: Result) -> float:
    different = int(np.count_nonzero(before.labels != after.labels))
    return different / max(int(np.count_nonzero(after.labels)), 1)


def _slice(before: Result, after: Result) -> int:
    """The slice that changed most."""
    return int(np.argmax(np.count_nonzero(before.labels != after.labels, axis=(1, 2))))


def _outline(axes: Any, result: Result, z: int) -> None:  # noqa: ANN401
    volume, found = result.segmented()
    aspect = volume.spacing_mm[1] / volume.spacing_mm[2]
    bright = np.percentile(volume.array, 99.5)
    axes.imshow(volume.array[z], cmap="gray", vmax=bright, aspect=aspect)
    for value, colour in COLOURS.items():
        mask = found.label_map[z] == value
        if mask.any():
            axes.contour(mask, [0.5], colors=colour, linewidths=1)
    axes.axis("off")


def _bones(axes: Any, examination: Examination) -> None:  # noqa: ANN401
    if examination.bones is None:
        return
    coarse = examination.bones.array[::3, ::3, ::3]
    for value, colour in COLOURS.items():
        mask = np.pad((coarse == value).astype(np.float32), 1)
        corners, faces, _, _ = marching_cubes(mask, 0.5)
        x, y, z = corners[:, ::-1].T
        axes.plot_trisurf(x, y, faces, z, color=colour, linewidth=0, shade=True)
    axes.set_box_aspect(coarse.shape[::-1])
    axes.set_facecolor("black")
    axes.view_init(elev=10, azim=-70)
    axes.axis("off")
    axes.set_title("both bones, 0.5 mm", color="white", fontsize=8)


if __name__ == "__main__":
    main()
