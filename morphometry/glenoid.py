"""The glenoid's face: what of it one sees from the humeral head, and its rim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from shoulderseg.morphometry.face_grid import STEP_MM, grid_mm, outline_mm
from shoulderseg.morphometry.face_plane import (
    Intact,
    intact_by_circle,
    intact_by_height,
    moved_plane,
    up_the_long_axis,
)
from shoulderseg.morphometry.refusal import RefusedError
from shoulderseg.morphometry.vectors import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shoulderseg.morphometry.bone import Bone
    from shoulderseg.morphometry.head import Head

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

# Rays go from so far above the face's plane to so far below it.
_ABOVE_MM, _BELOW_MM = 9.0, 12.0
# What lies deeper than this under the rim's plane is neck, or another process of the scapula.
_RIM_MM = 4.5
# Where it falls outwards more steeply than this (rise over run) it is the side of the rim, or of a
# fracture. The rim is rounded: it is so much wider at most, and falls so far.
_FALLS = 0.5
_WIDER_MM, _ROLL_MM = 2.0, 0.9
# Rounds with the width by height, and by circle. The plane never rests, since cells of the grid
# come and go: the mean of the last ones depends less on how voxels are stored.
_EARLY, _LATE, _MEAN_OF = 3, 7, 6
# From where to where the middles lie of the circles that make the pear.
_AXIS_MM = (-6.0, 10.0)
# Fewer mm2 are no glenoid.
_LEAST_MM2 = 150.0


@dataclass(frozen=True, eq=False)
class Face:
    """The glenoid's joint surface, seen along its normal from the head.

    Attributes:
        middle_mm: Middle of the face on the bone's surface, LPS, (3,).
        normal: Unit vector towards the head, (3,).
        anterior: Unit vector in the face's plane, by the axes of the patient, (3,).
        superior: Unit vector along the face's long axis, (3,).
        outline_mm: Points of the rim in the plane as (anterior, superior) from the middle, (n, 2).
        shown: The face on a grid of 0.5 mm about the middle, rows to superior, columns to
            anterior, bool (m, m).
        cut: Whether the image's border cuts the face.
    """

    middle_mm: Floats
    normal: Floats
    anterior: Floats
    superior: Floats
    outline_mm: Floats
    shown: Mask
    cut: bool

    @property
    def height_mm(self) -> float:
        """Extent along the long axis."""
        return float(np.ptp(self.outline_mm[:, 1]))

    @property
    def width_mm(self) -> float:
        """Largest extent across the long axis."""
        rows = self.outline_mm[:, 1]
        best = 0.0
        for level in np.arange(rows.min() + 2, rows.max() - 2, STEP_MM):
            near = self.outline_mm[np.abs(rows - level) <= 0.75, 0]
            if len(near) > 1:
                best = max(best, float(np.ptp(near)))
        return best

    @property
    def area_mm2(self) -> float:
        """Of the face as one sees it along its normal."""
        return float(self.shown.sum() * STEP_MM**2)


def find_face(glenoid: Bone, head: Head) -> Face:
    """Finds the glenoid's face and its rim.

    Args:
        glenoid: The glenoid.
        head: The humeral head, which tells where the joint is.

    Returns:
        The face; its axes follow the patient's, as the affine has these.

    Raises:
        RefusedError: If no surface of the glenoid faces the head, or too little or too much.
    """
    surface = glenoid.surface
    away = head.centre_mm - surface.points_mm
    far = np.linalg.norm(away, axis=1)
    facing = np.sum(away * surface.normals, axis=1) > 0.6 * far
    if np.count_nonzero(facing) < 30:
        msg = "no surface of the glenoid faces the head"
        raise RefusedError(msg)
    facing &= far <= np.percentile(far[facing], 5) + 6
    middle = surface.points_mm[facing].mean(axis=0)
    normal = unit(head.centre_mm - middle)
    intact = Intact(0.0, 1.0)
    planes, superior = [], np.array([0.0, 0.0, 1.0])
    for number in range(_EARLY + _LATE):
        frame = _frame(normal, superior)
        height, seen = _heights(glenoid, middle, frame)
        shown = _large_enough(_face_of(height))
        early = number < _EARLY
        intact = intact_by_height(shown) if early else intact_by_circle(shown, intact)
        middle, normal = moved_plane(middle, frame, height, shown, intact)
        superior = up_the_long_axis(frame, shown, intact.centre_mm)
        planes.append((middle, normal))
    middle, normal = np.mean(planes[-_MEAN_OF:], axis=0)
    frame = _frame(unit(normal), superior)
    height, seen = _heights(glenoid, middle, frame)
    shown = _small_enough(_with_rim(_large_enough(_face_of(height)), height))
    around = ndimage.binary_dilation(shown, iterations=3)
    return _finished(middle, frame, height, shown, cut=bool((~seen & around).any()))


def _frame(normal: Floats, superior: Floats) -> Floats:
    """Rows: normal, anterior, superior; LPS has posterior as its second and superior as third."""
    superior = unit(superior - normal * (normal @ superior))
    anterior = np.cross(superior, normal)
    anterior *= np.sign(anterior @ np.array([0.0, -1.0, 0.0])) or 1.0
    return np.stack([normal, anterior, superior])


def _heights(glenoid: Bone, middle: Floats, frame: Floats) -> tuple[Floats, Mask]:
    """Height of the bone's surface over the plane, NaN where there is none, and what the image has.

    Returns:
        Both (rows to superior, columns to anterior).
    """
    line = grid_mm()
    up, front = np.meshgrid(line, line, indexing="ij")
    flat = middle + front.reshape(-1, 1) * frame[1] + up.reshape(-1, 1) * frame[2]
    levels = np.arange(_ABOVE_MM, -_BELOW_MM - STEP_MM / 2, -STEP_MM)
    before = glenoid.at(flat + levels[0] * frame[0])
    found = np.full(len(flat), np.nan)
    for level in levels[1:]:
        depth = glenoid.at(flat + level * frame[0])
        crossed = np.isnan(found) & (before > 0) & (depth <= 0)
        share = depth[crossed] / (depth[crossed] - before[crossed])
        found[crossed] = level + STEP_MM * share
        before = depth
    height = found.reshape(up.shape)
    at = np.where(np.isfinite(found), found, 0.0)
    seen = glenoid.shows(flat + at[:, None] * frame[0]).reshape(up.shape)
    return height, seen


def _face_of(height: Floats) -> Mask:
    """The piece of the surface about the middle that lies no deeper than the rim may.

    Where rays meet the neck or nothing the face has ended, and where the surface turns away.
    """
    level = np.nan_to_num(height, nan=-4 * _BELOW_MM)
    up, across = np.gradient(ndimage.gaussian_filter(level, 1.5), STEP_MM)
    line = grid_mm()
    rows, columns = np.meshgrid(line, line, indexing="ij")
    # Outwards is away from the long axis, past whose ends away from them.
    above = rows - np.clip(rows, *_AXIS_MM)
    outwards = (above * up + columns * across) / np.maximum(np.hypot(above, columns), STEP_MM)
    # A bowl rises outwards, up to its rim.
    face = (level > -_RIM_MM) & (outwards > -_FALLS)
    labels, count = ndimage.label(face)
    if not count:
        return face
    middle = np.array(height.shape) // 2
    far = ndimage.distance_transform_edt(~face, return_distances=False, return_indices=True)[
        :, middle[0], middle[1]
    ]
    kept: Mask = ndimage.binary_fill_holes(labels == labels[tuple(far)])
    # Thin bridges to what is no face.
    opened = ndimage.binary_opening(kept, iterations=4)
    return opened if opened.any() else kept


def _large_enough(shown: Mask) -> Mask:
    area = float(shown.sum() * STEP_MM**2)
    if area < _LEAST_MM2:
        msg = f"{area:.0f} mm2 of the glenoid face the head, expected at least {_LEAST_MM2:g}"
        raise RefusedError(msg)
    return shown


def _small_enough(shown: Mask) -> Mask:
    if shown[[0, -1]].any() or shown[:, [0, -1]].any():
        reach = 2 * grid_mm()[-1]
        msg = (
            f"the glenoid's face is larger than {reach:g} mm, where glenoids are 30 to 50 mm high; "
            "the mask may hold more of the scapula"
        )
        raise RefusedError(msg)
    return shown


def _with_rim(face: Mask, height: Floats) -> Mask:
    """The face with its rounded rim, which is too steep to be told from its side."""
    level = np.nan_to_num(height, nan=-4 * _BELOW_MM)
    cells = int(_WIDER_MM / STEP_MM)
    disc = np.hypot(*np.mgrid[-cells : cells + 1, -cells : cells + 1]) <= cells
    crest = ndimage.maximum_filter(np.where(face, level, -np.inf), footprint=disc)
    rim = np.isfinite(crest) & (level > crest - _ROLL_MM)
    grown: Mask = ndimage.binary_fill_holes(face | rim)
    return grown


def _finished(middle: Floats, frame: Floats, height: Floats, shown: Mask, *, cut: bool) -> Face:
    line = grid_mm()
    spots = outline_mm(shown)
    shift = (spots.min(axis=0) + spots.max(axis=0)) / 2
    near = np.hypot(line[:, None] - shift[1], line[None, :] - shift[0]) <= 3
    near &= shown & np.isfinite(height)
    level = float(np.median(height[near])) if near.any() else 0.0
    centre = middle + np.array([level, *shift]) @ frame
    normal, anterior, superior = frame
    return Face(centre, normal, anterior, superior, spots - shift, shown, cut)
