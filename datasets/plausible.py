"""Whether a volume can be a shoulder MRI at all, by its size, its spacing and its values."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.files import shown_name

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume

_LOGGER = logging.getLogger(__name__)

SMALLEST_SIDE = 16
# Of pixels and of the distance of slices: what scanners make of shoulders.
USUAL_PIXEL_MM, USUAL_STEP_MM = (0.1, 2.5), (0.3, 8.0)
# In Hounsfield units air is -1000, and there is much of it around a body.
_AIR_HU, _AIR_SHARE = -800.0, 0.02


def check_plausible(source: Path | str, volume: Volume) -> None:
    """Refuses what is too small to show a shoulder, and warns of what is unusual.

    Args:
        source: The file, or the name of an image in memory, for messages.
        volume: What was read from it.

    Raises:
        UnreadableVolumeError: If an image has fewer than 16 pixels a side.
    """
    path = Path(source)
    rows_or_columns = sorted(volume.array.shape)[1]
    if rows_or_columns < SMALLEST_SIDE:
        shape = " x ".join(map(str, volume.array.shape))
        reason = f"image has {shape} voxels, expected at least {SMALLEST_SIDE} in two directions."
        raise UnreadableVolumeError(path, reason)
    for doubt in doubts(volume):
        _LOGGER.warning("%s: %s", shown_name(path), doubt)


def doubts(volume: Volume) -> list[str]:
    """Says in words what is unusual for shoulder MRI.

    Args:
        volume: An image with finite values.

    Returns:
        One sentence for each doubt; empty for a usual scan.
    """
    sentences = []
    *pixel_mm, step_mm = sorted(volume.spacing_mm)
    (finest, coarsest), (nearest, farthest) = USUAL_PIXEL_MM, USUAL_STEP_MM
    if not (finest <= pixel_mm[0] and pixel_mm[1] <= coarsest):
        sentences.append(
            f"pixels of {pixel_mm[0]:.3g} x {pixel_mm[1]:.3g} mm, usual are {finest:g} to "
            f"{coarsest:g} mm; check the unit of length"
        )
    if min(volume.array.shape) > 1 and not nearest <= step_mm <= farthest:
        sentences.append(
            f"slices {step_mm:.3g} mm apart, usual are {nearest:g} to {farthest:g} mm; check the "
            "unit of length"
        )
    if float((volume.array < _AIR_HU).mean()) > _AIR_SHARE:
        sentences.append("values look like a CT in Hounsfield units; the models are for MR")
    return sentences
