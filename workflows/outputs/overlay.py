"""Pictures of label maps over an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from shoulderseg.datasets.volume import Volume

_SHOULDER = {1: "humerus", 2: "glenoid"}


@dataclass(frozen=True)
class Picture:
    """How an overlay looks.

    Attributes:
        names: what each label value means, for the legend.
        caption: a line below the slices.
        slices: how many slices to show, spread over those that hold a label.
    """

    names: Mapping[int, str] = field(default_factory=lambda: dict(_SHOULDER))
    caption: str = ""
    slices: int = 4


def write_overlay(
    path: Path,
    image: Volume,
    label_maps: Mapping[str, npt.NDArray[np.uint8]],
    picture: Picture | None = None,
) -> None:
    """Writes a PNG with the outlines of label maps over some slices, and a legend.

    Args:
        path: the PNG.
        image: the image, array (Z, Y, X).
        label_maps: a title for each label map on the image's grid; one row of pictures each.
        picture: how it looks.

    Raises:
        OSError: if the file cannot be written.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    picture = picture or Picture()
    shown = _chosen_slices(list(label_maps.values()), picture.slices)
    high, wide = (
        length * step
        for length, step in zip(image.array.shape[1:], image.spacing_mm[1:], strict=True)
    )
    # Panels as high as the slices are, within what can be looked at.
    panel_inches = 3.2 * min(max(high / wide, 0.4), 2.5)
    figure = Figure(
        figsize=(3.2 * len(shown), (panel_inches + 0.25) * len(label_maps) + 0.4),
        layout="constrained",
    )
    panels = figure.subplots(len(label_maps), len(shown), squeeze=False)
    window = np.percentile(image.array, (1, 99))
    for row, (title, label_map) in zip(panels, label_maps.items(), strict=True):
        for panel, index in zip(row, shown, strict=True):
            _draw_slice(panel, image, label_map, int(index), (window[0], window[1]))
            panel.set_title(f"{title}, slice {index}" if title else f"slice {index}", fontsize=8)
    values = sorted({int(v) for m in label_maps.values() for v in np.unique(m) if v > 0})
    handles = [
        Line2D([], [], color=_colour(value), label=picture.names.get(value, str(value)))
        for value in values
    ]
    if handles:
        figure.legend(handles=handles, loc="outside upper right", ncols=len(handles), fontsize=8)
    if picture.caption:
        # Letters of this size are about 0.07 inches wide.
        wide_enough = max(20, int(figure.get_figwidth() / 0.075))
        figure.supxlabel("\n".join(wrap(picture.caption, wide_enough)), fontsize=8)
    _save(path, figure)


def _save(path: Path, figure: Figure) -> None:
    from shoulderseg.datasets.output_file import replaced_file

    with replaced_file(path) as part:
        figure.savefig(part, dpi=110, format="png")


def _chosen_slices(label_maps: list[npt.NDArray[np.uint8]], slices: int) -> npt.NDArray[np.intp]:
    """Indices of some slices, spread over those that hold a label; over all if none does."""
    filled = np.flatnonzero(np.any([m.any(axis=(1, 2)) for m in label_maps], axis=0))
    shown = filled if len(filled) else np.arange(len(label_maps[0]))
    chosen: npt.NDArray[np.intp] = shown[
        np.linspace(0, len(shown) - 1, min(slices, len(shown))).round().astype(int)
    ]
    return chosen


def _draw_slice(
    panel: Axes,
    image: Volume,
    label_map: npt.NDArray[np.uint8],
    index: int,
    window: tuple[float, float],
) -> None:
    aspect = image.spacing_mm[1] / image.spacing_mm[2]
    low, high = window
    panel.imshow(image.array[index], cmap="gray", vmin=low, vmax=high, aspect=aspect)
    for value in np.unique(label_map[label_map > 0]):
        mask = label_map[index] == value
        if mask.any():
            # A frame of background, so that outlines close at the image's edge.
            framed = np.pad(mask, 1)
            rows, columns = (np.arange(-1, size + 1) for size in mask.shape)
            colour = _colour(int(value))
            panel.contour(columns, rows, framed, levels=[0.5], colors=colour, linewidths=1.2)
    panel.set_axis_off()


def _colour(value: int) -> str:
    from shoulderseg.datasets.labels import PALETTE, as_hex

    return as_hex(PALETTE[(value - 1) % len(PALETTE)])
