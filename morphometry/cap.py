"""The joint surface of the head, about its axis: where it ends in each direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.morphometry.vectors import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SECTOR_DEG = 6.0
# What is farther from the sphere is no joint surface.
INTACT_MM = 0.8
_ROUNDS = 6
# Parts of the margin that lie this far off the plane of the others, as sines, do not count.
_STRAY = 0.12
_FEWEST = 24


def polar_deg(along: Floats, axis: Floats) -> Floats:
    """Angle of each unit vector (n, 3) to the axis, (n,)."""
    found: Floats = np.degrees(np.arccos(np.clip(along @ axis, -1, 1)))
    return found


def sectors(along: Floats, axis: Floats) -> NDArray[np.int64]:
    """In which sector about the axis each unit vector lies, (n,)."""
    first = unit(np.cross(axis, np.eye(3)[np.abs(axis).argmin()]))
    second = np.cross(axis, first)
    angle = np.degrees(np.arctan2(along @ second, along @ first)) % 360
    return (angle // SECTOR_DEG).astype(np.int64)


def margin(along: Floats, axis: Floats, depth_mm: Floats) -> tuple[Floats, Floats]:
    """Where the joint surface ends in each sector about the axis.

    Args:
        along: Unit vectors from the head's centre, (n, 3).
        axis: Of the joint surface, (3,).
        depth_mm: Of the bone under the sphere in each direction, (n,).

    Returns:
        Angles to the axis, and the unit vectors there; sectors where it does not end are left out.
    """
    polar, around = polar_deg(along, axis), sectors(along, axis)
    off = np.abs(depth_mm) > INTACT_MM
    ends, spots = [], []
    for sector in np.unique(around[off]):
        here = np.flatnonzero((around == sector) & off)
        first = here[polar[here].argmin()]
        ends.append(float(polar[first]))
        spots.append(along[first])
    return np.array(ends), np.array(spots).reshape(-1, 3)


def margin_axis(along: Floats, start: Floats, depth_mm: Floats) -> Floats:
    """Normal of the plane through the joint surface's margin (the anatomical neck).

    Args:
        along: Unit vectors from the head's centre, (n, 3).
        start: A first guess of the axis, (3,).
        depth_mm: Of the bone under the sphere in each direction, (n,).

    Returns:
        Unit vector, (3,); the first guess where there is too little of a margin.
    """
    axis = start
    for _ in range(_ROUNDS):
        _, spots = margin(along, axis, depth_mm)
        kept = np.ones(len(spots), np.bool_)
        for _ in range(4):
            if np.count_nonzero(kept) < _FEWEST:
                return start
            normal = np.linalg.svd(spots[kept] - spots[kept].mean(axis=0), full_matrices=False)[2][
                2
            ]
            normal *= np.sign(normal @ start) or 1.0
            level = float(np.median(spots[kept] @ normal))
            kept = np.abs(spots @ normal - level) <= _STRAY
        axis = normal
    return axis
