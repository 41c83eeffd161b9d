"""A picture of a result, to look at it without a viewer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.workflows.segmentation.result import Result

SLICES = 6


def write_preview(path: Path, result: Result) -> None:
    """Writes a PNG of up to six slices with the bones' outlines, in the canonical orientation.

    Args:
        path: the PNG.
        result: of a case that did not fail.

    Raises:
        ValueError: if the case failed.
        OSError: if the file cannot be written.
    """
    from shoulderseg.datasets.orientation import find_reorientation, reorient
    from shoulderseg.workflows.outputs.overlay import Picture, write_overlay

    volume, segmentation = result.segmented()
    # However the file lies, slices are shown as a scanner stores them.
    reorientation = find_reorientation(volume)
    image = reorient(volume, reorientation)
    labels = reorient(replace(volume, array=segmentation.label_map), reorientation).array
    caption = f"{result.name}. {_told(result)} Research use only."
    picture = Picture(names=result.names, caption=caption, slices=SLICES)
    write_overlay(path, image, {"": labels}, picture)


def _told(result: Result) -> str:
    """The numbers of a result in a sentence or two."""
    volumes = [f"{name} {volume_ml:.1f} ml" for name, volume_ml in result.volumes_ml.items()]
    predicted = [f"{name} {dice:.2f}" for name, dice in result.quality.items() if dice is not None]
    words = f"{', '.join(volumes)}."
    return words + (f" Predicted Dice: {', '.join(predicted)}." if predicted else "")
