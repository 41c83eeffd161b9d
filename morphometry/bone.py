"""A bone as its mask gives it: a signed distance, and a surface in mm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from shoulderseg.morphometry.field_of_view import ALL_IN_VIEW, FieldOfView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

# How far about the bone its distance is known.
_MARGIN_MM = 12.0
# The steps of voxels are smoothed away with this; it moves a ball of 24 mm by 0.02 mm.
_SMOOTH_MM = 0.7


@dataclass(frozen=True, eq=False)
class Surface:
    """A bone's surface; open where the image cuts the bone.

    Attributes:
        points_mm: Vertices in LPS mm, float64 (n, 3).
        normals: Unit vectors out of the bone at the vertices, (n, 3).
        areas_mm2: Share of each vertex of the surface, (n,).
        cut: Whether a vertex lies where the image cuts the bone, bool (n,).
    """

    points_mm: Floats
    normals: Floats
    areas_mm2: Floats
    cut: Mask


@dataclass(frozen=True, eq=False)
class Bone:
    """The largest connected piece of a mask.

    Attributes:
        mask: bool (Z, Y, X), with a margin around the bone where the image has one.
        affine: From the index (z, y, x) to LPS mm, float64 (4, 4); its axes at right angles.
        on_border: For each axis, whether the bone touches the image's first and last layer.
        left_out: Voxels of the mask's smaller pieces.
        in_view: What images show, on the mask's voxels.
    """

    mask: Mask
    affine: Floats
    on_border: tuple[tuple[bool, bool], ...]
    left_out: int = 0
    in_view: FieldOfView = ALL_IN_VIEW

    @cached_property
    def spacing_mm(self) -> Floats:
        """Lengths of a voxel along z, y and x, (3,)."""
        lengths: Floats = np.linalg.norm(self.affine[:3, :3], axis=0)
        return lengths

    @property
    def image_steps_mm(self) -> tuple[Floats, ...]:
        """Steps from voxel to voxel, a column an axis, of each image that the mask comes from."""
        return self.in_view.steps_mm or (self.affine[:3, :3],)

    @cached_property
    def cut_ends(self) -> tuple[tuple[bool, bool], ...]:
        """For each axis, whether the image cuts the bone towards its first and last layer."""
        seen = self.in_view.seen
        if seen is None:
            return self.on_border
        found = []
        for axis, (first, last) in enumerate(self.on_border):
            mask, shown = np.moveaxis(self.mask, axis, 0), np.moveaxis(seen, axis, 0)
            below, above = mask[1:] & ~shown[:-1], mask[:-1] & ~shown[1:]
            found.append((first or bool(below.any()), last or bool(above.any())))
        return tuple(found)

    @cached_property
    def beside_unseen(self) -> Mask | None:
        """Voxels at which images end within the mask's grid; None if they end nowhere in it."""
        seen = self.in_view.seen
        if seen is None:
            return None
        # The surface is smoothed, and may lie this far from where the mask ends.
        near = ndimage.distance_transform_edt(seen, sampling=self.spacing_mm) <= _SMOOTH_MM
        beside: Mask = near | ndimage.binary_dilation(~seen)
        return beside

    @cached_property
    def volume_mm3(self) -> float:
        """Of the part in view."""
        return float(self.mask.sum() * self.spacing_mm.prod())

    @cached_property
    def distance_mm(self) -> Floats:
        """Signed distance, negative inside, 0 midway between a voxel inside and one outside."""
        spacing = self.spacing_mm
        out = ndimage.distance_transform_edt(~self.mask, sampling=spacing)
        deep = ndimage.distance_transform_edt(self.mask, sampling=spacing)
        smooth: Floats = ndimage.gaussian_filter(out - deep, _SMOOTH_MM / spacing, mode="nearest")
        return smooth

    @cached_property
    def surface(self) -> Surface:
        """Where the distance is 0; without points where the bone fills the image."""
        return _surface(self)

    def index(self, points_mm: Floats) -> Floats:
        """LPS mm (n, 3) into fractional indices (z, y, x), (n, 3)."""
        index: Floats = (points_mm - self.affine[:3, 3]) @ np.linalg.inv(self.affine[:3, :3]).T
        return index

    def at(self, points_mm: Floats) -> Floats:
        """Signed distance at places in LPS mm (n, 3); beyond the mask that of its border; (n,)."""
        values: Floats = ndimage.map_coordinates(
            self.distance_mm, self.index(points_mm).T, order=1, mode="nearest"
        )
        return values

    def touches_border(self, index: NDArray[np.int64]) -> Mask:
        """At which voxels of the bone (n, 3) the image ends, bool (n,)."""
        ends, last = np.array(self.on_border), np.array(self.mask.shape) - 1
        touched: Mask = ((index == 0) & ends[:, 0]).any(axis=1) | (
            (index == last) & ends[:, 1]
        ).any(axis=1)
        if self.beside_unseen is not None:
            touched |= self.beside_unseen[tuple(index.T)]
        return touched

    def shows(self, points_mm: Floats) -> Mask:
        """Which places, LPS mm (n, 3), lie in the mask's grid and in an image, bool (n,)."""
        index, last = self.index(points_mm), np.array(self.mask.shape) - 1
        seen = np.ones(len(index), np.bool_)
        for column, end in zip(index.T, last, strict=True):
            seen &= (column >= -1e-6) & (column <= end + 1e-6)
        if self.in_view.seen is not None:
            nearest = np.clip(np.rint(index).astype(int), 0, last)
            seen &= self.in_view.seen[tuple(nearest.T)]
        return seen


