"""Signed distance functions: negative inside, zero on the surface, in mm.

Points come as `(3, n)` arrays of any float type, distances as `(n,)` of the same type. Primitives
and smooth combinations follow the formulas collected by I. Quilez (iquilezles.org/articles/
distfunctions). Distances of ellipses and smooth combinations are first-order near the surface,
which is where they are used. Outside they are larger than the way to the surface by a tenth at
most; in the middle of an ellipse by two fifths if the longest axis is twice the shortest, by two
thirds if it is four times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
Point = Sequence[float] | FloatArray


def sphere(points: FloatArray, centre_mm: Point, radius_mm: float) -> FloatArray:
    """Distance to a sphere."""
    x, y, z = _shifted(points, centre_mm)
    return np.sqrt(x * x + y * y + z * z) - radius_mm


def ellipsoid(points: FloatArray, centre_mm: Point, radii_mm: Point) -> FloatArray:
    """Distance to an ellipsoid with axes along the coordinates."""
    x, y, z = _shifted(points, centre_mm)
    a, b, c = (float(radius) for radius in radii_mm)
    x, y, z = x / a, y / b, z / c
    level = np.sqrt(x * x + y * y + z * z)
    slope = np.sqrt(np.square(x / a) + np.square(y / b) + np.square(z / c))
    distance: FloatArray = np.maximum(_radius(level, slope) * (level - 1), -min(a, b, c))
    return distance


def half_space(points: FloatArray, on_plane_mm: Point, outward: Point) -> FloatArray:
    """Distance to a half space; `outward` points out of it and has any length."""
    normal = np.asarray(outward, dtype=float)
    normal = normal / np.linalg.norm(normal)
    x, y, z = _shifted(points, on_plane_mm)
    distance: FloatArray = x * float(normal[0]) + y * float(normal[1]) + z * float(normal[2])
    return distance


def round_cones(points: FloatArray, joints_mm: Sequence[Point], radii_mm: Point) -> FloatArray:
    """Distance to a chain of round cones: radii change linearly from joint to joint."""
    chain = [np.asarray(joint, dtype=float) for joint in joints_mm]
    nearest: FloatArray | None = None
    for number in range(len(chain) - 1):
        along, (x, y, z) = _on_segment(points, chain[number], chain[number + 1])
        radius = float(radii_mm[number]) + along * float(radii_mm[number + 1] - radii_mm[number])
        distance = np.sqrt(x * x + y * y + z * z) - radius
        nearest = distance if nearest is None else np.minimum(nearest, distance)
    assert nearest is not None
    return nearest


@dataclass(frozen=True)
class Strap:
    """A bent tube of elliptic section, such as a muscle belly or a flat bony arch.

    Attributes:
        joints_mm: Points of its middle line, shape (k, 3), k at least 2.
        half_widths_mm: Half extents across and along `thin` at each point, shape (k, 2).
        thin: Direction of the second extent, not along the middle line.
        blend_mm: How softly neighbouring segments join.
    """

    joints_mm: Sequence[Point]
    half_widths_mm: Sequence[tuple[float, float]]
    thin: Point
    blend_mm: float = 3.0


def strap(points: FloatArray, shape: Strap) -> FloatArray:
    """Distance to a bent tube of elliptic section."""
    chain = [np.asarray(joint, dtype=float) for joint in shape.joints_mm]
    nearest: FloatArray | None = None
    for number in range(len(chain) - 1):
        start, end = chain[number], chain[number + 1]
        axis = (end - start) / np.linalg.norm(end - start)
        thin = np.asarray(shape.thin, dtype=float)
        thin = thin - axis * (thin @ axis)
        thin /= np.linalg.norm(thin)
        # By hand: numpy's takes ten times as long for two vectors.
        wide = (
            axis[1] * thin[2] - axis[2] * thin[1],
            axis[2] * thin[0] - axis[0] * thin[2],
            axis[0] * thin[1] - axis[1] * thin[0],
        )
        along, (x, y, z) = _on_segment(points, start, end)
        across = x * float(wide[0]) + y * float(wide[1]) + z * float(wide[2])
        through = x * float(thin[0]) + y * float(thin[1]) + z * float(thin[2])
        beyond = x * float(axis[0]) + y * float(axis[1]) + z * float(axis[2])
        (wide_0, thin_0), (wide_1, thin_1) = shape.half_widths_mm[number : number + 2]
        wide_mm = wide_0 + along * (wide_1 - wide_0)
        thin_mm = thin_0 + along * (thin_1 - thin_0)
        distance = _ellipse(across, through, beyond, wide_mm, thin_mm)
        nearest = distance if nearest is None else smooth_union(nearest, distance, shape.blend_mm)
    assert nearest is not None
    return nearest


def polygon(first: FloatArray, second: FloatArray, corners: Sequence[Point]) -> FloatArray:
    """Distance in a plane to a simple polygon given by its corners (k, 2)."""
    squared = np.full_like(first, np.inf)
    inside = np.zeros(first.shape, dtype=bool)
    for number in range(len(corners)):
        (ax, ay), (bx, by) = corners[number - 1], corners[number]
        edge_x, edge_y = float(bx - ax), float(by - ay)
        x, y = first - float(ax), second - float(ay)
        along = np.clip((x * edge_x + y * edge_y) / (edge_x**2 + edge_y**2), 0, 1)
        squared = np.minimum(squared, (x - edge_x * along) ** 2 + (y - edge_y * along) ** 2)
        crosses = (second >= ay) != (second >= by)
        left = (edge_x * y - edge_y * x) * np.sign(edge_y) < 0 if edge_y else crosses
        inside ^= crosses & ~left
    return np.where(inside, -1, 1).astype(first.dtype) * np.sqrt(squared)


def uneven_capsule(
    across: FloatArray, up: FloatArray, low: tuple[float, float], high: tuple[float, float]
) -> FloatArray:
    """Distance in a plane to the hull of two discs on the `up` axis.

    Args:
        across: First coordinate, shape (n,).
        up: Second coordinate, shape (n,).
        low: Height and radius of the lower disc.
        high: Height and radius of the upper disc.

    Returns:
        Exact signed distance, shape (n,).
    """
    length = high[0] - low[0]
    slope = (low[1] - high[1]) / length
    run = float(np.sqrt(1 - slope * slope))
    x, y = np.abs(across), up - low[0]
    along = -slope * x + run * y
    return np.where(
        along < 0,
        np.sqrt(x * x + y * y) - low[1],
        np.where(
            along > run * length,
            np.sqrt(x * x + np.square(y - length)) - high[1],
            x * run + y * slope - low[1],
        ),
    ).astype(across.dtype)


def union(*distances: FloatArray) -> FloatArray:
    """Distance to what is in any of several shapes."""
    nearest: FloatArray = np.minimum.reduce(distances)
    return nearest


def intersection(*distances: FloatArray) -> FloatArray:
    """Distance to what is in all of several shapes."""
    farthest: FloatArray = np.maximum.reduce(distances)
    return farthest


def clamp(values: FloatArray, low: float = 0.0, high: float = 1.0) -> FloatArray:
    """Values no lower and no higher than the limits."""
    limited: FloatArray = np.clip(values, low, high)
    return limited


def smooth_union(first: FloatArray, second: FloatArray, blend_mm: float | FloatArray) -> FloatArray:
    """Union whose crease is filled over about `blend_mm`, above 0; (n,) to vary it in space."""
    share = np.maximum(blend_mm - np.abs(first - second), 0) / blend_mm
    return np.minimum(first, second) - share * share * (blend_mm / 4)


def smooth_intersection(first: FloatArray, second: FloatArray, blend_mm: float) -> FloatArray:
    """Intersection whose edge is rounded over about `blend_mm`."""
    return -smooth_union(-first, -second, blend_mm)


def smooth_difference(first: FloatArray, second: FloatArray, blend_mm: float) -> FloatArray:
    """What of the first is not in the second, its edge rounded over about `blend_mm`."""
    return -smooth_union(-first, second, blend_mm)


def _ellipse(
    across: FloatArray, through: FloatArray, beyond: FloatArray, wide: FloatArray, thin: FloatArray
) -> FloatArray:
    """Distance to an ellipse with half axes `wide`, `thin`, capped round past the ends."""
    narrow = np.minimum(wide, thin)
    x, y, z = across / wide, through / thin, beyond / narrow
    level = np.sqrt(x * x + y * y + z * z)
    slope = np.sqrt(np.square(x / wide) + np.square(y / thin) + np.square(z / narrow))
    distance: FloatArray = np.maximum(_radius(level, slope) * (level - 1), -narrow)
    return distance


def _radius(level: FloatArray, slope: FloatArray) -> FloatArray:
    """Quotient of both; in the middle, where both vanish, as large as means deep inside."""
    ratio: FloatArray = np.maximum(level, 1e-6) / np.maximum(slope, 1e-9)
    return ratio


def _shifted(points: FloatArray, centre_mm: Point) -> tuple[FloatArray, FloatArray, FloatArray]:
    x, y, z = (float(value) for value in centre_mm)
    return points[0] - x, points[1] - y, points[2] - z


def _on_segment(
    points: FloatArray, start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]
) -> tuple[FloatArray, tuple[FloatArray, FloatArray, FloatArray]]:
    """Share of the way from start to end nearest to each point, and the offset from there."""
    way = end - start
    x, y, z = _shifted(points, start)
    length = float(way @ way)
    along = (x * float(way[0]) + y * float(way[1]) + z * float(way[2])) / length
    along = np.clip(along, 0, 1)
    return along, (
        x - along * float(way[0]),
        y - along * float(way[1]),
        z - along * float(way[2]),
    )
