"""Spheres and circles nearest to points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Of the curved part of a fit's coefficients, which have the length 1: a straight line has none.
_FLAT = 1e-9


def fit_ball(points: Floats, weights: Floats | None = None) -> tuple[Floats, float]:
    """The sphere (or circle) nearest to points, in the least-squares sense of |p - c|^2 - r^2.

    |p|^2 = 2 c p + (r^2 - |c|^2) is linear in the centre and the bracket (Kasa 1976). On a short
    and uneven arc it comes out too small, which keeps it from running away where it begins with a
    part that is nearly flat; `circle_of_arc` does not.

    Args:
        points: (n, 3) for a sphere, (n, 2) for a circle.
        weights: Of each point, (n,); None for all the same.

    Returns:
        Centre and radius.

    Raises:
        ValueError: If there are fewer points than unknowns.
    """
    if len(points) < points.shape[1] + 1:
        msg = f"A fit needs {points.shape[1] + 1} points, got {len(points)}."
        raise ValueError(msg)
    middle = points.mean(axis=0)
    offset = points - middle
    root = np.sqrt(np.ones(len(points)) if weights is None else weights)
    system = np.column_stack([2 * offset, np.ones(len(offset))]) * root[:, None]
    wanted = np.square(offset).sum(axis=1) * root
    solution = np.linalg.lstsq(system, wanted, rcond=None)[0]
    centre = solution[:-1]
    radius = float(np.sqrt(max(solution[-1] + centre @ centre, 0.0)))
    return middle + centre, radius


def circle_of_arc(points: Floats) -> tuple[Floats, float]:
    """The circle on an arc, by Taubin's measure of how far off it is.

    It minimises the mean of (|p - c|^2 - r^2)^2 over the mean of its squared gradient, which is to
    first order the mean square distance (Taubin 1991), so that an uneven arc is not taken for one
    of a smaller circle.

    Args:
        points: (n, 2).

    Returns:
        Centre and radius; an infinite radius where the points lie on a line, 0 where they are one.

    Raises:
        ValueError: If there are fewer than three points.
    """
    if len(points) < 3:
        msg = f"A circle needs 3 points, got {len(points)}."
        raise ValueError(msg)
    middle = points.mean(axis=0)
    offset = points - middle
    square = np.square(offset).sum(axis=1)
    mean = float(square.mean())
    if not mean:
        return middle, 0.0
    # In these coordinates the gradient's mean square is the square of the coefficients' length.
    bent = (square - mean) / (2 * np.sqrt(mean))
    system = np.column_stack([bent, offset])
    first, *rest = np.linalg.svd(system, full_matrices=False)[2][-1]
    if abs(first) < _FLAT:
        return middle, float("inf")
    centre = -np.sqrt(mean) * np.array(rest) / first
    return middle + centre, float(np.sqrt(centre @ centre + mean))
