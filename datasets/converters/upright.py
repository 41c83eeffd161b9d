"""Stores the cases of a conversion head up or front up, as scanners store slices.

Networks learn how slices stand in a training dataset. NIfTI files mostly hold them upside down and
DICOM does not, so a network that learned from the one would meet the other turned round.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from shoulderseg.datasets.converters.source import Labelled, SourceCase
from shoulderseg.datasets.orientation import find_reorientation, reorient

if TYPE_CHECKING:
    from collections.abc import Callable


def turn_upright(case: SourceCase) -> SourceCase:
    """Gives a candidate whose image and label map are in canonical orientation.

    Args:
        case: The candidate.

    Returns:
        The same, but for what `load` gives; no voxel changes its value or its place in the patient.
    """
    return replace(case, load=partial(_load_upright, case.load))


def _load_upright(load: Callable[[], Labelled]) -> Labelled:
    image, label_map = load()
    if label_map.shape != image.array.shape:
        # Told where cases are examined.
        return Labelled(image, label_map)
    reorientation = find_reorientation(image)
    labels = reorient(replace(image, array=label_map), reorientation).array
    return Labelled(reorient(image, reorientation), labels)
