"""Closed surfaces of bones, in millimetres of the patient.

Coordinates are LPS as in DICOM: x to the left, y to the back, z to the head.

A label map has steps as high as its slices are thick. The mask is smoothed with a Gaussian, whose
width along each axis is at least half the voxel's, and the surface is taken where it encloses the
mask's own volume: smoothing alone would shrink a bone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import trimesh
from scipy.ndimage import find_objects, gaussian_filter
from scipy.optimize import brentq
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

    Floats = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.int64]
    # Corners in mm along (Z, Y, X), and the three corners of each triangle.
    Mesh = tuple[Floats, Indices]

SMOOTHING_MM = 1.0
# Widths of the Gaussian beyond which it is taken for 0; the surface closes before.
_REACH = 4.0
# A corner exactly on the surface would make triangles without area.
_CLEARANCE = 1e-3
_LEVEL_TOLERANCE = 1e-3
_NEAREST = 12


@dataclass(frozen=True, eq=False)
class Surface:
    """The surface of a bone, and how true it is to the mask.

    Attributes:
        vertices_mm: Corners (x, y, z) in LPS, float64, shape (N, 3).
        faces: Corners of each triangle, seen from outside against the clock, shape (M, 3).
        watertight: Whether every edge joins two triangles.
        volume_ml: Inside the surface.
        mask_volume_ml: Of the mask's voxels.
        deviation_mean_mm: Mean distance between this surface and the mask's unsmoothed one, both
            ways.
        deviation_max_mm: The largest of these distances.
    """

    vertices_mm: Floats
    faces: Indices
    watertight: bool
    volume_ml: float
    mask_volume_ml: float
    deviation_mean_mm: float
    deviation_max_mm: float


def build_surface(
    mask: npt.NDArray[np.bool_], like: Volume, smoothing_mm: float = SMOOTHING_MM
) -> Surface | None:
    """Makes the smoothed surface of a mask.

    Args:
        mask: Voxels of the bone, bool, shape (Z, Y, X). It may touch the image's edge, which closes
            the surface half a voxel beyond, and may be one slice.
        like: The image whose spacing, origin and direction count, shape (Z, Y, X).
        smoothing_mm: Standard deviation of the Gaussian; along an axis with voxels of more than
            twice that, half a voxel instead. 0 leaves the mask's surface as it is.

    Returns:
        The surface; None for an empty mask.

    Raises:
        ValueError: If the shapes differ or the smoothing is negative or not finite.
    """
    if mask.shape != like.array.shape:
        msg = f"Mask has shape {mask.shape}, expected {like.array.shape} (Z, Y, X)."
        raise ValueError(msg)
    if not (np.isfinite(smoothing_mm) and smoothing_mm >= 0):
        msg = f"Smoothing must be 0 mm or more, got {smoothing_mm}."
        raise ValueError(msg)
    if not mask.any():
        return None
    spacing_mm = np.array(like.spacing_mm)
    width = np.maximum(smoothing_mm / spacing_mm, 0.5) if smoothing_mm else np.zeros(3)
    field, first = _padded(mask, np.ceil(_REACH * width).astype(int) + 1)
    raw = _contour(field, 0.5, spacing_mm)
    smoothed = gaussian_filter(field, width, mode="constant") if smoothing_mm else field
    wanted_mm3 = float(np.count_nonzero(mask) * spacing_mm.prod())
    level = _level_of_volume(smoothed, spacing_mm, wanted_mm3) if smoothing_mm else 0.5
    vertices, faces = _contour(smoothed, level, spacing_mm)
    mean_mm, most_mm = _deviation(raw, (vertices, faces))
    vertices_mm = _in_patient(vertices + first * spacing_mm, like)
    mesh = trimesh.Trimesh(vertices_mm, faces, process=False)
    if mesh.volume < 0:
        mesh.invert()
    return Surface(
        vertices_mm=vertices_mm,
        faces=np.asarray(mesh.faces, dtype=np.int64),
        watertight=bool(mesh.is_watertight),
        volume_ml=float(mesh.volume) / 1000,
        mask_volume_ml=wanted_mm3 / 1000,
        deviation_mean_mm=mean_mm,
        deviation_max_mm=most_mm,
    )


def _padded(mask: npt.NDArray[np.bool_], pad: Indices) -> tuple[npt.NDArray[np.float32], Indices]:
    """The mask's box within zeros, and the index of its first voxel in the whole image."""
    [box] = find_objects(mask.astype(np.uint8))
    field = np.pad(mask[box].astype(np.float32), [(int(size), int(size)) for size in pad])
    return field, np.array([part.start for part in box]) - pad


def _contour(field: npt.NDArray[np.float32], level: float, spacing_mm: Floats) -> Mesh:
    """Triangles where a field crosses a level; corners in mm along (Z, Y, X)."""
    above = field - np.float32(level)
    close = np.abs(above) < _CLEARANCE
    above[close] = np.where(above[close] < 0, -_CLEARANCE, _CLEARANCE)
    # The default method joins four triangles at an edge where voxels touch by their edges alone.
    vertices, faces, _, _ = marching_cubes(
        above, 0.0, spacing=tuple(spacing_mm.tolist()), method="lorensen"
    )
    return vertices.astype(np.float64), faces.astype(np.int64)


def _level_of_volume(
    field: npt.NDArray[np.float32], spacing_mm: Floats, wanted_mm3: float
) -> float:
    def excess(level: float) -> float:
        vertices, faces = _contour(field, level, spacing_mm)
        corners = vertices[faces]
        return float(abs(np.linalg.det(corners).sum())) / 6 - wanted_mm3

    peak = float(field.max())
    low, high = 0.01 * peak, 0.99 * peak
    # A plateau of the field may end before its volume is reached; its edge is the best there is.
    if excess(low) < 0:
        return low
    if excess(high) > 0:
        return high
    return float(brentq(excess, low, high, xtol=_LEVEL_TOLERANCE * peak))


def _in_patient(points: Floats, like: Volume) -> Floats:
    axes = np.reshape(like.direction, (3, 3))
    placed: Floats = points[:, ::-1] @ axes.T + np.array(like.origin_mm)
    return placed


def _deviation(first: Mesh, second: Mesh) -> tuple[float, float]:
    distances = np.concatenate([_distances(first, second), _distances(second, first)])
    return float(distances.mean()), float(distances.max())


def _distances(source: Mesh, target: Mesh) -> Floats:
    """From each corner of one mesh to the other: the nearest of the triangles around."""
    points, triangles = source[0], target[0][target[1]]
    tree = cKDTree(triangles.mean(axis=1))
    _, near = tree.query(points, k=min(_NEAREST, len(triangles)))
    best = np.full(len(points), np.inf)
    for candidate in near.reshape(len(points), -1).T:
        closest = trimesh.triangles.closest_point(triangles[candidate], points)
        np.minimum(best, np.linalg.norm(closest - points, axis=1), out=best)
    return best
