"""Measurements of a shoulder on voxels alone, by other means than the phantom's own formulas.

What is measured are the shares of bone in the voxels of a volume. Bone ends where the share,
interpolated along an array axis, passes one half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage, optimize

from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.grid import ScanGrid

Spots = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Marks = dict[str, Spots]
_CORNERS = np.ones((3, 3, 3), dtype=bool)


class Crossings(NamedTuple):
    """Where bone ends.

    Attributes:
        spots: In patient coordinates, (n, 3).
        outside: Indices (Z, Y, X) of the voxel beyond each, (n, 3).
    """

    spots: Spots
    outside: npt.NDArray[np.int64]


class Ball(NamedTuple):
    """A sphere fitted to points: its centre (3,), radius, and the points' median distance."""

    centre: Spots
    radius_mm: float
    off_mm: float


def crossings(share: npt.NDArray[np.float32], grid: ScanGrid) -> Crossings:
    """Find where a share passes one half between two voxels next to each other along an axis."""
    inner = share >= 0.5
    spots, outside = [], []
    for step in np.concatenate([np.eye(3, dtype=int), -np.eye(3, dtype=int)]):
        # A voxel at the end of the array is its own neighbour, which ends no bone.
        index = np.argwhere(inner)
        beyond = np.clip(index + step, 0, np.array(share.shape) - 1)
        ends = ~inner[tuple(beyond.T)]
        index, beyond = index[ends], beyond[ends]
        high, low = share[tuple(index.T)], share[tuple(beyond.T)]
        way = ((high - 0.5) / (high - low))[:, None]
        spots.append(in_patient(index + way * step, grid))
        outside.append(beyond)
    return Crossings(np.concatenate(spots), np.concatenate(outside))


def in_patient(indices: npt.NDArray[np.floating[Any]], grid: ScanGrid) -> Spots:
    """Patient coordinates of (fractional) indices (n, 3)."""
    spots: Spots = np.array(grid.origin_mm) + indices @ grid.axes_mm()
    return spots


def in_volume(spots: Spots, grid: ScanGrid) -> Spots:
    """Fractional indices (n, 3) of patient coordinates (n, 3)."""
    indices: Spots = (spots - np.array(grid.origin_mm)) @ np.linalg.inv(grid.axes_mm())
    return indices


def ball_through(spots: Spots) -> Ball:
    """Sphere with the least squared distances to points (n, 3)."""

    def off(ball: Spots) -> Spots:
        away: Spots = np.linalg.norm(spots - ball[:3], axis=1) - ball[3]
        return away

    found = optimize.least_squares(off, np.append(spots.mean(axis=0), 30.0), x_scale=10.0)
    return Ball(found.x[:3], abs(float(found.x[3])), float(np.median(np.abs(found.fun))))


def covered_by(
    share: npt.NDArray[np.float32],
    tissue: Structure,
    tissue_map: npt.NDArray[np.uint8],
    grid: ScanGrid,
) -> Spots:
    """Spots of a bone's surface beyond which a tissue begins, (n, 3)."""
    edge = crossings(share, grid)
    spots: Spots = edge.spots[tissue_map[tuple(edge.outside.T)] == tissue]
    return spots


def retroversion_deg(front: Spots, behind: Spots, marks: Marks) -> float:
    """How far the line from front to back rim turns to medial, seen across the scapular plane."""
    axis, _, back = scapular_axes(marks)
    return float(np.degrees(np.arctan2((front - behind) @ axis, (behind - front) @ back)))


def inclination_deg(low: Spots, high: Spots, marks: Marks) -> float:
    """How far the line from lower to upper rim turns to medial, seen on the scapular plane."""
    axis, up, _ = scapular_axes(marks)
    return float(np.degrees(np.arctan2((low - high) @ axis, (high - low) @ up)))


def scapular_axes(marks: Marks) -> tuple[Spots, Spots, Spots]:
    """From the trigonum to the joint; up in the plane through the inferior angle; backwards."""
    axis = unit(marks["glenoid_middle"] - marks["trigonum"])
    up = marks["trigonum"] - marks["inferior_angle"]
    up = across(up, axis)
    back = np.cross(axis, up)
    return axis, up, back * np.sign(back @ (marks["glenoid_posterior"] - marks["glenoid_anterior"]))


def pieces_of(mask: Mask) -> list[int]:
    """Numbers of voxels of the parts of a mask, corners connecting, largest first."""
    labelled, count = ndimage.label(mask, _CORNERS)
    sizes = np.bincount(labelled.ravel(), minlength=count + 1)[1:]
    return sorted((int(size) for size in sizes), reverse=True)


def touching(first: Mask, second: Mask) -> int:
    """How many voxels of the second mask lie next to one of the first, corners included."""
    return int((ndimage.binary_dilation(first, _CORNERS) & second).sum())


def across(direction: Spots, axis: Spots) -> Spots:
    """The part of a direction across an axis, both of length 1."""
    return unit(direction - axis * (direction @ axis))


def unit(vector: Spots) -> Spots:
    """The vector in length 1."""
    scaled: Spots = vector / np.linalg.norm(vector)
    return scaled