def take_bone(
    mask: Mask,
    affine: Floats,
    in_view: FieldOfView = ALL_IN_VIEW,
    image: Sequence[slice] | None = None,
) -> Bone | None:
    """Takes the largest connected piece of a mask.

    Args:
        mask: bool (Z, Y, X).
        affine: From the index (z, y, x) to LPS mm, (4, 4).
        in_view: What images show, on the mask's voxels.
        image: The part of the mask's grid that an image shows, where it is known to be less; a bone
            that reaches beyond an end of it by more than a layer shows that it does not end there.

    Returns:
        The bone; None for an empty mask.
    """
    labels, count = ndimage.label(mask)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())[1:]
    largest = int(sizes.argmax()) + 1
    [box] = ndimage.find_objects((labels == largest).astype(np.uint8))
    spacing: Floats = np.linalg.norm(affine[:3, :3], axis=0)
    margin = np.ceil(_MARGIN_MM / spacing).astype(int)
    on_border, wide = [], []
    grid = [slice(0, length) for length in mask.shape]
    for part, more, whole, shown in zip(box, margin, grid, image or grid, strict=True):
        first = shown.start if part.start >= shown.start - 1 else whole.start
        last = shown.stop if part.stop <= shown.stop + 1 else whole.stop
        on_border.append((part.start <= first, part.stop >= last))
        wide.append(
            slice(
                min(max(part.start - more, first), part.start),
                max(min(part.stop + more, last), part.stop),
            )
        )
    near_by = tuple(wide)
    moved = affine.astype(np.float64)
    moved[:3, 3] += moved[:3, :3] @ np.array([part.start for part in near_by])
    left_out = int(sizes.sum() - sizes.max())
    seen = None if in_view.seen is None else in_view.seen[near_by]
    if seen is not None and seen.all():
        seen = None
    near = FieldOfView(seen, in_view.steps_mm)
    return Bone(labels[near_by] == largest, moved, tuple(on_border), left_out, near)


def _surface(bone: Bone) -> Surface:
    from skimage.measure import marching_cubes

    field = bone.distance_mm
    if min(field.shape) < 2 or not (field.min() < 0 < field.max()):
        nothing = np.zeros((0, 3))
        return Surface(nothing, nothing, np.zeros(0), np.zeros(0, np.bool_))
    index, faces, _, _ = marching_cubes(field, 0.0)
    points = index.astype(np.float64) @ bone.affine[:3, :3].T + bone.affine[:3, 3]
    corners = points[faces]
    # Twice the area of each triangle, along its normal.
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(crossed, axis=1) / 2
    areas, normals = np.zeros(len(points)), np.zeros_like(points)
    for corner in faces.T:
        np.add.at(areas, corner, area / 3)
        np.add.at(normals, corner, crossed)
    slope: tuple[Floats, ...] = tuple(np.gradient(field))
    rise = np.stack(
        [ndimage.map_coordinates(part, index.T, order=1, mode="nearest") for part in slope], axis=1
    )
    outwards = (rise / bone.spacing_mm**2) @ bone.affine[:3, :3].T
    # Which way round the triangles go depends on whether the affine mirrors.
    normals *= np.sign(np.sum(outwards * normals)) or 1.0
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    last = np.array(field.shape) - 1
    ends = np.array(bone.on_border)
    cut = ((index < 0.01) & ends[:, 0]).any(axis=1) | ((index > last - 0.01) & ends[:, 1]).any(
        axis=1
    )
    if bone.beside_unseen is not None:
        closing = bone.beside_unseen[tuple(np.rint(index).astype(int).T)]
        # The mask ends there, so that the surface closes; the bone's does not.
        areas, cut = np.where(closing, 0.0, areas), cut | closing
    return Surface(points, normals, areas, cut)
