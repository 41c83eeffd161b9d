"""Rigid motions in patient coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

if TYPE_CHECKING:
    import numpy.typing as npt

    Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rigid:
    """A rigid motion: a point goes to `rotation @ point + shift_mm`.

    Attributes:
        rotation: Rotation matrix, shape (3, 3).
        shift_mm: Where the origin goes to, LPS, shape (3,).
    """

    rotation: npt.NDArray[np.float64]
    shift_mm: npt.NDArray[np.float64]

    def apply(self, points_mm: Points) -> Points:
        """Moves points of shape (..., 3)."""
        moved: Points = points_mm @ self.rotation.T + self.shift_mm
        return moved

    def inverse(self) -> Rigid:
        """The way back."""
        return Rigid(self.rotation.T, -self.rotation.T @ self.shift_mm)

    def matrix(self) -> npt.NDArray[np.float64]:
        """The motion as a homogeneous matrix, shape (4, 4)."""
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = self.rotation, self.shift_mm
        return matrix


def about(centre_mm: Points, turn_deg: Points, shift_mm: Points) -> Rigid:
    """A turn about a point, and a shift.

    Args:
        centre_mm: The point, shape (3,).
        turn_deg: Axis of the turn times its angle in degrees, shape (3,).
        shift_mm: Where the point goes to from where it is, shape (3,).
    """
    rotation: npt.NDArray[np.float64] = Rotation.from_rotvec(turn_deg, degrees=True).as_matrix()
    return Rigid(rotation, centre_mm + shift_mm - rotation @ centre_mm)


def fit_rigid(before_mm: Points, after_mm: Points) -> Rigid:
    """The rigid motion that takes points nearest to others, in the least-squares sense.

    Kabsch, Acta Crystallographica A 1976;32(5):922-923.

    Args:
        before_mm: Points, shape (n, 3), at least three that are not on a line.
        after_mm: Where each of them went, shape (n, 3).
    """
    first, second = before_mm.mean(axis=0), after_mm.mean(axis=0)
    turned, _ = Rotation.align_vectors(after_mm - second, before_mm - first)
    rotation: npt.NDArray[np.float64] = turned.as_matrix()
    return Rigid(rotation, second - rotation @ first)
