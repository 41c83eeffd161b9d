"""The joint surface of a glenoid on voxels, as the head sees it, and how tall and wide it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from scipy import ndimage

from shoulderseg.datasets.phantom.structures import Structure

from .measures import Ball, Marks, Mask, Spots, across, ball_through, covered_by, in_volume, unit

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.grid import ScanGrid
    from shoulderseg.datasets.phantom.painting import Painted

# Of the raster on which the joint surface is seen from the head, and how far under the surface bone
# is looked for: deep enough to be bone for sure, less deep than the rim is high.
RASTER_MM = 0.25
UNDER_FACE_MM = 1.0


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


def face_surface(
    painted: Painted, grid: ScanGrid, marks: Marks, along: Literal["height", "width"] = "height"
) -> Surface:
    """Surface of the bone under the cartilage of a glenoid.

    The landmarks at the rim only tell which way is up and backwards; a deformed joint's height and
    width are not quite across each other, so that one of them has to be chosen.
    """
    spots = covered_by(painted.glenoid, Structure.GLENOID_CARTILAGE, painted.tissue_map, grid)
    ball = ball_through(spots)
    medial = unit(spots.mean(axis=0) - ball.centre)
    up = across(marks["glenoid_superior"] - marks["glenoid_inferior"], medial)
    back = across(marks["glenoid_posterior"] - marks["glenoid_anterior"], medial)
    if along == "height":
        back = across(back, up)
    else:
        up = across(up, back)
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


def _powers(first: Spots, second: Spots) -> Spots:
    """Products of two coordinates up to the third degree, (n, 10)."""
    terms = [first**i * second**j for i in range(4) for j in range(4 - i)]
    powers: Spots = np.stack(terms, axis=1)
    return powers
