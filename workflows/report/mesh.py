"""Small surfaces of both bones, for a picture that can be turned."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.workflows.report.slices import Shown

    Floats = npt.NDArray[np.float64]
    Triangles = npt.NDArray[np.uint16]

MOST_TRIANGLES = 1600
_FIRST_STEP_MM = 2.5
_TRIES = 6
# Corners are kept in tenths of a millimetre.
_UNITS_PER_MM = 10


def small_meshes(shown: Shown) -> list[dict[str, str] | None]:
    """Gives a surface of each bone, to look at and not to measure.

    Args:
        shown: the case.

    Returns:
        For each bone None where it is missing, or `corners`, int16 (N, 3) in tenths of a millimetre
        of LPS around the middle of all bones, and `triangles`, uint16 (M, 3) with M at most 1600,
        both little-endian in base64.
    """
    found = [_surface(shown, value) for value in shown.values]
    corners = [mesh[0] for mesh in found if mesh is not None]
    if not corners:
        return [None] * len(found)
    together = np.concatenate(corners)
    middle = (together.min(axis=0) + together.max(axis=0)) / 2
    return [None if mesh is None else _packed(mesh[0] - middle, mesh[1]) for mesh in found]


def _surface(shown: Shown, value: int) -> tuple[Floats, Triangles] | None:
    """Corners in LPS mm and triangles; None for a missing bone."""
    from scipy.ndimage import find_objects, gaussian_filter, zoom
    from skimage.measure import marching_cubes

    from shoulderseg.datasets.volume import index_affine

    mask = (shown.grid.array == value).astype(np.uint8)
    boxes = find_objects(mask)
    if not boxes:
        return None
    spacing_mm = np.array(shown.grid.spacing_mm)
    step_mm = _FIRST_STEP_MM
    for _ in range(_TRIES):
        width = np.maximum(0.7 * step_mm / spacing_mm, 0.5)
        pad = np.ceil(4 * width).astype(int) + 1
        field = np.pad(mask[boxes[0]].astype(np.float32), [(int(size), int(size)) for size in pad])
        smooth = gaussian_filter(field, width, mode="constant")
        coarse = zoom(smooth, spacing_mm / step_mm, order=1, grid_mode=False)
        # A bone thinner than a step would be smoothed away at one half.
        level = min(0.5, 0.6 * float(coarse.max()))
        corners, triangles, _, _ = marching_cubes(coarse, level)
        if len(triangles) <= MOST_TRIANGLES:
            break
        step_mm *= 1.03 * float(np.sqrt(len(triangles) / MOST_TRIANGLES))
    stretch = (np.array(smooth.shape) - 1) / np.maximum(np.array(coarse.shape) - 1, 1)
    start = np.array([part.start for part in boxes[0]]) - pad
    index = corners * stretch + start
    affine = index_affine(shown.grid)
    placed = index @ affine[:3, :3].T + affine[:3, 3]
    return placed, triangles[:MOST_TRIANGLES].astype(np.uint16)


def _packed(corners_mm: Floats, triangles: Triangles) -> dict[str, Any]:
    corners = np.clip(np.round(corners_mm * _UNITS_PER_MM), -32768, 32767).astype("<i2")
    return {
        "corners": base64.b64encode(corners.tobytes()).decode("ascii"),
        "triangles": base64.b64encode(triangles.astype("<u2").tobytes()).decode("ascii"),
    }
