"""The humeral head: the sphere of its intact joint surface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.morphometry.cap import margin_axis, polar_deg
from shoulderseg.morphometry.refusal import RefusedError, told
from shoulderseg.morphometry.spacing import voxel_lengths_mm
from shoulderseg.morphometry.sphere import fit_ball
from shoulderseg.morphometry.vectors import angle_deg, directions, distances_to, unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.morphometry.bone import Bone, Surface

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

# Rounds of fitting, with points up to so far from the sphere, in a cone so wide about its axis.
_BANDS = ((3.0, 60.0), (1.5, 70.0), (0.75, 75.0))
_ROUNDS = 12
# Then all directions of a cone about the axis of the margin count in which the surface is on the
# sphere. With fewer than these the sphere stays as it is.
_CONE_DEG, _REFITS, _FEWEST = 76.0, 2, 100
# The part of the joint surface that every head has (half an angle of a cone), and how much of it
# has to be intact and in the image.
CAP_DEG, LEAST_INTACT = 60.0, 0.5
_INTACT_MM = 1.0
# Within this angle of the glenoid the image may not cut it.
_FACING_DEG = 45.0
# What lies deeper under the sphere is a defect and no error of the fit.
_DEFECT_MM = 2.5
MOST_RESIDUAL_MM, FEWEST_SLICES = 1.0, 5
RADII_MM = (15.0, 35.0)
# So many directions that turning the image moves the radius by less than 0.01 mm.
_LATTICE = 16000
# Cosine of how far from the first guess of its axis the joint surface may reach.
_WIDEST = -0.5


@dataclass(frozen=True, eq=False)
class Head:
    """The sphere of the humeral head.

    Attributes:
        centre_mm: LPS, (3,).
        radius_mm: Of the bone, without cartilage.
        axis: Unit vector out of the plane of the joint surface's margin, (3,).
        residual_mm: Root mean square distance of the joint surface from the sphere.
        intact: Share of the cone of 60 degrees about the middle of the joint surface that lies
            within 1 mm of the sphere.
        slices: How many slices cross the head.
    """

    centre_mm: Floats
    radius_mm: float
    axis: Floats
    residual_mm: float
    intact: float
    slices: int


def find_head(humerus: Bone, glenoid: Bone) -> Head:
    """Fits a sphere to the humerus where it faces the glenoid.

    Args:
        humerus: The humerus.
        glenoid: The glenoid, which tells where the joint is.

    Returns:
        The head.

    Raises:
        RefusedError: If the head cannot be measured.
    """
    surface, other = humerus.surface, glenoid.surface
    if len(surface.points_mm) < 100 or len(other.points_mm) < 100:
        msg = "too little of a bone is in the image"
        raise RefusedError(msg)
    centre, radius, axis = _fit(surface, other.points_mm)
    centre, radius, about = _about_margin(humerus, centre, radius, axis)
    if not RADII_MM[0] <= radius <= RADII_MM[1]:
        low, high = RADII_MM
        found = told(radius, low, high)
        msg = f"the sphere has a radius of {found} mm, expected {low:g} to {high:g}"
        raise RefusedError(msg)
    _check_border(surface, centre, radius, unit(other.points_mm.mean(axis=0) - centre))
    return replace(_checked(humerus, centre, radius, axis), axis=about)


def _fit(surface: Surface, joint_mm: Floats) -> tuple[Floats, float, Floats]:
    """Centre, radius and axis; from the points nearest to the glenoid to all of the cap."""
    points, areas = surface.points_mm, np.where(surface.cut, 0.0, surface.areas_mm2)
    apart = distances_to(joint_mm, points)
    towards = joint_mm.mean(axis=0) - points
    facing = np.sum(towards * surface.normals, axis=1) > 0.5 * np.linalg.norm(towards, axis=1)
    start = facing & (apart <= apart[facing].min(initial=np.inf) + 5)
    if np.count_nonzero(start) < 30:
        msg = "no surface of the humerus faces the glenoid"
        raise RefusedError(msg)
    centre, radius = fit_ball(points[start], areas[start])
    axis = unit(joint_mm.mean(axis=0) - centre)
    for band, cone in _BANDS:
        for _ in range(_ROUNDS):
            away = points - centre
            far = np.linalg.norm(away, axis=1)
            chosen = (
                (away @ axis >= np.cos(np.radians(cone)) * far)
                & (np.abs(far - radius) <= band)
                & (np.sum(away * surface.normals, axis=1) > 0.8 * far)
            )
            if np.count_nonzero(chosen) < 30:
                msg = "the head is no sphere"
                raise RefusedError(msg)
            centre, radius = fit_ball(points[chosen], areas[chosen])
            axis = unit(np.sum(areas[chosen, None] * (points[chosen] - centre), axis=0))
    return centre, radius, axis


def _about_margin(
    humerus: Bone, centre: Floats, radius: float, axis: Floats
) -> tuple[Floats, float, Floats]:
    """Centre, radius and axis, all of the cone about the margin's axis weighing the same."""
    along = directions(_LATTICE)
    near = along[along @ axis >= _WIDEST]
    about = axis
    for _ in range(_REFITS):
        radii = surface_radii(humerus, centre, near, radius + 12)
        about = margin_axis(near, axis, np.nan_to_num(radius - radii))
        within = along[polar_deg(along, about) <= _CONE_DEG]
        for _ in range(_REFITS):
            radii = surface_radii(humerus, centre, within, radius + 12)
            chosen = np.abs(radii - radius) <= _INTACT_MM
            if np.count_nonzero(chosen) < _FEWEST:
                return centre, radius, about
            centre, radius = fit_ball(centre + within[chosen] * radii[chosen, None])
    return centre, radius, about


