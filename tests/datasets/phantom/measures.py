"""Measurements of a shoulder on voxels alone, by other means than the phantom's own formulas.

What is measured are the shares of bone in the voxels of a volume. Bone ends where the share,
interpolated along an array axis, passes one half.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage, optimize

from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.grid import ScanGrid
    from shoulderseg.datasets.phantom.painting import Painted

Spots = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Marks = dict[str, Spots]
# Of the raster on which the joint surface is seen from the head, and how far under the surface bone
# is looked for: deep enough to be bone for sure, less deep than the rim is high.
RASTER_MM = 0.25
UNDER_FACE_MM = 1.0
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


class Surface(NamedTuple):
    """A joint surface: nearly a sphere, as deformed bones are.

    Attributes:
        ball: The sphere.
        axes: Directions to medial, up and backwards as rows, (3, 3).
        dents: How far the surface lies outside the sphere, as a cubic in the way up and backwards.
    """

    ball: Ball
    axes: Spots
    dents: Spots


class Circle(NamedTuple):
    """A circle on the raster of a face."""

    up: float
    back: float
    radius_mm: float


@dataclass(frozen=True, eq=False)
class Face:
    """The joint surface of a glenoid as the head sees it, on a square raster.

    Attributes:
        bone: Whether there is bone just under the surface, (n, n); rows go up, columns backwards.
        raster_mm: Coordinates of rows and of columns, (n,).
        spots: Patient coordinates, (n, n, 3).
    """

    bone: Mask
    raster_mm: Spots
    spots: Spots

    def tallest(self) -> tuple[Spots, Spots]:
        """Lower and upper end of the tallest columns."""
        counts = self.bone.sum(axis=0)
        tall = np.flatnonzero(counts == counts.max())
        low, high = np.mean([self.spots[:, k][self.bone[:, k]][[0, -1]] for k in tall], axis=0)
        return low, high

    def widest(self) -> tuple[Spots, Spots]:
        """Front and back end of the widest rows."""
        counts = self.bone.sum(axis=1)
        wide = np.flatnonzero(counts == counts.max())
        front, back = np.mean([self.spots[k][self.bone[k]][[0, -1]] for k in wide], axis=0)
        return front, back

    def lower_circle(self) -> Circle:
        """Circle that touches the front, back and lower rim, as radiologists draw it."""
        counts = self.bone.sum(axis=1)
        wide = np.flatnonzero(counts == counts.max())
        ends = np.mean([self.raster_mm[self.bone[k]][[0, -1]] for k in wide], axis=0)
        radius = (ends[1] - ends[0] + RASTER_MM) / 2
        bottom = self.raster_mm[self.bone.any(axis=1)][0] - RASTER_MM / 2
        return Circle(float(bottom + radius), float(ends.mean()), float(radius))

    def area_mm2(self, circle: Circle) -> float:
        """Area of bone inside a circle."""
        up, back = np.meshgrid(self.raster_mm, self.raster_mm, indexing="ij")
        inside = np.hypot(up - circle.up, back - circle.back) <= circle.radius_mm
        return float((self.bone & inside).sum()) * RASTER_MM**2


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


def face_surface(
    painted: Painted, grid: ScanGrid, marks: Marks, along: Literal["height", "width"] = "height"
) -> Surface:
    """Surface of the bone under the cartilage of a glenoid.

    The landmarks at the rim only tell which way is up and backwards; a deformed joint's height and
    width are not quite across each other, so that one of them has to be chosen.
    """
    spots = covered_by(painted.glenoid, Structure.GLENOID_CARTILAGE, painted.tissue_map, grid)
    ball = ball_through(spots)
    medial = _unit(spots.mean(axis=0) - ball.centre)
    up = _across(marks["glenoid_superior"] - marks["glenoid_inferior"], medial)
    back = _across(marks["glenoid_posterior"] - marks["glenoid_anterior"], medial)
    if along == "height":
        back = _across(back, up)
    else:
        up = _across(up, back)
    axes = np.stack([medial, up, back])
    off = np.linalg.norm(spots - ball.centre, axis=1) - ball.radius_mm
    _, first, second = axes @ (spots - ball.centre).T
    dents = np.linalg.lstsq(_powers(first, second), off, rcond=None)[0]
    return Surface(ball, axes, dents)


def face_on(surface: Surface, painted: Painted, grid: ScanGrid) -> Face:
    """Look for bone under a joint surface, of the same case or of another like it."""
    raster = np.arange(-26, 26, RASTER_MM) + RASTER_MM / 2
    first, second = np.meshgrid(raster, raster, indexing="ij")
    dents = _powers(first.ravel(), second.ravel()) @ surface.dents
    reach = surface.ball.radius_mm + dents.reshape(first.shape)
    level = np.stack([first, second])
    sunk = [
        np.sqrt(np.maximum(np.square(reach + deep) - np.square(level).sum(axis=0), 0))
        for deep in (0.0, UNDER_FACE_MM)
    ]
    on_face, under = (
        surface.ball.centre + np.stack([deep, first, second], axis=-1) @ surface.axes
        for deep in sunk
    )
    places = in_volume(under.reshape(-1, 3), grid).T
    share = ndimage.map_coordinates(painted.glenoid, places, order=1, mode="nearest")
    pieces, _ = ndimage.label((share >= 0.5).reshape(first.shape))
    here = pieces[len(raster) // 2, len(raster) // 2]
    return Face((pieces == here) & (pieces > 0), raster, on_face)


def glenoid_height(painted: Painted, grid: ScanGrid, marks: Marks) -> tuple[Spots, Spots]:
    """Lower and upper end of the joint surface."""
    return face_on(face_surface(painted, grid, marks, "height"), painted, grid).tallest()


def glenoid_width(painted: Painted, grid: ScanGrid, marks: Marks) -> tuple[Spots, Spots]:
    """Front and back end of the joint surface."""
    return face_on(face_surface(painted, grid, marks, "width"), painted, grid).widest()


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
    axis = _unit(marks["glenoid_middle"] - marks["trigonum"])
    up = marks["trigonum"] - marks["inferior_angle"]
    up = _across(up, axis)
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


def _powers(first: Spots, second: Spots) -> Spots:
    """Products of two coordinates up to the third degree, (n, 10)."""
    terms = [first**i * second**j for i in range(4) for j in range(4 - i)]
    powers: Spots = np.stack(terms, axis=1)
    return powers


def _across(direction: Spots, axis: Spots) -> Spots:
    """The part of a direction across an axis, both of length 1."""
    return _unit(direction - axis * (direction @ axis))


def _unit(vector: Spots) -> Spots:
    unit: Spots = vector / np.linalg.norm(vector)
    return unit
