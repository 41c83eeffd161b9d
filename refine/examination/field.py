"""A signed distance on a regular grid: the bone that the series of an examination share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Field:
    """Signed distance to a bone's surface, negative inside.

    Attributes:
        distance_mm: float64 (Z, Y, X), axes along z, y and x of LPS.
        first_mm: Place of the first voxel, (x, y, z) in LPS.
        step_mm: Length of a voxel.
    """

    distance_mm: Floats
    first_mm: Floats
    step_mm: float

    def index(self, points_mm: Floats) -> Floats:
        """LPS mm (n, 3) into fractional indices (z, y, x), (n, 3)."""
        index: Floats = (points_mm - self.first_mm)[:, ::-1] / self.step_mm
        return index

    def places(self) -> Floats:
        """The places of all voxels in LPS mm, (n, 3), in the array's order."""
        index = np.indices(self.distance_mm.shape).reshape(3, -1).T
        places: Floats = index[:, ::-1] * self.step_mm + self.first_mm
        return places

    def places_inside(self) -> Floats:
        """The places of the voxels inside the bone alone, likewise."""
        index = np.argwhere(self.distance_mm < 0)
        places: Floats = index[:, ::-1] * self.step_mm + self.first_mm
        return places

    def corners(self) -> Floats:
        """The corners of the grid in LPS mm, (8, 3)."""
        last = np.array(self.distance_mm.shape) - 1
        ends = np.array(list(np.ndindex(2, 2, 2))) * last
        corners: Floats = ends[:, ::-1] * self.step_mm + self.first_mm
        return corners

    def at(self, points_mm: Floats) -> Floats:
        """The distance at places, interpolated; beyond the grid that of its edge; (n,)."""
        values: Floats = ndimage.map_coordinates(
            self.distance_mm, self.index(points_mm).T, order=1, mode="nearest"
        )
        return values

    def on_plane(self, corner_mm: Floats, along: Floats, shape: tuple[int, int]) -> Floats:
        """The distance on a grid in a plane, as `at`, which takes far longer for many places.

        Args:
            corner_mm: Place of the first point, LPS, (3,).
            along: Step from row to row and from column to column in mm, (2, 3).
            shape: Rows and columns.

        Returns:
            float64 of that shape.
        """
        # The grid is one slice of a volume whose slices are all the same.
        matrix = np.zeros((3, 3))
        matrix[:, 1:] = along[:, ::-1].T / self.step_mm
        values: Floats = ndimage.affine_transform(
            self.distance_mm,
            matrix,
            self.index(corner_mm[None])[0],
            output_shape=(1, *shape),
            order=1,
            mode="nearest",
        )
        plane: Floats = values[0]
        return plane

    def resampled(self, step_mm: float) -> Field:
        """The same on a grid of another step over the same box."""
        extent = (np.array(self.distance_mm.shape) - 1) * self.step_mm
        count = np.floor(extent / step_mm + 1e-6).astype(int) + 1
        index = [np.arange(n) * step_mm / self.step_mm for n in count]
        values = ndimage.map_coordinates(
            self.distance_mm, np.meshgrid(*index, indexing="ij"), order=1, mode="nearest"
        )
        return Field(values, self.first_mm, step_mm)

    def slope(self) -> Floats:
        """Gradient along x, y and z, (3, Z, Y, X)."""
        along_z, along_y, along_x = np.gradient(self.distance_mm, self.step_mm)
        return np.stack([along_x, along_y, along_z])


def empty_field(low_mm: Floats, high_mm: Floats, step_mm: float) -> Field:
    """A grid over a box, with no bone in it.

    Args:
        low_mm: Lowest corner in LPS, (3,).
        high_mm: Highest corner in LPS, (3,).
        step_mm: Length of a voxel.
    """
    shape = grid_shape(low_mm, high_mm, step_mm)
    return Field(np.full(shape, np.inf), np.asarray(low_mm, np.float64), step_mm)


def grid_shape(low_mm: Floats, high_mm: Floats, step_mm: float) -> tuple[int, int, int]:
    """Voxels along z, y and x of the grid over a box; its arguments are those of `empty_field`."""
    x, y, z = np.maximum(np.ceil((high_mm - low_mm) / step_mm).astype(int) + 1, 2).tolist()
    return z, y, x


def true_distance(values: Floats, step_mm: float) -> Floats:
    """Signed distance to the zero level of a field whose values are no distances.

    Args:
        values: (Z, Y, X), negative inside.
        step_mm: Length of a voxel.

    Returns:
        float64 (Z, Y, X), within half a voxel; all positive where nothing is negative.
    """
    inside = values < 0
    if not inside.any():
        return np.full(values.shape, float(max(values.shape)) * step_mm)
    out = ndimage.distance_transform_edt(~inside) - 0.5
    deep = ndimage.distance_transform_edt(inside) - 0.5
    signed: Floats = np.where(inside, -deep, out) * step_mm
    # A step of a voxel hides where between two the surface lies.
    smooth: Floats = ndimage.gaussian_filter(signed, 0.7)
    return smooth
