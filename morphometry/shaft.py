"""The humeral shaft's axis, from whole sections across it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.morphometry.refusal import RefusedError, told
from shoulderseg.morphometry.spacing import MOST_SPACING_MM, spacing_along
from shoulderseg.morphometry.vectors import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.morphometry.bone import Bone
    from shoulderseg.morphometry.head import Head

    Floats = NDArray[np.float64]

# The shaft begins so far below the head's lower end, and so much of it has to be in the image.
_BELOW_MM, LEAST_MM = 12.0, 45.0
_ROUNDS = 6
_SECTION_MM = 1.0
# Fewer sections make no axis.
_FEWEST = 10


class Shaft(NamedTuple):
    """The shaft's axis.

    Attributes:
        up: Unit vector towards the head, (3,).
        offset_mm: Distance of the head's centre from the axis.
        length_mm: How much of the shaft there is below the head.
    """

    up: Floats
    offset_mm: float
    length_mm: float


def find_shaft(humerus: Bone, head: Head) -> Shaft:
    """Finds the line nearest to the middles of the sections across the shaft.

    Args:
        humerus: The humerus.
        head: Its head.

    Returns:
        The shaft.

    Raises:
        RefusedError: If less than 45 mm of it lie below the head, or slices lie too far apart
            along it.
    """
    points = humerus.surface.points_mm
    areas = humerus.surface.areas_mm2
    below = np.linalg.norm(points - head.centre_mm, axis=1) > head.radius_mm + _BELOW_MM
    # The tuberosities and the joint lie about the head; the shaft leads away from both.
    if np.count_nonzero(below) < 50:
        msg = f"none of the shaft is in the image, expected {LEAST_MM:g} mm below the head"
        raise RefusedError(msg)
    up = unit(head.centre_mm - points[below].mean(axis=0))
    middle = points[below].mean(axis=0)
    # Vertices lie at the slices: a thinner section has one side of the shaft alone.
    step = max(_SECTION_MM, _spacing(humerus, up))
    first = int(np.ceil(_BELOW_MM / step))
    length = 0.0
    for rounds_left in range(_ROUNDS - 1, -1, -1):
        down = (head.centre_mm - points) @ up - head.radius_mm
        sections = np.floor(down / step).astype(int)
        cut = sections[humerus.surface.cut]
        # The last section is whole only if the image does not cut the bone there.
        lowest = int(cut[cut >= first].min(initial=sections.max()))
        length = lowest * step
        whole = [
            number for number in range(first, lowest) if np.count_nonzero(sections == number) > 8
        ]
        # The first guess of the axis may be tilted, and all lengths along it too short.
        if len(whole) < _FEWEST or (not rounds_left and length < LEAST_MM):
            msg = (
                f"{max(length, 0):.0f} mm of the shaft are in the image, expected {LEAST_MM:g} "
                "below the head"
            )
            raise RefusedError(msg)
        middles = np.array([_middle(points, areas, sections == number) for number in whole])
        middle = middles.mean(axis=0)
        line = np.linalg.svd(middles - middle, full_matrices=False)[2][0]
        up = line * (np.sign(line @ (head.centre_mm - middle)) or 1.0)
    off = head.centre_mm - middle
    return Shaft(up, float(np.linalg.norm(off - up * (up @ off))), length)


def _spacing(humerus: Bone, up: Floats) -> float:
    """How far voxels lie apart along the shaft."""
    spacing = spacing_along(humerus, up)
    if spacing > MOST_SPACING_MM:
        msg = (
            f"slices or voxels are {told(spacing, MOST_SPACING_MM)} mm apart along the shaft, "
            f"expected at most {MOST_SPACING_MM:g}; a finer series or an examination's fused bone "
            "gives it"
        )
        raise RefusedError(msg)
    return spacing


def _middle(points: Floats, areas: Floats, chosen: NDArray[np.bool_]) -> Floats:
    mean: Floats = np.average(points[chosen], axis=0, weights=areas[chosen])
    return mean
