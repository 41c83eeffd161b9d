"""One series of an examination with the masks drawn on it, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.converters.seg_frames import read_seg
from shoulderseg.datasets.converters.source import Labelled
from shoulderseg.datasets.converters.study_grid import turned_like
from shoulderseg.datasets.converters.study_mask import read_mask_file
from shoulderseg.datasets.dicom.pixels import read_stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from shoulderseg.datasets.converters.structures import Structures
    from shoulderseg.datasets.converters.study_match import DrawnMask
    from shoulderseg.datasets.dicom.stack import Stack


def load_series(stack: Stack, masks: Sequence[DrawnMask], structures: Structures) -> Labelled:
    """Reads a series and join its masks to one label map.

    Args:
        stack: Its slices in order.
        masks: All masks that were drawn on it.
        structures: What values and names in masks mean.

    Returns:
        The image and its labels.

    Raises:
        ValueError: If the series or a mask is damaged, two masks show the same structure, or masks
            share voxels. The message names no file.
        OSError: If a file cannot be read.
    """
    image = read_stack(stack)
    label_map = np.zeros(image.array.shape, np.uint8)
    for mask in masks:
        if mask.segments is not None:
            part = read_seg(mask.path, stack, mask.segments)
        else:
            part = turned_like(read_mask_file(mask.path, structures), image).array
        _join(label_map, part, len(masks), structures)
    return Labelled(image, label_map)


def _join(
    label_map: npt.NDArray[np.uint8],
    part: npt.NDArray[np.uint8],
    count: int,
    structures: Structures,
) -> None:
    """Adds one of a series' masks to those before it.

    Raises:
        ValueError: If they show the same structure, or share voxels.
    """
    twice = [value for value in np.intersect1d(label_map, part) if value]
    if twice:
        shown = ", ".join(structures.name_of(value) for value in twice)
        msg = f"{count} masks were drawn on it and more than one shows {shown}. Keep one of each."
        raise ValueError(msg)
    drawn = part > 0
    both = int(np.count_nonzero(drawn & (label_map > 0)))
    if both:
        msg = f"its masks overlap in {both} voxels. Draw them so that each voxel has one label."
        raise ValueError(msg)
    label_map[drawn] = part[drawn]