def _check_border(surface: Surface, centre: Floats, radius: float, to_joint: Floats) -> None:
    """Refuses a head that the image cuts where it faces the glenoid."""
    away = surface.points_mm[surface.cut] - centre
    far = np.linalg.norm(away, axis=1)
    facing = away @ to_joint >= np.cos(np.radians(_FACING_DEG)) * far
    if (facing & (np.abs(far - radius) <= _INTACT_MM)).any():
        msg = "the image's border cuts the head where it faces the glenoid"
        raise RefusedError(msg)


def surface_radii(bone: Bone, centre_mm: Floats, along: Floats, most_mm: float) -> Floats:
    """How far from a point inside a bone its surface is, in each direction, from outside.

    Args:
        bone: The bone.
        centre_mm: The point, (3,).
        along: Unit vectors, (n, 3).
        most_mm: Where to begin.

    Returns:
        Distances in mm, (n,): of the outermost crossing; NaN where the image ends before
        `most_mm`, or where there is none.
    """
    steps = np.arange(most_mm, 0.5, -0.5)
    places = centre_mm + steps[:, None, None] * along
    depth = bone.at(places.reshape(-1, 3)).reshape(len(steps), len(along))
    inside = depth <= 0
    first = inside.argmax(axis=0)
    number = np.arange(len(along))
    before, after = depth[np.maximum(first - 1, 0), number], depth[first, number]
    share = before / np.where(before > after, before - after, 1.0)
    found = np.where(first > 0, steps[np.maximum(first - 1, 0)] - 0.5 * share, np.nan)
    seen = bone.shows(centre_mm + along * np.minimum(np.nan_to_num(found) + 1.0, most_mm)[:, None])
    kept: Floats = np.where(inside.any(axis=0) & seen, found, np.nan)
    return kept


def _checked(humerus: Bone, centre: Floats, radius: float, axis: Floats) -> Head:
    along = directions(_LATTICE)
    along = along[along @ axis >= np.cos(np.radians(CAP_DEG))]
    radii = surface_radii(humerus, centre, along, radius + 6)
    known = np.isfinite(radii)
    off = np.where(known, radii - radius, np.inf)
    intact = float((np.abs(off) <= _INTACT_MM).mean())
    fitted = off[known & (off > -_DEFECT_MM)]
    residual = float(np.sqrt(np.mean(fitted**2))) if len(fitted) else float("inf")
    missing = 1 - known.mean()
    if missing > 0.1:
        msg = f"the image's border cuts {100 * missing:.0f} % of the head's joint surface"
        raise RefusedError(msg)
    if residual > MOST_RESIDUAL_MM:
        far_off = told(residual, MOST_RESIDUAL_MM)
        msg = (
            f"the head differs from a sphere by {far_off} mm, expected at most {MOST_RESIDUAL_MM:g}"
        )
        raise RefusedError(msg)
    if intact < LEAST_INTACT:
        msg = (
            f"{told(100 * intact, 100 * LEAST_INTACT)} % of the head's joint surface is intact, "
            f"expected at least {100 * LEAST_INTACT:g}"
        )
        raise RefusedError(msg)
    slices = _slices_through(humerus, centre, radius)
    if slices < FEWEST_SLICES:
        msg = f"{slices} slices cross the head, expected at least {FEWEST_SLICES}"
        raise RefusedError(msg)
    return Head(centre, radius, axis, residual, intact, slices)


def _slices_through(humerus: Bone, centre: Floats, radius: float) -> int:
    """How many layers across the longest side of the voxels cross the sphere."""
    if humerus.in_view.steps_mm:
        longest = min(float(lengths.max()) for lengths in voxel_lengths_mm(humerus))
        return int(2 * radius / longest)
    axis = int(humerus.spacing_mm.argmax())
    middle = float(humerus.index(centre[None])[0, axis])
    reach = radius / float(humerus.spacing_mm[axis])
    low = max(int(np.ceil(middle - reach)), 0)
    high = min(int(np.floor(middle + reach)), int(humerus.mask.shape[axis]) - 1)
    return high - low + 1


def neck_shaft_angle_deg(head: Head, shaft_up: Floats) -> float:
    """Angle between the head's axis and the shaft, which points down; 135 degrees in the mean."""
    return angle_deg(head.axis, -shaft_up)
