"""An image volume with its place in the world, and the comparison of two grids."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
_AXES_TOLERANCE = 1e-3
# Beyond it axes are sheared; up to it they may be rounded to three decimals.
_ROUNDED_AXES = 1e-2
SHEARED = "its axes are not perpendicular (sheared). Resample it to a regular grid."
# Two grids are the same up to this distance of their corners: far below a pixel, above what
# single precision in headers makes of a far corner. The one tolerance of the whole product.
SAME_GRID_MM = 0.1


@dataclass(frozen=True, eq=False)
class Volume:
    """A 3D image or label map on a regular grid.

    Attributes:
        array: Voxel values, shape (Z, Y, X).
        spacing_mm: Distance between voxel centres in array order (Z, Y, X).
        origin_mm: Centre of the first voxel as (x, y, z) in LPS world coordinates.
        direction: Unit vectors of the x, y and z image axes as the columns of a 3x3 matrix,
            nine numbers in row-major order, as SimpleITK gives them.

    Raises:
        ValueError: If the array is not 3D, or the geometry has the wrong length, is not finite,
            or has a spacing of zero or below.
    """

    array: npt.NDArray[Any]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    direction: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.array.ndim != 3:
            msg = f"A volume needs an array of shape (Z, Y, X), got shape {self.array.shape}."
            raise ValueError(msg)
        lengths = (len(self.spacing_mm), len(self.origin_mm), len(self.direction))
        if lengths != (3, 3, 9):
            msg = f"Spacing, origin and direction need 3, 3 and 9 numbers, got {lengths}."
            raise ValueError(msg)
        if not np.isfinite([*self.spacing_mm, *self.origin_mm, *self.direction]).all():
            msg = "Spacing, origin and direction must be finite numbers."
            raise ValueError(msg)
        if min(self.spacing_mm) <= 0:
            msg = f"Every spacing must be above 0 mm, got {self.spacing_mm} (Z, Y, X)."
            raise ValueError(msg)


def same_grid(first: Volume, second: Volume, tolerance_mm: float = SAME_GRID_MM) -> bool:
    """Tells whether two volumes have the same voxels in the same places.

    Args:
        first: One volume.
        second: The other volume.
        tolerance_mm: Largest distance allowed between corresponding corner voxels.

    Returns:
        True if the shapes are equal and no corner voxel differs by more than the tolerance.
        The grid is linear, so no inner voxel can differ by more than a corner.

    Example:
        >>> axes = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
        >>> first = Volume(np.zeros((2, 3, 4)), (3.0, 0.5, 0.5), (0.0, 0.0, 0.0), axes)
        >>> moved = Volume(np.zeros((2, 3, 4)), (3.0, 0.5, 0.5), (0.0, 0.0, 1.0), axes)
        >>> same_grid(first, first), same_grid(first, moved)
        (True, False)
    """
    if first.array.shape != second.array.shape:
        return False
    return bool(_corner_gaps_mm(first, second).max() <= tolerance_mm)


def describe_grid_difference(
    found: Volume, expected: Volume, tolerance_mm: float = SAME_GRID_MM
) -> str:
    """Says in words how one grid differs from another.

    Args:
        found: The volume that is judged.
        expected: The volume it should match.
        tolerance_mm: As for `same_grid`.

    Returns:
        How far apart corresponding voxels lie, where the shapes are equal, and each differing
        property with the found and the expected value; empty if `same_grid`.
    """
    if same_grid(found, expected, tolerance_mm):
        return ""
    apart = ""
    if found.array.shape == expected.array.shape:
        gap_mm = float(_corner_gaps_mm(found, expected).max())
        apart = f"voxels lie up to {gap_mm:.3g} mm apart, at most {tolerance_mm:g} mm is allowed; "
    properties = [
        ("shape (Z, Y, X)", found.array.shape, expected.array.shape, 0.0),
        ("spacing in mm (Z, Y, X)", found.spacing_mm, expected.spacing_mm, 1e-6),
        ("origin in mm (x, y, z)", found.origin_mm, expected.origin_mm, tolerance_mm / 2),
        ("direction", found.direction, expected.direction, 1e-6),
    ]
    return apart + "; ".join(
        f"{name}: found {_numbers(is_value)}, expected {_numbers(wanted)}"
        for name, is_value, wanted, slack in properties
        if not np.allclose(is_value, wanted, rtol=0.0, atol=slack)
    )


def ras_affine(volume: Volume) -> npt.NDArray[np.float64]:
    """Gives the affine of a volume as nibabel has it.

    Args:
        volume: Any volume.

    Returns:
        float64 (4, 4), from voxel indices (x, y, z) to mm to the right, front and top (RAS). The
        voxel (x, y, z) is `array[z, y, x]`.
    """
    axes = np.reshape(volume.direction, (3, 3)) * np.array(volume.spacing_mm[::-1])
    affine = np.eye(4)
    affine[:3] = _LPS_TO_RAS @ np.column_stack([axes, volume.origin_mm])
    return affine


def index_affine(volume: Volume) -> npt.NDArray[np.float64]:
    """Gives the place of a volume's voxels in LPS.

    Args:
        volume: Any volume.

    Returns:
        float64 (4, 4), from voxel indices (z, y, x) to LPS mm (x, y, z).
    """
    affine = np.eye(4)
    axes = np.reshape(volume.direction, (3, 3)) * np.array(volume.spacing_mm[::-1])
    affine[:3, :3], affine[:3, 3] = axes[:, ::-1], volume.origin_mm
    return affine


def volume_of(array: npt.NDArray[Any], affine: npt.ArrayLike) -> Volume:
    """Places an array by an affine; undoes `ras_affine`.

    Args:
        array: Voxel values, shape (Z, Y, X).
        affine: (4, 4), from voxel indices (x, y, z) to RAS mm, as nibabel has it.

    Returns:
        The volume; the array is not copied.

    Raises:
        ValueError: If the affine is none, or its axes are not perpendicular.
    """
    try:
        matrix = np.asarray(affine, np.float64)
    except (TypeError, ValueError):
        msg = f"affine is a {type(affine).__name__}, expected 4 x 4 numbers"
        raise ValueError(msg) from None
    if matrix.shape != (4, 4):
        msg = f"affine has shape {matrix.shape}, expected (4, 4)"
        raise ValueError(msg)
    if not np.isfinite(matrix).all() or not np.array_equal(matrix[3], (0, 0, 0, 1)):
        msg = f"affine is {matrix.tolist()}, expected finite numbers and a last row of 0, 0, 0, 1"
        raise ValueError(msg)
    placed = _LPS_TO_RAS @ matrix[:3]
    spacing = np.linalg.norm(placed[:, :3], axis=0)
    if not (spacing > 0).all():
        msg = f"affine gives a spacing of {spacing[::-1].tolist()} mm (Z, Y, X), expected above 0"
        raise ValueError(msg)
    direction = placed[:, :3] / spacing
    x, y, z = (float(step) for step in spacing)
    right, back, up = (float(place) for place in placed[:, 3])
    volume = Volume(array, (z, y, x), (right, back, up), tuple(direction.ravel().tolist()))
    try:
        return with_perpendicular_axes(volume)
    except ValueError:
        msg = "axes of the affine are not perpendicular (sheared); resample to a regular grid"
        raise ValueError(msg) from None


def with_perpendicular_axes(volume: Volume) -> Volume:
    """Makes axes perpendicular that a header rounded.

    Args:
        volume: Any volume.

    Returns:
        The volume itself if its axes are perpendicular unit vectors within 0.001; or else one of
        the same array and centre with the nearest axes that are.

    Raises:
        ValueError: If the axes are sheared: off by more than 0.01, or so that a corner of the
            volume would move by more than `SAME_GRID_MM`.
    """
    axes = np.reshape(np.asarray(volume.direction, np.float64), (3, 3))
    off = np.abs(axes.T @ axes - np.eye(3)).max()
    if off <= _AXES_TOLERANCE:
        return volume
    if off > _ROUNDED_AXES:
        raise ValueError(SHEARED)
    first, _, second = np.linalg.svd(axes)
    nearest = first @ second
    # Turned about the centre of the volume its corners move least.
    middle = (np.array(volume.array.shape[::-1]) - 1) / 2 * volume.spacing_mm[::-1]
    x, y, z = (float(at) for at in volume.origin_mm + (axes - nearest) @ middle)
    turned = Volume(volume.array, volume.spacing_mm, (x, y, z), tuple(nearest.ravel().tolist()))
    if not same_grid(turned, volume):
        raise ValueError(SHEARED)
    return turned


def _corner_gaps_mm(first: Volume, second: Volume) -> npt.NDArray[np.float64]:
    gaps: npt.NDArray[np.float64] = np.linalg.norm(_corners_mm(first) - _corners_mm(second), axis=1)
    return gaps


def _corners_mm(volume: Volume) -> npt.NDArray[np.float64]:
    last = [size - 1 for size in volume.array.shape[::-1]]
    indices = np.array(list(itertools.product(*((0, end) for end in last))), dtype=np.float64)
    axes = np.reshape(volume.direction, (3, 3)) * np.array(volume.spacing_mm[::-1])
    corners: npt.NDArray[np.float64] = indices @ axes.T + np.array(volume.origin_mm)
    return corners


def _numbers(values: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{value:.7g}" for value in values) + ")"
