"""A picture of label maps over an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume


def write_overlay(
    path: Path, image: Volume, label_maps: dict[str, npt.NDArray[np.uint8]], slices: int = 4
) -> None:
    """Writes a PNG with the outlines of label maps over some slices.

    Args:
        path: the PNG.
        image: the image, array (Z, Y, X).
        label_maps: a title for each label map on the image's grid; one row of pictures each.
        slices: how many slices to show, spread over those that hold a label.
    """
    from matplotlib.figure import Figure

    from shoulderseg.datasets.labels import PALETTE, as_hex

    filled = np.flatnonzero(np.any([m.any(axis=(1, 2)) for m in label_maps.values()], axis=0))
    shown = filled if len(filled) else np.arange(len(image.array))
    chosen = shown[np.linspace(0, len(shown) - 1, min(slices, len(shown))).round().astype(int)]
    figure = Figure(figsize=(3.2 * len(chosen), 3.4 * len(label_maps)), layout="constrained")
    panels = figure.subplots(len(label_maps), len(chosen), squeeze=False)
    low, high = np.percentile(image.array, (1, 99))
    for row, (title, label_map) in zip(panels, label_maps.items(), strict=True):
        for panel, index in zip(row, chosen, strict=True):
            aspect = image.spacing_mm[1] / image.spacing_mm[2]
            panel.imshow(image.array[index], cmap="gray", vmin=low, vmax=high, aspect=aspect)
            for value in np.unique(label_map[label_map > 0]):
                colour = as_hex(PALETTE[(int(value) - 1) % len(PALETTE)])
                mask = label_map[index] == value
                if mask.any():
                    panel.contour(mask, levels=[0.5], colors=colour, linewidths=1.2)
            panel.set_title(f"{title}, slice {index}", fontsize=8)
            panel.set_axis_off()
    figure.savefig(path, dpi=110)
