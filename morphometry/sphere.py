"""Spheres and circles nearest to points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def fit_ball(points: Floats, weights: Floats | None = None) -> tuple[Floats, float]:
    """The sphere (or circle) nearest to points, in the least-squares sense of |p - c|^2 - r^2.

    |p|^2 = 2 c p + (r^2 - |c|^2) is linear in the centre and the bracket (Kasa 1976).

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
