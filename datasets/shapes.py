"""Draws images of two touching rounded shapes, to show and test the method without patients.

These are not shoulders: a large and a small ellipsoid with a dark rim, a third one that belongs
to neither, smooth shading and noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    import numpy.typing as npt

LARGE, SMALL = 1, 2
_DIRECTION = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_RIM = 1.25
# Grey values of background, the two shapes, the odd one out, and the rims.
_BACKGROUND, _BRIGHT, _ODD, _DARK = 90.0, 170.0, 165.0, 30.0


class Grid(NamedTuple):
    """Size of a drawn image.

    Attributes:
        shape: voxels along (Z, Y, X).
        spacing_mm: distance of voxel centres along (Z, Y, X).
    """

    shape: tuple[int, int, int] = (12, 72, 60)
    spacing_mm: tuple[float, float, float] = (3.0, 0.8, 0.7)


def draw_shapes(rng: np.random.Generator, grid: Grid | None = None) -> tuple[Volume, Volume]:
    """Draws one case; place, size and turn of the shapes vary.

    Args:
        rng: source of all variation.
        grid: size of the image; by default 12 slices of 72 x 60 pixels.

    Returns:
        The image, float32, and its label map, uint8: 1 is the large shape, 2 the small one.
    """
    grid = grid or Grid()
    extent_mm = np.multiply(grid.shape, grid.spacing_mm)
    axes = [
        (np.arange(size) + 0.5) * length
        for size, length in zip(grid.shape, grid.spacing_mm, strict=True)
    ]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    jitter = rng.uniform(-0.05, 0.05, size=(3, 3)) * extent_mm
    large = _ellipsoid(points, [0.5, 0.42, 0.38] * extent_mm + jitter[0], [0.36, 0.22, 0.21], rng)
    small = _ellipsoid(points, [0.5, 0.52, 0.74] * extent_mm + jitter[1], [0.30, 0.15, 0.11], rng)
    odd = _ellipsoid(points, [0.5, 0.84, 0.26] * extent_mm + jitter[2], [0.30, 0.08, 0.13], rng)
    image = np.full(grid.shape, _BACKGROUND)
    image[(large < _RIM) | (small < _RIM) | (odd < _RIM)] = _DARK
    image[odd < 1] = _ODD
    image[(large < 1) | (small < 1)] = _BRIGHT
    label_map = np.zeros(grid.shape, dtype=np.uint8)
    label_map[small < 1] = SMALL
    label_map[large < 1] = LARGE
    image = _worn(image, rng)
    origin_mm = tuple(float(value) for value in rng.uniform(-100, 100, size=3))
    return (
        Volume(image, grid.spacing_mm, (origin_mm[0], origin_mm[1], origin_mm[2]), _DIRECTION),
        Volume(label_map, grid.spacing_mm, (origin_mm[0], origin_mm[1], origin_mm[2]), _DIRECTION),
    )


def _ellipsoid(
    points: npt.NDArray[np.float64],
    centre_mm: npt.NDArray[np.float64],
    radii: list[float],
    rng: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Level of each point (Z, Y, X, 3): below 1 inside an ellipsoid turned in plane."""
    extent_mm = points.max(axis=(0, 1, 2))
    radii_mm = np.array(radii) * extent_mm * rng.uniform(0.85, 1.1, size=3)
    angle = rng.uniform(-0.4, 0.4)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    offset = points - centre_mm
    offset[..., 1:] = offset[..., 1:] @ turn
    level: npt.NDArray[np.float64] = np.sqrt(np.square(offset / radii_mm).sum(axis=-1))
    return level


def _worn(image: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Blurs in plane, shades smoothly and adds noise."""
    blurred = ndimage.gaussian_filter(image, sigma=(0, 0.6, 0.6))
    shading = ndimage.gaussian_filter(rng.standard_normal(image.shape), sigma=(2, 15, 15))
    shading *= 0.15 / max(float(np.abs(shading).max()), 1e-9)
    worn = blurred * (1 + shading) + rng.normal(0, 12, size=image.shape)
    return worn.astype(np.float32)
