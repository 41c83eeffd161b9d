"""What all muscles share: a belly of straps, the fat around it, fat streaks along the fibres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.sdf import Strap, clamp, smooth_union, strap
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.frames import FrameName, Points
    from shoulderseg.datasets.phantom.layers import Distance
    from shoulderseg.datasets.phantom.noise import Noise
    from shoulderseg.datasets.phantom.sdf import FloatArray

FAT_PLANE_MM = 2.2


class Fibres(NamedTuple):
    """The grain of a muscle.

    Attributes:
        frame: In which the fibres run along one coordinate.
        grain_mm: Size of the streaks along each coordinate.
        fat: Grade of fat, 0 to 1; the mean share is less than half of it above 0.1.
    """

    frame: FrameName
    grain_mm: tuple[float, float, float]
    fat: float


def streaks(fibres: Fibres, noise: Noise) -> Distance:
    """Gives the share of fat of a muscle: septa between its bundles that swell as fat rises."""

    def share(points: Points) -> FloatArray:
        grain = noise.at(points.within(fibres.frame), fibres.grain_mm)
        fine = points.once("fine grain", lambda p: noise.at(p.within("body"), (2.0, 2.0, 2.0)))
        # Where a texture changes its sign lie sheets: thin curves in any cross-section.
        septum = clamp(1.2 - np.abs(grain) / (0.05 + 0.7 * fibres.fat), 0, 1)
        return clamp(septum * (0.25 + fibres.fat) + 0.03 + 0.03 * fine, 0, 1)

    return share


def belly_layers(
    structure: Structure, straps: Sequence[Strap], fibres: Fibres, noise: Noise
) -> list[Layer]:
    """A muscle of one or more straps in the frame of its fibres, in a thin coat of fat."""

    def find(points: Points) -> FloatArray:
        place = points.within(fibres.frame)
        whole = strap(place, straps[0])
        for further in straps[1:]:
            whole = smooth_union(whole, strap(place, further), 3.0)
        return whole

    return coated(structure, find, streaks(fibres, noise), noise)


def coated(structure: Structure, find: Distance, texture: Distance, noise: Noise) -> list[Layer]:
    """A structure in an uneven coat of fat that keeps it apart from what was painted before."""
    name = f"belly {structure.name}"

    def distance(points: Points) -> FloatArray:
        return points.once(name, find)

    def coat(points: Points) -> FloatArray:
        # Muscles touch here and there, and fat gathers elsewhere.
        uneven = points.once("uneven coat", lambda p: noise.at(p.within("scapula"), (16, 16, 16)))
        return distance(points) - clamp(-0.1 + 0.9 * uneven, 0, FAT_PLANE_MM)

    return [
        Layer(Structure.INTERMUSCULAR_FAT, coat),
        Layer(structure, distance, texture),
    ]
