"""The slices of a scan: where their voxels lie and how thick they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.rigid import Rigid


@dataclass(frozen=True)
class ScanGrid:
    """A stack of parallel slices.

    Attributes:
        shape: Voxels along (Z, Y, X); Z counts slices.
        spacing_mm: Distance of voxel centres along (Z, Y, X); Z includes the gap between slices.
        thickness_mm: Extent of one slice along Z, at most `spacing_mm[0]` unless slices overlap.
        origin_mm: Centre of the first voxel, (x, y, z) in LPS patient coordinates.
        direction: Unit vectors of the x, y and z image axes as the columns of a 3x3 matrix, nine
            numbers in row-major order.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    thickness_mm: float
    origin_mm: tuple[float, float, float]
    direction: tuple[float, ...]

    def axes_mm(self) -> npt.NDArray[np.float64]:
        """Gives the steps from voxel to voxel: row k is the step along array axis k, (3, 3)."""
        columns = np.reshape(self.direction, (3, 3))
        steps: npt.NDArray[np.float64] = columns.T[::-1] * np.array(self.spacing_mm)[:, None]
        return steps

    def centre_mm(self) -> npt.NDArray[np.float64]:
        """Gives the middle of the stack in patient coordinates."""
        middle = (np.array(self.shape) - 1) / 2
        centre: npt.NDArray[np.float64] = np.array(self.origin_mm) + middle @ self.axes_mm()
        return centre


def moved_grid(grid: ScanGrid, motion: Rigid) -> ScanGrid:
    """Moves a stack of slices.

    Args:
        grid: The slices.
        motion: From where they are to where they shall be, in LPS mm.

    Returns:
        The same slices in another place.
    """
    x, y, z = motion.apply(np.array(grid.origin_mm)).tolist()
    axes = motion.rotation @ np.reshape(grid.direction, (3, 3))
    return replace(grid, origin_mm=(x, y, z), direction=tuple(axes.ravel().tolist()))
